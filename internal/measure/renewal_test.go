package measure_test

import (
	"os"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// TestRenewal: a record in the ref counts only where it says of the tree's record nothing
// but that it was renewed, and is proved by a key that may sign now.
func TestRenewal(t *testing.T) {
	old := other(t)
	for name, c := range map[string]struct {
		edit func(r *vaulttime.Record)      // before it is signed
		key  func(f *fixture) vaulttime.Key // nil: the domain's
		then func(r *vaulttime.Record)      // after it was signed
		tree func(f *fixture)
		want facts.RenewalState
	}{
		"as it is":       {want: facts.RenewalCounts},
		"other content":  {edit: func(r *vaulttime.Record) { r.SHA256 = artifact.HashBytes([]byte("x")) }, want: facts.RenewalDiffers},
		"another domain": {edit: func(r *vaulttime.Record) { r.TrustDomain = "release" }, want: facts.RenewalDiffers},
		"another path": {edit: func(r *vaulttime.Record) {
			p := artifact.Path("assets/sources/other.bin")
			r.Path = &p
		}, want: facts.RenewalForeign},
		"another manifest": {edit: func(r *vaulttime.Record) {
			d := artifact.HashBytes([]byte("x"))
			r.ManifestSHA256 = &d
		}, want: facts.RenewalDiffers},
		"no manifest": {edit: func(r *vaulttime.Record) { r.ManifestSHA256 = nil }, want: facts.RenewalDiffers},
		"another test": {edit: func(r *vaulttime.Record) {
			d := artifact.HashBytes([]byte("x"))
			r.TestSHA256 = &d
		}, want: facts.RenewalDiffers},
		"attested later": {edit: func(r *vaulttime.Record) { r.AttestedAt = &r.Timestamp }, want: facts.RenewalDiffers},
		"attested never": {edit: func(r *vaulttime.Record) { r.AttestedAt = nil }, want: facts.RenewalDiffers},
		"another chain": {edit: func(r *vaulttime.Record) {
			link, ok := vaulttime.Record.Link(*r)
			if !ok {
				t.Fatal("no link")
			}
			link.TrustDomain = "ingest"
			r.Chain = []vaulttime.Link{link}
		}, want: facts.RenewalDiffers},
		"at the same time": {edit: func(r *vaulttime.Record) { r.Timestamp = vaulttime.TimeOf(now) }, want: facts.RenewalOlder},
		"earlier":          {edit: func(r *vaulttime.Record) { r.Timestamp = vaulttime.TimeOf(now.Add(-time.Hour)) }, want: facts.RenewalOlder},
		"dated again":      {then: func(r *vaulttime.Record) { r.Timestamp = vaulttime.TimeOf(r.Timestamp.Add(time.Hour)) }, want: facts.RenewalUnproved},
		"lives longer":     {then: func(r *vaulttime.Record) { r.TTLHours = 20000 }, want: facts.RenewalUnproved},
		"another key":      {key: func(*fixture) vaulttime.Key { return old }, want: facts.RenewalUnproved},
		"a retiring key": {key: func(f *fixture) vaulttime.Key {
			f.keys.List("default", old.ID(), old.PublicKey(), vaulttime.EpochRetiring)
			f.keys.List("default", f.key.ID(), f.key.PublicKey(), vaulttime.EpochCurrent)
			return old
		}, want: facts.RenewalRetiring},
		"a revoked key": {key: func(f *fixture) vaulttime.Key {
			f.keys.List("default", f.key.ID(), f.key.PublicKey(), vaulttime.EpochRevoked)
			return f.key
		}, want: facts.RenewalRetired},
		"a key that is not listed": {key: func(f *fixture) vaulttime.Key {
			f.keys.List("default", old.ID(), old.PublicKey(), vaulttime.EpochCurrent)
			return f.key
		}, want: facts.RenewalRetired},
		"the tree's is of a revoked key": {tree: func(f *fixture) {
			text, err := os.ReadFile(f.file(model + ".vaulttime.json"))
			f.must(err)
			r, _, err := vaulttime.DecodeRecord(text)
			f.must(err)
			f.must(old.Sign(&r))
			f.put(model+".vaulttime.json", string(r.Encode()))
			f.keys.List("default", old.ID(), old.PublicKey(), vaulttime.EpochRevoked)
			f.keys.List("default", f.key.ID(), f.key.PublicKey(), vaulttime.EpochCurrent)
		}, want: facts.RenewalDiffers},
		"the tree's is of a retiring key": {tree: func(f *fixture) {
			text, err := os.ReadFile(f.file(model + ".vaulttime.json"))
			f.must(err)
			r, _, err := vaulttime.DecodeRecord(text)
			f.must(err)
			f.must(old.Sign(&r))
			f.put(model+".vaulttime.json", string(r.Encode()))
			f.keys.List("default", old.ID(), old.PublicKey(), vaulttime.EpochRetiring)
			f.keys.List("default", f.key.ID(), f.key.PublicKey(), vaulttime.EpochCurrent)
		}, want: facts.RenewalCounts},
		"the tree has none":         {tree: func(f *fixture) { f.remove(model + ".vaulttime.json") }, want: facts.RenewalDiffers},
		"the tree's MAC was edited": {tree: func(f *fixture) { f.editRecord(func(r *vaulttime.Record) { r.VaultTime[0] ^= 1 }) }, want: facts.RenewalDiffers},
		"the tree's time was edited": {tree: func(f *fixture) {
			f.editRecord(func(r *vaulttime.Record) { r.Timestamp = vaulttime.TimeOf(r.Timestamp.Add(-time.Minute)) })
		}, want: facts.RenewalDiffers},
		"the tree's TTL was edited":    {tree: func(f *fixture) { f.editRecord(func(r *vaulttime.Record) { r.TTLHours++ }) }, want: facts.RenewalDiffers},
		"the tree's key was edited":    {tree: func(f *fixture) { f.editRecord(func(r *vaulttime.Record) { r.KeyID = old.ID() }) }, want: facts.RenewalDiffers},
		"the tree's proof was removed": {tree: func(f *fixture) { f.editRecord(func(r *vaulttime.Record) { r.Proof = "" }) }, want: facts.RenewalDiffers},
		"the tree's is no record":      {tree: func(f *fixture) { f.put(model+".vaulttime.json", "{}") }, want: facts.RenewalDiffers},
		"the manifest was edited":      {tree: func(f *fixture) { f.edit(model+".manifest.json", `"creator": "c"`, `"creator": "x"`) }, want: facts.RenewalDiffers},
		"the content was edited":       {tree: func(f *fixture) { f.put(model, "x") }, want: facts.RenewalCounts}, // of which the rules find what they find without it
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			text, err := os.ReadFile(f.file(model + ".vaulttime.json"))
			f.must(err)
			inTree, _, err := vaulttime.DecodeRecord(text)
			f.must(err)
			r, approved := inTree, inTree.ApprovedAt()
			r.Timestamp, r.AttestedAt = vaulttime.TimeOf(now.Add(time.Hour)), &approved
			for kind, into := range map[artifact.Companion]**artifact.Digest{artifact.Manifest: &r.ManifestSHA256, artifact.Test: &r.TestSHA256} {
				text, err := os.ReadFile(f.file(model + kind.Suffix()))
				f.must(err)
				d := artifact.HashBytes(text)
				*into = &d
			}
			key := f.key
			if c.key != nil {
				key = c.key(f)
			}
			if c.edit != nil {
				c.edit(&r)
			}
			f.must(key.Sign(&r))
			if c.then != nil {
				c.then(&r)
			}
			if c.tree != nil {
				c.tree(f)
			}
			_, err = f.repo.SetRef(t.Context(), renewals.Ref, "", []git.Written{{Path: model + ".vaulttime.json", Data: r.Encode()}}, "m", now)
			f.must(err)
			f.now = now.Add(2 * time.Hour)
			m := f.renewed()
			n := m.Input.Renewal
			if n == nil || n.State != c.want {
				t.Fatalf("renewal %+v, want %s", n, c.want)
			}
			counts := c.want == facts.RenewalCounts
			if counts != (m.Instead != nil) || counts != (m.Input.VaultTime.AttestedAt != "") {
				t.Errorf("measured by the record of %s, Instead is there: %v", m.Input.VaultTime.Timestamp, m.Instead != nil)
			}
			if !counts {
				return
			}
			if m.Input.Checks.Proof != "valid" || m.Input.VaultTime.AttestedAt != approved.String() {
				t.Errorf("checks %+v of %+v", m.Input.Checks, m.Input.VaultTime)
			}
			instead, err := m.Instead()
			f.must(err)
			f.must(schemas.ValidateAny(kinds.Facts, instead.Input))
			if in := instead.Input; in.Renewal.State != facts.RenewalRefused || in.VaultTime.Timestamp != inTree.Timestamp.String() || in.Checks.ManifestSigned != "absent" || instead.Instead != nil {
				t.Errorf("instead: %+v %+v %+v", in.Renewal, in.VaultTime, in.Checks)
			}
			if m.Input.VaultTime.Timestamp != r.Timestamp.String() || m.Input.Renewal.State != facts.RenewalCounts {
				t.Error("measuring by the tree's record changed what was measured by the other")
			}
		})
	}
}

