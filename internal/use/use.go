// Package use verifies an artifact at the moment of its use: it opens the file once, holds
// its bytes where nobody can change them, and checks exactly these bytes by a short fixed
// list of checks, in the order of ZT-7.1: SHA-256, VaultTime, Codex-Lock. Each check has the
// code of the rule that it stands for. It is the only Go code that decides what is allowed;
// a differential test holds it to the rules: what a rule of integrity denies, this package
// denies. It knows no exceptions and no baseline, evaluates no policy and uses no network.
package use

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Options say what is verified, and by whose word.
type Options struct {
	Root    string // the repository's top folder; "" is that of the trust file, or the Git top level
	Dir     string // the working directory, absolute
	Near    string // a path below the root, from which the Git top level is looked for
	Trust   string // the trust file; "" is DefaultTrustFile if it exists
	Base    string // or a commit, by its full id, whose configuration is trusted
	Records string // a folder with fresher records; "" for none
	State   string // the file that remembers the newest times; "" for none
	Now     time.Time
	Getenv  func(name string) (string, bool)
	Log     []Log
	Sibling Sibling
}

// A Sibling asks the program codexlock, which knows Git and signs logs, for something that
// few uses need: see its command at-use. It gets stdin, and its standard output is returned.
type Sibling func(ctx context.Context, stdin []byte, args ...string) ([]byte, error)

// A Denial is an artifact that must not be used.
type Denial struct {
	Path    string
	Rule    string // the code of the rule
	Message string
	Next    string // the next step, or ""
}

func (d *Denial) Error() string { return fmt.Sprintf("%s: %s [%s]", d.Path, d.Message, d.Rule) }

// Hint is the next step.
func (d *Denial) Hint() string { return d.Next }

// A NotFoundError is a path, a command or an interpreter that does not exist.
type NotFoundError struct{ Path, Message, Next string }

func (e *NotFoundError) Error() string { return e.Path + ": " + e.Message }

// Hint is the next step.
func (e *NotFoundError) Hint() string { return e.Next }

// A HintedError is a use that cannot be verified, with the next step.
type HintedError struct {
	Err  error
	Next string
}

func (e *HintedError) Error() string { return e.Err.Error() }
func (e *HintedError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *HintedError) Hint() string { return e.Next }

// hinted returns an error with a next step.
func hinted(next, format string, args ...any) error {
	return &HintedError{fmt.Errorf(format, args...), next}
}

// A Verifier verifies the artifacts of one repository. It is for one goroutine.
type Verifier struct {
	o      Options
	root   *root
	trust  trust
	ledger *ledger.File // read when it is first needed
	unread *Denial      // why the ledger cannot be used
	noRef  error        // why the ref with renewed records could not be read
	state  *state
}

