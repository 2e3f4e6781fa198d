package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/script/shelltext"
	"github.com/codexlock/codexlock/internal/shellcheck"
	"github.com/codexlock/codexlock/internal/trees"
)

// scripts remembers what was found out about scripts, by their digests: many are
// the same, and ShellCheck is asked about all of them at once.
type scripts struct {
	parsed  sync.Map // artifact.Digest: script.Facts
	once    sync.Once
	checker shellcheck.Checker
	checked map[artifact.Digest]facts.ShellCheck
	err     error
}

// parse looks into a script, once for each content.
func (s *scripts) parse(d artifact.Digest, text []byte) facts.Script {
	if known, ok := s.parsed.Load(d); ok {
		return known.(facts.Script)
	}
	f := script.Parse(text)
	s.parsed.Store(d, f)
	return f
}

// judgeScript is what holds of one script, ShellCheck's word included.
func (c *Collector) judgeScript(ctx context.Context, text []byte) (*facts.Script, error) {
	d := artifact.HashBytes(text)
	f := c.scripts.parse(d, text)
	if f.State != "parsed" {
		return &f, nil
	}
	c.scripts.once.Do(func() { c.scripts.checked, c.scripts.err = c.checkScripts(ctx) })
	if c.scripts.err != nil {
		return nil, c.scripts.err
	}
	checked, ok := c.scripts.checked[d]
	if !ok { // one that its name and mode do not give away
		alone, err := c.scripts.checker.Check(ctx, []shellcheck.Source{shellcheck.Text(text)})
		if err != nil {
			return nil, err
		}
		checked = alone[d]
	}
	f.ShellCheck = checked
	return &f, nil
}

// checkScripts asks ShellCheck about every script under judgement that codexlock
// did not write.
func (c *Collector) checkScripts(ctx context.Context) (map[artifact.Digest]facts.ShellCheck, error) {
	known := map[artifact.Digest]bool{}
	var sources []shellcheck.Source
	add := func(text []byte, entry trees.Entry) {
		source := shellcheck.Text(text)
		if known[source.Digest] || c.scripts.parse(source.Digest, text).State != "parsed" {
			return
		}
		known[source.Digest] = true
		source.Read = func() ([]byte, error) { return c.rereadScript(ctx, entry, source.Digest) }
		sources = append(sources, source)
	}
	for _, name := range c.Artifacts {
		p, err := artifact.ParsePath(name)
		if err != nil {
			continue // it is misnamed, and nothing of it is looked at
		}
		entry, there, err := c.o.Head.Lookup(ctx, p)
		if err != nil {
			return nil, err
		}
		if there && entry.Kind == trees.File && (entry.Mode == "100755" || script.Is(name, nil)) {
			text, _, err := c.readScript(ctx, entry)
			if err != nil {
				return nil, err
			}
			if text != nil && script.Is(name, text) {
				add(text, entry)
			}
		}
		test, err := c.companion(ctx, p, artifact.Test, 0, nil)
		if err != nil {
			return nil, err
		}
		if test.State != "valid" {
			continue
		}
		text, _, err := c.readScript(ctx, test.Entry)
		if err != nil {
			return nil, err
		}
		if text == nil {
			continue
		}
		_, ours, err := formOf(p, artifact.Path(test.Path), text, func(kind artifact.Companion) (document.File, error) {
			return c.companion(ctx, p, kind, 0, nil)
		})
		if err != nil {
			return nil, err
		}
		if !ours {
			add(text, test.Entry)
		}
	}
	return c.scripts.checker.Check(ctx, sources)
}

// rereadScript reads a script that was parsed, for ShellCheck. All of them at once
// can be more than fits into memory.
func (c *Collector) rereadScript(ctx context.Context, entry trees.Entry, want artifact.Digest) ([]byte, error) {
	text, err := c.o.Head.Read(ctx, entry, shelltext.MaxBytes)
	if err != nil {
		return nil, err
	}
	if artifact.HashBytes(text) != want {
		return nil, fmt.Errorf("%s changed while it was read", entry.Path)
	}
	return text, nil
}

// readScript reads a script; tooLarge says that it is longer than any that is
// looked into.
func (c *Collector) readScript(ctx context.Context, entry trees.Entry) (text []byte, tooLarge bool, err error) {
	text, err = c.o.Head.Read(ctx, entry, shelltext.MaxBytes)
	var large *git.TooLargeError
	if errors.As(err, &large) {
		return nil, true, nil
	}
	return text, false, err
}

