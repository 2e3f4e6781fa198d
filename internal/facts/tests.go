package facts

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/sandbox"
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

// runTest executes the artifact's test where that was asked for, where something
// vouches for the test's own bytes, and where what it tests is proved: the rules
// about hashes, records and the ledger have nothing to find in either.
func (c *Collector) runTest(ctx context.Context, s *subject) error {
	t := s.in.Test
	if c.o.Tests == nil || t == nil {
		return nil
	}
	t.Run, t.RunDetail = "unproved", "what it tests is not proved"
	switch {
	case s.test.text == nil || t.Mode != "100755":
		t.RunDetail = "it is no script that can be run"
		return nil
	case !c.proved(s):
		return nil
	case s.in.Artifact.Proof != "content":
		t.Run, t.RunDetail = "unavailable", "the artifact's content is in Git LFS and not here; lfs: content fetches it first"
		return nil
	}
	if !s.test.ours {
		vouched, err := c.vouched(ctx, s.test)
		if err != nil {
			return err
		}
		if !vouched {
			t.Run, t.RunDetail = "refused", "neither is it what attest writes, nor is it attested itself"
			return nil
		}
	}
	job, err := c.job(ctx, s)
	if err != nil {
		return err
	}
	result, err := c.o.Tests.Run(ctx, job)
	t.Run, t.RunDetail = string(result.State), printable(result.Detail)
	return err
}

// proved reports whether an artifact is what its ledger entry, manifest and record
// say, and that the record is signed, bound and current. Each of these has a rule
// that denies where it does not hold.
func (c *Collector) proved(s *subject) bool {
	k, d, b := s.in.Checks, s.in.Domain, s.in.Base
	if k == nil || d == nil || s.in.Artifact.Kind != "file" || len(s.in.Ledger.Entries) != 1 {
		return false
	}
	bound := k.Proof == "valid"
	if k.Proof == "absent" && !c.settings.RequireProof {
		bound = b == nil || b.Proof == "absent"
	}
	signed := k.Signature == "valid"
	if k.Signature == "no_key" && c.settings.Keyless == "proof" {
		signed = k.Proof == "valid"
	}
	epoch := k.Epoch == "current" || k.Epoch == "unlisted" || k.Epoch == "absent"
	if k.Epoch == "retiring" {
		epoch = b != nil && b.Content == "same"
	}
	return bound && signed && epoch && k.ManifestSigned != "differs" &&
		k.Ledger == "match" && k.Manifest == "match" && k.VaultTime == "match" && k.Domain == "match" &&
		k.Path != "differs" && k.KeyID != "differs" && k.Time == "current" && k.TTL == "within" && k.Tolerance == "zero" &&
		(k.Rollback == "forward" || k.Rollback == "new") && d.State != "unknown" && d.Paths != "outside" && d.Paths != "claimed" && k.Continuity != "refused" && k.Continuity != "dropped"
}

// measureOwnTest finds a test that is another one than the record signs and an
// attested artifact itself: then its own record vouches for its bytes.
func (c *Collector) measureOwnTest(ctx context.Context, s *subject) error {
	if s.in.Checks.TestSigned != "differs" || s.test.text == nil || !c.ledger.has(s.test.path) {
		return nil
	}
	vouched, err := c.vouched(ctx, s.test)
	if vouched {
		s.in.Checks.TestSigned = "own"
	}
	return err
}

// vouched reports whether a test is an attested artifact itself (ZT-9.3).
func (c *Collector) vouched(ctx context.Context, t ownTest) (bool, error) {
	s := &subject{path: t.path, docs: locator{}}
	s.in = Input{EffectiveTime: c.now, Settings: c.settings}
	for _, step := range []func(context.Context, *subject) error{
		c.measureFile, c.measureLedger, c.measureManifest, c.measureRecord, c.measureBase,
	} {
		if err := step(ctx, s); err != nil {
			return false, fmt.Errorf("%s: %w", t.path, err)
		}
	}
	c.measureDomain(s)
	s.in.Checks = c.check(s)
	return c.proved(s) && s.digest == artifact.HashBytes(t.text), nil
}

// job is what the test finds: the artifact, its companions and the ledger, as they
// are judged, but for the record's HMAC. The domain's key is nobody's to run with,
// so the record carries the HMAC of a key that is made for this one run, which the
// test is given in the domain's variable. The real one was checked before.
func (c *Collector) job(ctx context.Context, s *subject) (sandbox.Job, error) {
	book, err := c.read(ctx, c.o.Head, ledger.Path, ledger.MaxBytes)
	if err != nil {
		return sandbox.Job{}, err
	}
	secret, record, err := c.restamped(s)
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
		{Path: s.manifestFile.Path, Fill: filled(s.manifestFile.data)},
		{Path: s.recordFile.Path, Fill: filled(record)},
		{Path: ledger.Path.String(), Fill: filled(book.data)},
	}
	return sandbox.Job{Files: files, Script: s.test.path.String(), Env: []string{domain.KeyEnv + "=" + secret}, Wall: c.o.Tests.Wall}, nil
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

// restamped makes a key and the record as that key would have signed it.
func (c *Collector) restamped(s *subject) (secret string, record []byte, err error) {
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
	return secret, key.Restamp(s.recordFile.data, *s.record, shift), nil
}
