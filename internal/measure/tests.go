package measure

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/sandbox"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Tests are what is needed to execute tests: given only where the base commit's
// configuration asks for it.
type Tests struct {
	Run    func(context.Context, sandbox.Job) (sandbox.Result, error)
	Random io.Reader        // of which the key of each run is made
	Wall   time.Duration    // the longest that a run may take; 0: the sandbox's own limit
	Clock  func() time.Time // what the clock says that tests see

	once sync.Mutex // Random need not be safe for several goroutines
}

// An ownTest is the test of an artifact as it was read.
type ownTest struct {
	path artifact.Path
	text []byte
	ours bool // byte for byte what attest writes for the artifact
}

// hasSecondPhase reports whether something about an artifact depends on whether it,
// or its test, is attested.
func (c *Collector) hasSecondPhase(s *subject) bool {
	return c.o.Tests != nil && s.in.Test != nil || c.mayBeOwn(s)
}

// mayBeOwn reports whether an artifact has another test than the one that its record
// signs, and the ledger lists that test as an artifact.
func (c *Collector) mayBeOwn(s *subject) bool {
	return s.in.Checks.TestSigned == "differs" && s.test.text != nil && c.Ledger.Has(s.test.path)
}

// secondPhase measures what depends on the rules: whether the test is an attested
// artifact itself (ZT-9.3), and what comes of executing it. It runs once.
func (c *Collector) secondPhase(s *subject) facts.SecondPhase {
	return func(ctx context.Context, attested bool, judge facts.Judge) (facts.Input, error) {
		own := sync.OnceValues(func() (bool, error) { return c.testIsAttested(ctx, s.test, judge) })
		if c.mayBeOwn(s) {
			is, err := own()
			if err != nil {
				return facts.Input{}, fmt.Errorf("%s: verify its test: %w", s.path, err)
			}
			if is {
				checks := *s.in.Checks
				checks.TestSigned = "own"
				s.in.Checks = &checks
			}
		}
		if c.o.Tests != nil && s.in.Test != nil {
			test := *s.in.Test
			s.in.Test = &test
			if err := c.runTest(ctx, s, attested, own, judge); err != nil {
				return facts.Input{}, fmt.Errorf("%s: run its test: %w", s.path, err)
			}
		}
		return s.in, nil
	}
}

// runTest executes the artifact's test where the artifact is attested, and the test's
// own bytes are: attest wrote them, or they are an attested artifact.
func (c *Collector) runTest(ctx context.Context, s *subject, attested bool, own func() (bool, error), judge facts.Judge) error {
	t := s.in.Test
	switch {
	case s.test.text == nil || t.Mode != "100755":
		t.Run, t.RunDetail = "unproved", "it is no script that can be run"
		return nil
	case !attested || s.in.Artifact.Kind != "file":
		t.Run, t.RunDetail = "unproved", "what it tests is not proved"
		return nil
	case s.in.Artifact.Proof != "content":
		t.Run, t.RunDetail = "unavailable", "the artifact's content is in Git LFS and not here; lfs: content fetches it first"
		return nil
	}
	if !s.test.ours {
		if is, err := own(); err != nil {
			return err
		} else if !is {
			t.Run, t.RunDetail = "refused", "neither is it what attest writes, nor is it attested itself"
			return nil
		}
	}
	var standard []byte
	if t.Verifier != facts.TestVerifierTest {
		var err error
		if standard, err = c.provedScript(ctx, judge); err != nil {
			return err
		}
		if standard == nil {
			t.Run, t.RunDetail = "refused", "it calls ingest_archive.test.sh, which is neither what init writes nor attested"
			return nil
		}
	}
	job, err := c.job(ctx, s, standard)
	if err != nil {
		return err
	}
	result, err := c.o.Tests.Run(ctx, job)
	t.Run, t.RunDetail = facts.TestRun(result.State), document.Printable(result.Detail)
	return err
}

// testIsAttested reports whether a test is an attested artifact itself, with the bytes
// that were read.
func (c *Collector) testIsAttested(ctx context.Context, t ownTest, judge facts.Judge) (bool, error) {
	if !c.Ledger.Has(t.path) {
		return false, nil
	}
	s := c.newSubject()
	s.path = t.path
	m, err := c.measure(ctx, s)
	if err != nil || s.in.Artifact.Kind != "file" || s.digest != artifact.HashBytes(t.text) {
		return false, err
	}
	attested, err := judge(ctx, &m)
	if err != nil {
		return false, fmt.Errorf("%s: %w", t.path, err)
	}
	return attested, nil
}

// job is what the test finds: the artifact, its companions and the ledger, as they
// are judged, but for the record's HMAC. The domain's key is nobody's to run with,
// so the record carries the HMAC of a key that is made for this one run, which the
// test is given in the domain's variable. The real one was checked before. standard is
// ingest_archive.test.sh, nil where the test does not call it.
func (c *Collector) job(ctx context.Context, s *subject, standard []byte) (sandbox.Job, error) {
	book, err := document.Read(ctx, c.o.Head, ledger.Path, ledger.MaxBytes)
	if err != nil {
		return sandbox.Job{}, err
	}
	secret, record, err := c.signTestRecord(s)
	if err != nil {
		return sandbox.Job{}, err
	}
	domain, _ := c.o.Config.Domain(s.record.TrustDomain)
	files := []sandbox.File{
		{Path: s.path.String(), Executable: s.in.Artifact.Mode == "100755", Fill: func(w io.Writer) error {
			digest, _, _, err := c.o.Head.Hash(ctx, s.file, w)
			if err == nil && digest != s.digest {
				err = fmt.Errorf("%s changed while it was read", s.path)
			}
			return err
		}},
		{Path: s.test.path.String(), Executable: true, Fill: filled(s.test.text)},
		{Path: s.manifestFile.Path, Fill: filled(s.manifestFile.Data)},
		{Path: s.recordFile.Path, Fill: filled(record)},
		{Path: ledger.Path.String(), Fill: filled(book.Data)},
	}
	if standard != nil && s.path != artifacttest.IngestPath {
		files = append(files, sandbox.File{Path: artifacttest.IngestPath.String(), Executable: true, Fill: filled(standard)})
	}
	return sandbox.Job{Files: files, Script: s.test.path.String(), Env: []string{domain.Key.Variable() + "=" + secret}, Wall: c.o.Tests.Wall}, nil
}

func filled(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// maxDrift is how far the run's time may be from the clock before the record that
// a test finds is dated by the difference: the test sees the clock only.
const maxDrift = time.Minute

// signTestRecord makes a key and the record as that key would have signed it.
func (c *Collector) signTestRecord(s *subject) (secret string, record []byte, err error) {
	tests := c.o.Tests
	random := make([]byte, 32)
	tests.once.Lock()
	_, err = io.ReadFull(tests.Random, random)
	tests.once.Unlock()
	if err != nil {
		return "", nil, err
	}
	secret = hex.EncodeToString(random)
	key, err := vaulttime.NewKey([]byte(secret))
	if err != nil {
		return "", nil, err
	}
	shift := tests.Clock().Sub(c.o.Now).Truncate(time.Second)
	if shift.Abs() <= maxDrift {
		shift = 0
	}
	return secret, key.TestRecord(s.recordText(), *s.record, shift), nil
}