// tooLarge are the facts of a script that is not read.
func tooLarge() *facts.Script {
	f := script.Parse(nil)
	f.State, f.POSIX = "unread", "absent"
	f.Problem = &facts.ScriptProblem{Message: fmt.Sprintf("has more than %d bytes, the most that is read of a script", shelltext.MaxBytes), Line: 1, Column: 1}
	return &f
}

// A scriptText keeps the text of a script while its file is hashed, and nothing of
// any other file.
type scriptText struct {
	name string
	text []byte // at most one byte more than is read of a script
	is   bool
	not  bool // as its first bytes show
}

func (s *scriptText) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 && !s.not && len(s.text) <= shelltext.MaxBytes {
		room := shelltext.MaxBytes + 1 - len(s.text)
		if !s.is {
			room = trees.HeadBytes - len(s.text)
		}
		n := min(room, len(p))
		s.text, p = append(s.text, p[:n]...), p[n:]
		if !s.is && len(s.text) == trees.HeadBytes {
			s.is = script.Is(s.name, s.text)
			s.not = !s.is
		}
	}
	return written, nil
}

// measureOwnScript looks into an artifact that is a shell script. head is how its
// bytes begin, and text what was kept of them while they were hashed.
func (c *Collector) measureOwnScript(ctx context.Context, s *subject, head []byte, text *scriptText) (err error) {
	a := s.in.Artifact
	a.Script = "no"
	if a.Proof != "content" || !script.Is(s.path.String(), head) {
		return nil
	}
	a.Script = "yes"
	if len(text.text) > shelltext.MaxBytes {
		s.in.Script = tooLarge()
		return nil
	}
	s.in.Script, err = c.judgeScript(ctx, text.text)
	return err
}

// measureTest finds the test and looks into it.
func (c *Collector) measureTest(ctx context.Context, s *subject) error {
	file, err := c.companion(ctx, s.path, artifact.Test, shelltext.MaxBytes, s.buffers.of(artifact.Test))
	if file.Large && file.State == "invalid" { // which is no reason to take it for another kind of file
		file.State, file.Problems = "valid", []facts.Problem{}
	}
	text := file.Data
	file.Data = nil
	t := &facts.Test{Document: file.Document, Mode: file.Entry.Mode, Run: "not_asked"}
	s.in.Test, s.testFile = t, file
	if err != nil || file.State != "valid" {
		return err
	}
	if file.Large {
		t.Script = tooLarge()
		nothing := content.NoFindings()
		nothing.State, nothing.Problem = "unread", t.Script.Problem.Message
		t.Content = &nothing
		return c.hashTest(ctx, s)
	}
	s.testDigest = artifact.HashBytes(text)
	form, ours, err := formOf(s.path, artifact.Path(file.Path), text, func(kind artifact.Companion) (document.File, error) {
		if kind == artifact.Manifest {
			return s.manifestFile, nil
		}
		return s.recordFile, nil
	})
	s.test = ownTest{path: artifact.Path(file.Path), text: text, ours: ours}
	switch {
	case err != nil:
		return err
	case ours:
		f, nothing := artifacttest.Ours(form), content.NoFindings()
		t.Script, t.Content = &f, &nothing
		t.Verifier, err = c.verifier(ctx, form == artifacttest.Short)
		return err
	}
	found, err := content.Search(file.Path, text, c.suspects)
	if err != nil {
		return err
	}
	t.Content = &found
	if t.Script, err = c.judgeScript(ctx, text); err != nil {
		return err
	}
	t.Verifier, err = c.verifier(ctx, t.Script.State == "parsed" && artifacttest.Delegates(text, artifact.Path(file.Path), s.path))
	return err
}

// hashTest takes the digest of a test that is too large to be looked into.
func (c *Collector) hashTest(ctx context.Context, s *subject) (err error) {
	var large *git.TooLargeError
	s.testDigest, _, _, err = c.o.Head.Hash(ctx, s.testFile.Entry, nil)
	if errors.As(err, &large) {
		return nil
	}
	return err
}

// formOf reports whether a test is, byte for byte, what attest writes for the artifact
// or an earlier release wrote, and in which form.
// where says where its other companions are; it is asked only where it matters.
func formOf(p, at artifact.Path, text []byte, where func(artifact.Companion) (document.File, error)) (form artifacttest.Form, ours bool, err error) {
	if !artifacttest.IsOurs(text) {
		return 0, false, nil
	}
	manifest, err := where(artifact.Manifest)
	if err != nil {
		return 0, false, err
	}
	record, err := where(artifact.VaultTime)
	if err != nil {
		return 0, false, err
	}
	form, ours = artifacttest.Test{At: at, Artifact: p, Manifest: artifact.Path(manifest.Path), Record: artifact.Path(record.Path)}.Wrote(text)
	return form, ours, nil
}