// Open opens the repository and reads whom it trusts. Its errors are neither a Denial nor a
// NotFoundError: nothing was verified.
func Open(ctx context.Context, o Options) (*Verifier, error) {
	v := &Verifier{o: o}
	if err := v.open(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

func (v *Verifier) open(ctx context.Context) (err error) {
	name := v.o.Trust
	if name == "" && v.o.Base == "" {
		if _, err := os.Lstat(DefaultTrustFile); err == nil {
			name = DefaultTrustFile
		}
	}
	if name != "" {
		if v.trust, err = readTrustFile(absolute(v.o.Dir, name), v.o.Getenv); err != nil {
			return err
		}
	}
	top := v.o.Root
	if top == "" {
		top = v.trust.config.Root
	}
	if top == "" {
		if top, err = gitTop(absolute(v.o.Dir, v.o.Near)); err != nil {
			var inDir error
			if top, inDir = gitTop(absolute(v.o.Dir, "x")); inDir != nil {
				return err
			}
		}
	}
	if v.root, err = openRoot(absolute(v.o.Dir, top)); err != nil {
		return err
	}
	if name != "" {
		if err := v.outside("the trust file", absolute(v.o.Dir, name)); err != nil {
			return err
		}
	} else if v.trust, err = commitTrust(ctx, v.o.Sibling, v.root.name, v.o.Base, v.o.Getenv); err != nil {
		return err
	}
	if v.o.State == "" {
		return nil
	}
	if err := v.outside("the state file", absolute(v.o.Dir, v.o.State)); err != nil {
		return err
	}
	v.state, err = openState(absolute(v.o.Dir, v.o.State))
	return err
}

// outside refuses a file that is below the root: a change could have put it there.
func (v *Verifier) outside(what, name string) error {
	real, err := filepath.EvalSymlinks(name)
	if errors.Is(err, os.ErrNotExist) { // it is about to be made
		real, err = filepath.EvalSymlinks(filepath.Dir(name))
	}
	if err != nil {
		return err
	}
	for dir := real; ; dir = filepath.Dir(dir) {
		if v.root.is(dir) {
			return hinted("keep it outside the repository, such as in /etc/codexlock", "%s: %s is inside the repository %s, where a change can write it", name, what, v.root.name)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func absolute(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// Close lets go of the repository.
func (v *Verifier) Close() {
	if v.root != nil {
		v.root.close()
	}
}

// Root returns the real name of the repository's top folder.
func (v *Verifier) Root() string { return v.root.name }

// Path returns the path of an artifact that a user names. Its errors are Denials.
func (v *Verifier) Path(name string) (artifact.Path, error) {
	rel, ok := v.root.relative(absolute(v.o.Dir, name))
	if !ok {
		return "", &Denial{Path: name, Rule: "lock.unsafe_path", Message: "is not below the repository " + v.root.name, Next: "name a file of the repository, or its top folder with --root"}
	}
	p, err := artifact.ParsePath(rel)
	if err != nil {
		return "", &Denial{Path: name, Rule: "lock.unsafe_path", Message: err.Error(), Next: "rename the file, then attest it: codexlock attest PATH"}
	}
	return p, nil
}

// Verify opens an artifact, holds its bytes by hold, and checks them. kind is what follows
// from it, for the log: each verdict is on the disk before it is returned. Its error is a
// Denial, a NotFoundError, or an error after which nothing is known.
func (v *Verifier) Verify(ctx context.Context, p artifact.Path, kind Kind, hold Hold) (*Held, error) {
	h, err := v.verify(ctx, p, hold)
	var denied *Denial
	switch {
	case err == nil:
		if err = v.record(ctx, h, kind, nil); err == nil && v.state != nil {
			err = v.state.remember(p, h.Record)
		}
	case errors.As(err, &denied):
		err = errors.Join(err, v.record(ctx, h, kind, denied))
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// verify returns what it knows of the artifact also where it is denied.
func (v *Verifier) verify(ctx context.Context, p artifact.Path, hold Hold) (*Held, error) {
	h := &Held{Path: p}
	f, info, err := v.root.openFile(p)
	if err != nil {
		return h, err
	}
	defer f.Close()
	h.Mode = info.Mode().Perm()
	if h.content, err = hold(f, info.Size()); err != nil {
		return h, err
	}
	if h.SHA256, h.Size, err = h.content.hash(); err != nil {
		return h, fmt.Errorf("%s: hash: %w", p, err)
	}
	return h, v.judge(ctx, h)
}

// A Held is a verified artifact. Its bytes are the ones that were verified, whatever happens
// to the file.
type Held struct {
	Path   artifact.Path
	SHA256 artifact.Digest
	Size   int64
	Mode   os.FileMode // the permissions of the file
	Record vaulttime.Record

	content      content
	companions   []companion // as they were read and checked: record, manifest, test
	recordInTree []byte      // also where a renewed record counts instead
	retiring     string      // the key of the record, where it is retiring
	compared     *comparison // with the commit that is trusted; nil until it is asked for
}

// Close lets go of the bytes.
func (h *Held) Close() {
	if h.content != nil {
		_ = h.content.Close()
	}
}

// Contains reports whether a folder is the repository's top folder or below it.
func (v *Verifier) Contains(name string) bool {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		real = filepath.Clean(name)
	}
	return v.root.is(real) || v.Relative(real) != "" || v.Relative(filepath.Clean(name)) != ""
}

// Relative returns the path of an absolute clean name below the root, links aside, or "".
func (v *Verifier) Relative(name string) string {
	rel, _ := v.root.relative(name)
	return rel
}

// Below returns the path of an artifact, given as one below the root.
func (v *Verifier) Below(rel string) (artifact.Path, error) {
	return v.Path(filepath.Join(v.root.name, filepath.FromSlash(rel)))
}
