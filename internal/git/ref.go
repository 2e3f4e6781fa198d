package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Ref returns the object that a ref names, by its full name. ok is false where there is
// no such ref. Whether the object is a commit, and is here, is found when it is read.
func (r *Repository) Ref(ctx context.Context, name string) (c Commit, ok bool, err error) {
	if id, answered := r.objects.refObject(ctx, name); answered {
		if id != "" {
			return Commit(id), true, nil
		}
		if _, err := os.Lstat(filepath.Join(r.CommonDir(), filepath.FromSlash(name))); err != nil {
			return "", false, nil
		}
	} // else there may be a ref to what is not here: git says which
	out, err := r.git.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
	if IsNone(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read %s: %w", name, err)
	}
	id := strings.TrimSuffix(string(out), "\n")
	if !r.format.valid(id) {
		return "", false, fmt.Errorf("read %s: git answers %q", name, id)
	}
	return Commit(id), true, nil
}

// A Written is a file of a tree that SetRef writes: its bytes, or the id of a blob that
// the repository has.
type Written struct {
	Path string
	OID  string // "": Data is written
	Data []byte
}

// A RefMovedError is a ref that names something else than it did: somebody else wrote it.
type RefMovedError struct {
	Ref    string
	Stderr string // what git said
}

func (e *RefMovedError) Error() string {
	return fmt.Sprintf("%s was changed by somebody else: %s", e.Ref, e.Stderr)
}

// Hint is the next step.
func (e *RefMovedError) Hint() string { return "run it again" }

// pending holds a new commit until the ref is moved. It may be left behind by a run that
// was killed, and is overwritten by the next.
const pending = "refs/codexlock/pending"

// SetRef writes a commit without parents that holds the files, and has a ref name it. So
// the ref's history is one commit, however often it is written. All new objects are in one
// pack. old is what the ref names until now, "" for nothing; where it names something
// else, the error is a *RefMovedError.
func (r *Repository) SetRef(ctx context.Context, ref string, old Commit, files []Written, message string, at time.Time) (Commit, error) {
	in, out := io.Pipe()
	defer in.Close()
	go func() {
		w := bufio.NewWriterSize(out, 64<<10)
		err := importCommit(w, files, message, at)
		if err == nil {
			err = w.Flush()
		}
		_ = out.CloseWithError(err)
	}()
	var answer bytes.Buffer
	err := r.git.Converse(ctx, in, func(from io.Reader) error {
		_, err := io.Copy(&answer, io.LimitReader(from, maxAnswer))
		return err
	}, "fast-import", "--quiet", "--done", "--force", "--date-format=raw")
	if err != nil {
		return "", fmt.Errorf("write %s: %w", ref, err)
	}
	commit := Commit(strings.TrimSpace(answer.String()))
	if !r.format.valid(string(commit)) {
		return "", fmt.Errorf("write %s: git answers %q", ref, commit)
	}
	if err := r.MoveRef(ctx, ref, old, commit); err != nil {
		return "", err
	}
	_, _ = r.git.output(ctx, "update-ref", "--no-deref", "-d", pending) // another run may have done so
	return commit, nil
}

// CommittedAt is when a commit says that it was made.
func (r *Repository) CommittedAt(ctx context.Context, c Commit) (time.Time, error) {
	data, err := r.objects.Read(ctx, Request{OID: string(c), Kind: "commit", Limit: maxCommit})
	if err != nil {
		return time.Time{}, fmt.Errorf("read commit %s: %w", c, err)
	}
	for line := range strings.Lines(string(data)) {
		if line == "\n" {
			break // the message begins
		}
		if _, ok := strings.CutPrefix(line, "committer "); !ok {
			continue
		}
		// "committer Name <address> 1767225600 +0000": seconds, then the zone.
		_, when, _ := strings.Cut(line, "> ")
		seconds, _, _ := strings.Cut(when, " ")
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			return time.Unix(n, 0).UTC(), nil
		}
		break
	}
	return time.Time{}, fmt.Errorf("read commit %s: %w", c, &CorruptObjectError{OID: string(c), Reason: "does not say when it was made"})
}

// MoveRef has a ref name a commit that is here. old is as SetRef has it.
func (r *Repository) MoveRef(ctx context.Context, ref string, old, c Commit) error {
	expected := string(old)
	if old == "" {
		expected = strings.Repeat("0", 2*r.format.size)
	}
	_, err := r.git.output(ctx, "update-ref", "--no-deref", ref, string(c), expected)
	if failed := (*GitError)(nil); errors.As(err, &failed) && ctx.Err() == nil {
		return &RefMovedError{Ref: ref, Stderr: failed.Stderr}
	}
	return err
}

// importCommit writes what git fast-import makes a commit of, whose id it prints.
func importCommit(w *bufio.Writer, files []Written, message string, at time.Time) error {
	fmt.Fprintf(w, "commit %s\nmark :1\ncommitter Codexlock <codexlock@localhost> %d +0000\ndata %d\n%s\ndeleteall\n", pending, at.Unix(), len(message), message)
	for _, f := range files {
		if f.OID != "" {
			fmt.Fprintf(w, "M 100644 %s %s\n", f.OID, quoted(f.Path))
			continue
		}
		fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n", quoted(f.Path), len(f.Data))
		_, _ = w.Write(f.Data)
		_ = w.WriteByte('\n')
	}
	_, err := w.WriteString("\nget-mark :1\ndone\n")
	return err
}

// quoted writes a path as git fast-import reads any path.
func quoted(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}