// editRecord edits the record of the model in the tree, and leaves its signatures.
func (f *fixture) editRecord(edit func(*vaulttime.Record)) {
	f.t.Helper()
	text, err := os.ReadFile(f.file(model + ".vaulttime.json"))
	f.must(err)
	r, _, err := vaulttime.DecodeRecord(text)
	f.must(err)
	edit(&r)
	f.put(model+".vaulttime.json", string(r.Encode()))
}

// renewed measures the model with the records in the ref.
func (f *fixture) renewed() facts.Measurement {
	f.t.Helper()
	ctx := f.t.Context()
	store, err := renewals.Open(ctx, f.repo, false)
	f.must(err)
	head, err := f.repo.WorkTree(ctx)
	f.must(err)
	base, err := f.repo.Tree(ctx, f.base)
	f.must(err)
	c, err := measure.Collect(ctx, measure.Options{
		Options: changeset.Options{
			Repository: f.repo, Base: base, Head: head, Scope: facts.All, Config: f.conf,
		},
		BaseCommit: f.base.String(), Keys: f.keys, Now: f.now, Renewals: store,
	})
	f.must(err)
	m, err := c.Artifact(ctx, 0)
	f.must(err)
	f.must(schemas.ValidateAny(kinds.Facts, m.Input))
	return m
}
