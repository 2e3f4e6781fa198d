package use

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/owned"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A Kind is what an artifact is used for, as the log has it.
type Kind string

// The kinds.
const (
	Run      Kind = "run"
	OpenKind Kind = "open"
	Copy     Kind = "copy"
)

// A Log takes the verdicts. What Add returned without an error is on the disk.
type Log interface {
	Add(ctx context.Context, v *Verifier, r Result) error
}

// A Result is one verdict, for a log.
type Result struct {
	Held   *Held
	Kind   Kind
	Denied *Denial // nil: it may be used
}

// A LogError is a verdict that could not be logged, and so counts for nothing: the standard
// has every verification logged (ZT-8.1).
type LogError struct{ Err error }

func (e *LogError) Error() string { return "add to the log: " + e.Err.Error() }
func (e *LogError) Unwrap() error { return e.Err }

// record adds a verdict to all logs.
func (v *Verifier) record(ctx context.Context, h *Held, kind Kind, denied *Denial) error {
	var errs []error
	for _, l := range v.o.Log {
		if err := l.Add(ctx, v, Result{h, kind, denied}); err != nil {
			errs = append(errs, &LogError{fmt.Errorf("%s: %w", h.Path, err)})
		}
	}
	return errors.Join(errs...)
}

// A LogFile is a log of its own: one JSON object a line, in the form of
// MANIFEST.integrity.json, without its chain and checkpoint.
type LogFile struct{ Name, By string }

// Add adds a line.
func (l LogFile) Add(_ context.Context, v *Verifier, r Result) (err error) {
	line, err := r.line(v, l.By)
	if err != nil {
		return err
	}
	name := absolute(v.o.Dir, l.Name)
	_, missing := os.Lstat(name)
	f, err := owned.OpenLog(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := owned.Lock(f); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return errors.Join(fmt.Errorf("%s: is not a regular file", name), err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return errors.Join(err, f.Truncate(info.Size())) // no half a line
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if errors.Is(missing, fs.ErrNotExist) {
		return owned.SyncFolder(filepath.Dir(name))
	}
	return nil
}

// A RepositoryLog is MANIFEST.integrity.json in the repository, which codexlock signs.
type RepositoryLog struct{ By string }

// Add adds an entry.
func (l RepositoryLog) Add(ctx context.Context, v *Verifier, r Result) error {
	line, err := r.line(v, l.By)
	if err != nil {
		return err
	}
	_, err = v.o.Sibling(ctx, append(append(line, '\n'), v.trust.text...), "log", v.root.name)
	return err
}

// maxBy is the longest name of who verified (schemas/integrity.json), in bytes to be safe.
const maxBy = 1024

// line returns the verdict as a line of a log (schemas/integrity.json), without its end.
func (r Result) line(v *Verifier, by string) ([]byte, error) {
	if by == "" || len(by) > maxBy || !utf8.ValidString(by) {
		return nil, fmt.Errorf("--verified-by has %d bytes, want 1 to %d of UTF-8", len(by), maxBy)
	}
	digest, mac, domain, result := "", "", r.Held.Record.TrustDomain, "PASS"
	if r.Denied != nil {
		result = "FAIL"
	}
	if !r.Held.SHA256.IsZero() {
		digest = r.Held.SHA256.String()
	}
	if domain != "" {
		mac = r.Held.Record.VaultTime.String()
	}
	out := []byte{'{'}
	for _, field := range [...]struct{ name, value string }{
		{"artifact", r.Held.Path.String()}, {"sha256", digest}, {"vaulttime", mac}, {"verified_by", by},
		{"verified_at", vaulttime.FormatTime(v.o.Now)}, {"result", result}, {"trust_domain", domain}, {"use", string(r.Kind)},
	} {
		if field.name == "trust_domain" && field.value == "" {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(ledger.AppendPath(out, field.name), ':'), ledger.AppendPath(nil, field.value)...)
	}
	return append(out, '}'), nil
}
