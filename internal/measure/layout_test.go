package measure_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// repository measures the change as a whole.
func (f *fixture) repository(scope facts.Scope) facts.Repository {
	f.t.Helper()
	m, err := f.collect(scope).Repository(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return *m.Input.Repository
}

// between measures the commit that holds the work tree against the base.
func (f *fixture) between() *measure.Collector {
	f.t.Helper()
	ctx := f.t.Context()
	head, err := f.repo.CommitAll(ctx, "head", f.now)
	if err != nil {
		f.t.Fatal(err)
	}
	var trees [2]trees.Tree
	for i, c := range []git.Commit{f.base, head} {
		if trees[i], err = f.repo.Tree(ctx, c); err != nil {
			f.t.Fatal(err)
		}
	}
	c, err := measure.Collect(ctx, measure.Options{
		Options: changeset.Options{
			Repository: f.repo, Base: trees[0], Head: trees[1], HeadCommit: head.String(), Scope: facts.Changed, Config: f.conf,
		},
		BaseCommit: f.base.String(), Keys: f.keys, Now: f.now,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// attestFrom attests an artifact as made from another file.
func (f *fixture) attestFrom(output string, inputs ...artifact.Path) {
	f.t.Helper()
	_, err := attest.Attest(f.t.Context(), f.repo.Root(), f.repo.GitDir(), []artifact.Path{artifact.Path(output)}, func(artifact.Path) (attest.Options, error) {
		return attest.Options{
			Domain: "default", TTLHours: 24, Key: f.key, Creator: "c", Toolchain: manifest.Tool{Name: "t", Version: "1"}, Inputs: inputs, Now: f.now,
		}, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestStaleDownstream: an artifact whose input differs is under judgement though
// the change does not touch it, whether trees or the work tree are compared.
func TestStaleDownstream(t *testing.T) {
	for _, c := range []struct {
		name   string
		do     func(*fixture)
		state  facts.ReferenceState
		change facts.FileChange
	}{
		{"changed", func(f *fixture) { f.put("raw/labels.csv", "c,d") }, "differs", "modified"},
		{"removed", func(f *fixture) { f.remove("raw/labels.csv") }, "missing", "removed"},
	} {
		f := newFixture(t)
		f.put("raw/labels.csv", "a,b")
		f.attestFrom(model, "raw/labels.csv")
		f.commit()
		if n := len(f.measure(facts.Changed)); n != 0 {
			t.Fatalf("%d artifacts are under judgement before anything changed", n)
		}
		c.do(f)
		check := func(where string, m facts.Measurement) {
			t.Helper()
			if m.Input.Artifact == nil {
				t.Errorf("%s, %s: the artifact is not under judgement", c.name, where)
				return
			}
			inputs := *m.Input.Manifest.Inputs
			if m.Input.Artifact.Change != "unchanged" || inputs[0].State != c.state || inputs[0].Change != c.change || m.Input.Base.Content != "same" {
				t.Errorf("%s, %s: %+v, %+v, %+v", c.name, where, m.Input.Artifact, inputs, m.Input.Base)
			}
		}
		check("work tree", f.measure(facts.Changed)[model])
		collector := f.between()
		if collector.Len() != 1 {
			t.Fatalf("%s: %d artifacts under judgement between commits, want 1", c.name, collector.Len())
		}
		m, err := collector.Artifact(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		check("commits", m)
	}
}

// TestMutation: how content, manifest and record stand to the base's.
func TestMutation(t *testing.T) {
	attestAt := func(at time.Time) func(*fixture) {
		return func(f *fixture) {
			f.put(model, "other weights")
			before := f.now
			f.now = at
			f.attest(model)
			f.now = before
		}
	}
	for name, c := range map[string]struct {
		do   func(*fixture)
		want [3]string // content, manifest, record
	}{
		"bytes alone":          {func(f *fixture) { f.put(model, "other weights") }, [3]string{"differs", "same", "same"}},
		"attested later":       {attestAt(now.Add(time.Minute)), [3]string{"differs", "differs", "later"}},
		"attested earlier":     {func(f *fixture) { f.remove(model + ".vaulttime.json"); attestAt(now.Add(-time.Minute))(f) }, [3]string{"differs", "differs", "earlier"}},
		"attested at the time": {func(f *fixture) { f.remove(model + ".vaulttime.json"); attestAt(now)(f) }, [3]string{"differs", "differs", "same"}},
		"gone":                 {func(f *fixture) { f.remove(model) }, [3]string{"gone", "same", "same"}},
		"no companions": {func(f *fixture) {
			f.put(model, "o")
			f.remove(model + ".vaulttime.json")
			f.remove(model + ".manifest.json")
		}, [3]string{"differs", "absent", "absent"}},
		"the record alone": {func(f *fixture) { f.edit(model+".vaulttime.json", "T12:00:00Z", "T12:01:00Z") }, [3]string{"same", "same", "later"}},
	} {
		f := newFixture(t)
		c.do(f)
		for _, scope := range []facts.Scope{facts.Changed, facts.All} {
			b := f.measure(scope)[model].Input.Base
			if got := [3]string{string(b.Content), string(b.Manifest), string(b.Record)}; got != c.want {
				t.Errorf("%s, %s: %v, want %v", name, scope, got, c.want)
			}
		}
		m, err := f.between().Artifact(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if b := m.Input.Base; [3]string{string(b.Content), string(b.Manifest), string(b.Record)} != c.want {
			t.Errorf("%s, between commits: %+v, want %v", name, b, c.want)
		}
	}
}

func TestRenamesAndLeftCompanions(t *testing.T) {
	f := newFixture(t)
	const renamed = "assets/sources/weights.bin"
	if err := os.Rename(f.file(model), f.file(renamed)); err != nil {
		t.Fatal(err)
	}
	got := f.measure(facts.Changed)
	if a, b := got[renamed].Input.Artifact, got[model].Input.Artifact; a.RenamedFrom != model || b.RenamedTo != renamed || a.RenamedTo+b.RenamedFrom != "" {
		t.Errorf("%+v, %+v", a, b)
	}
	f.put("Codex-Lock.json", "{\n  \"artifacts\": []\n}\n")
	got = f.measure(facts.All)
	if a := got[model+".test"].Input.Artifact; a == nil || a.CompanionOf != model {
		t.Errorf("a test whose artifact is gone: %+v", a)
	}
	f.put("assets/manifests/docs/guide.md.vaulttime.json", "{}")
	for _, scope := range []facts.Scope{facts.Changed, facts.All} {
		if a := f.measure(scope)["assets/manifests/docs/guide.md.vaulttime.json"].Input.Artifact; a == nil || a.CompanionOf != "docs/guide.md" {
			t.Errorf("%s: a mirrored companion of nothing: %+v", scope, a)
		}
	}
	f.put("docs/guide.md", "text")
	if a := f.measure(facts.All)["assets/manifests/docs/guide.md.vaulttime.json"].Input.Artifact; a != nil {
		t.Errorf("a mirrored companion of a file is under judgement: %+v", a)
	}
}

func TestCollisions(t *testing.T) {
	f := newFixture(t)
	f.put("assets/sources/MODEL.bin", "1")
	f.put("assets/sources/caf\u00e9", "1")
	f.put("assets/sources/cafe\u0301", "1")
	f.put("elsewhere/a", "1")
	f.put("elsewhere/A", "1")
	want := []facts.Collision{
		{Path: "assets/sources/caf\u00e9", Other: "assets/sources/cafe\u0301", Kind: "unicode"},
		{Path: model, Other: "assets/sources/MODEL.bin", Kind: "case"},
	}
	for _, scope := range []facts.Scope{facts.Changed, facts.All} {
		if got := f.repository(scope).Collisions; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", scope, got, want)
		}
	}
	f.commit()
	if got := f.repository(facts.Changed).Collisions; len(got) != 0 {
		t.Errorf("what the base has already is told again: %+v", got)
	}
}

func TestGateScript(t *testing.T) {
	f := newFixture(t)
	name := artifacttest.IngestPath.String()
	for _, c := range []struct {
		do     func()
		state  facts.GateScriptState
		origin facts.GateScriptOrigin
	}{
		{func() {}, "absent", "absent"},
		{func() { f.put(name, string(artifacttest.Ingest)) }, "present", "init"},
		{func() { f.put(name, "#!/bin/sh\nexit 0\n") }, "present", "other"},
		{func() { f.attest(name) }, "present", "attested"},
		{func() { f.put(name, "#!/bin/sh\nexit 1\n") }, "present", "other"},
		{func() {
			f.remove(name)
			if err := os.Symlink(model, f.file(name)); err != nil {
				t.Fatal(err)
			}
		}, "irregular", "other"},
	} {
		c.do()
		if got := f.repository(facts.Changed).Script; got.State != c.state || got.Origin != c.origin {
			t.Errorf("%+v, want %s, %s", got, c.state, c.origin)
		}
	}
}

// domains is a configuration of two domains with keys of their own.
func (f *fixture) domains(accepts ...string) (ingest vaulttime.Key) {
	f.t.Helper()
	ingest, err := vaulttime.NewKey([]byte("a-key-for-ingest-0123456789abcdef0123456789"))
	if err != nil {
		f.t.Fatal(err)
	}
	f.conf.File = "codexlock.yaml"
	f.conf.Domains = map[string]config.Domain{
		"default": {Paths: []string{"assets/**"}, Key: config.KeyPlace{Scheme: "env", Name: "A"}, MaxTTLHours: 24, AcceptsFrom: accepts},
		"ingest":  {Key: config.KeyPlace{Scheme: "env", Name: "B"}, MaxTTLHours: 24},
	}
	f.keys = vaulttime.NewKeyring(false)
	f.keys.Add("default", f.key)
	f.keys.Add("ingest", ingest)
	return ingest
}

func TestChain(t *testing.T) {
	f := newFixture(t)
	ingest := f.domains("ingest")
	sum := sha256.Sum256([]byte("weights of a model"))
	digest := artifact.Digest(sum)
	p, elsewhere := artifact.Path(model), artifact.Path("assets/sources/other.bin")
	sealed := func(key vaulttime.Key, domain string, at time.Time, path *artifact.Path, chain []vaulttime.Link) vaulttime.Record {
		t.Helper()
		r := vaulttime.Record{SHA256: digest, Timestamp: vaulttime.TimeOf(at), TrustDomain: domain, TTLHours: 24, Path: path, Chain: chain}
		if err := key.Sign(&r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	link := func(r vaulttime.Record) vaulttime.Link {
		l, ok := r.Link()
		if !ok {
			t.Fatal("no link")
		}
		return l
	}
	forged := link(sealed(f.key, "ingest", now, &p, nil)) // by another domain's key: the id does not fit either
	spoilt := link(sealed(ingest, "ingest", now, &p, nil))
	spoilt.TTLHours++
	whole := facts.Link{Pointer: "/chain/0", TrustDomain: "ingest", Subject: "match", Order: "forward", Repeated: "no", Signature: "valid", Accepted: "yes"}
	for name, c := range map[string]struct {
		first vaulttime.Link
		want  func(*facts.Link)
	}{
		"whole":            {link(sealed(ingest, "ingest", now, &p, nil)), func(*facts.Link) {}},
		"another path":     {link(sealed(ingest, "ingest", now, &elsewhere, nil)), func(l *facts.Link) { l.Subject = "differs" }},
		"later":            {link(sealed(ingest, "ingest", now.Add(time.Second), &p, nil)), func(l *facts.Link) { l.Order = "back" }},
		"another's key":    {forged, func(l *facts.Link) { l.Signature = "no_key" }},
		"spoilt":           {spoilt, func(l *facts.Link) { l.Signature = "invalid" }},
		"the same domain":  {link(sealed(f.key, "default", now, &p, nil)), func(l *facts.Link) { l.TrustDomain, l.Repeated, l.Accepted = "default", "yes", "no" }},
		"a domain unknown": {link(sealed(ingest, "staging", now, &p, nil)), func(l *facts.Link) { l.TrustDomain, l.Signature, l.Accepted = "staging", "no_key", "no" }},
	} {
		record := sealed(f.key, "default", now, &p, []vaulttime.Link{c.first})
		f.put(model+".vaulttime.json", string(record.Encode()))
		want := whole
		c.want(&want)
		got := f.measure(facts.Changed)[model].Input
		if !reflect.DeepEqual(got.VaultTime.Chain, []facts.Link{want}) || got.Checks.Proof != "valid" {
			t.Errorf("%s: %+v, want %+v; proof %s", name, got.VaultTime.Chain, want, got.Checks.Proof)
		}
	}
	f.conf.Domains = nil
	if got := f.measure(facts.Changed)[model].Input; got.VaultTime.Chain[0].Accepted != "open" {
		t.Errorf("without a configuration: %+v", got.VaultTime.Chain)
	}
}

func TestDomainKeys(t *testing.T) {
	f := newFixture(t)
	if got := f.repository(facts.Changed).Keys; len(got) != 1 || got[0].Domain != "" || got[0].Variable != "VAULTTIME_KEY" || got[0].Strength != "strong" {
		t.Errorf("without a configuration: %+v", got)
	}
	f.domains()
	weak, err := vaulttime.NewKey([]byte("guess me"))
	if err != nil {
		t.Fatal(err)
	}
	d := f.conf.Domains["default"]
	d.PublicKeys = []config.PublicKey{
		{ID: "1", State: "current", CreatedAt: now.Add(-vaulttime.RotationPeriod)},
		{ID: "2", State: "current", CreatedAt: now.Add(-vaulttime.RotationPeriod + time.Second)},
		{ID: "3", State: "retiring"},
	}
	f.conf.Domains["default"] = d
	f.conf.Domains["third"] = config.Domain{Key: config.KeyPlace{Scheme: "env", Name: "B"}}
	f.conf.Domains["fourth"] = config.Domain{Key: config.KeyPlace{Scheme: "env", Name: "D"}}
	f.keys.Add("ingest", weak)
	f.keys.Add("third", weak)
	f.keys.Add("fourth", f.key)
	type row struct {
		domain   string
		strength facts.KeyStrength
		shared   []string
	}
	var got []row
	for _, k := range f.repository(facts.Changed).Keys {
		got = append(got, row{k.Domain, k.Strength, k.SharedWith})
		if k.Domain == "default" {
			ages := fmt.Sprint(k.PublicKeys[0].Age, k.PublicKeys[1].Age, k.PublicKeys[2].Age)
			if ages != "due fresh unknown" && ages != "duefreshunknown" {
				t.Errorf("ages are %s", ages)
			}
		}
		if (k.Strength == "weak") != (k.Weakness != "") {
			t.Errorf("%+v", k)
		}
	}
	want := []row{
		{"default", "strong", []string{"fourth"}}, // another variable with the same key
		{"fourth", "strong", []string{"default"}},
		{"ingest", "weak", []string{"third"}},
		{"third", "weak", []string{"ingest"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if in := f.measure(facts.All)[model].Input; in.Domain.Paths != "inside" {
		t.Errorf("%+v", in.Domain)
	}
	d.Paths = []string{"models/**"}
	f.conf.Domains["default"] = d
	if in := f.measure(facts.All)[model].Input; in.Domain.Paths != "outside" {
		t.Errorf("%+v", in.Domain)
	}
}

// entry is a line of a log, chained to the lines before it.
func entry(seq int, prev string) string {
	return fmt.Sprintf(`{"artifact":%q,"sha256":"","vaulttime":"","verified_by":"ci","verified_at":"2026-01-01T00:00:00Z","result":"PASS","seq":%d,"prev":%q}`, model, seq, prev) + "\n"
}

func TestLog(t *testing.T) {
	const log, checkpoint = "MANIFEST.integrity.json", "MANIFEST.integrity.checkpoint"
	first := entry(0, "0000000000000000000000000000000000000000000000000000000000000000")
	sum := sha256.Sum256([]byte(first[:len(first)-1]))
	second := entry(1, hex.EncodeToString(sum[:]))
	f := newFixture(t)
	if l := f.repository(facts.Changed).Log; l.State != "absent" || l.History != "absent" {
		t.Errorf("without a log: %+v", l)
	}
	f.put(log, first)
	f.commit()
	for _, c := range []struct {
		name, text string
		state      facts.DocumentState
		change     facts.FileChange
		history    facts.LogHistory
		chain      facts.LogChain
	}{
		{"unchanged", first, "absent", "unchanged", "absent", "absent"},
		{"extended", first + second, "valid", "modified", "extends", "intact"},
		{"rewritten", second, "valid", "modified", "rewritten", "broken"},
		{"no log", "x\n", "invalid", "modified", "rewritten", "absent"},
		{"torn", first + second[:20], "invalid", "modified", "extends", "absent"},
	} {
		f.put(log, c.text)
		l := f.repository(facts.Changed).Log
		if l.State != c.state || l.Change != c.change || l.History != c.history || l.Chain != c.chain || l.Checkpoint.Signature != "absent" {
			t.Errorf("%s: %+v", c.name, l)
		}
	}
	f.remove(log)
	if l := f.repository(facts.Changed).Log; l.State != "absent" || l.Change != "removed" || l.History != "rewritten" {
		t.Errorf("removed: %+v", l)
	}
	f.put(log, first)
	f.put(checkpoint, "nonsense")
	if l := f.repository(facts.Changed).Log; l.Checkpoint.State != "invalid" || l.Change != "modified" || len(l.Checkpoint.Problems) != 1 {
		t.Errorf("a checkpoint that is none: %+v", l)
	}
}

// TestModeChange: how the artifact's mode stands to the base's.
func TestModeChange(t *testing.T) {
	f := newFixture(t)
	if b := f.measure(facts.All)[model].Input.Base; b.Mode != "same" {
		t.Errorf("%+v", b)
	}
	if err := os.Chmod(f.file(model), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, scope := range []facts.Scope{facts.Changed, facts.All} {
		if b := f.measure(scope)[model].Input.Base; b.Mode != "differs" || b.Content != "same" {
			t.Errorf("%s: %+v", scope, b)
		}
	}
	m, err := f.between().Artifact(t.Context(), 0)
	if err != nil || m.Input.Base.Mode != "differs" {
		t.Errorf("between commits: %+v, %v", m.Input.Base, err)
	}
	f.remove(model)
	if b := f.measure(facts.Changed)[model].Input.Base; b.Mode != "absent" {
		t.Errorf("removed: %+v", b)
	}
}

// TestStrictLayoutSeesTheDisk: the mode on the disk is a fact only where it is asked for.
func TestStrictLayoutSeesTheDisk(t *testing.T) {
	f := newFixture(t)
	if a := f.measure(facts.All)[model].Input.Artifact; a.DiskMode != "" {
		t.Errorf("%+v", a)
	}
	if err := os.Chmod(f.file(model), 0o444); err != nil {
		t.Fatal(err)
	}
	head, err := f.repo.WorkTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := measure.Collect(t.Context(), measure.Options{
		Options: changeset.Options{
			Repository: f.repo, Base: f.repo.EmptyTree(), Head: head, Scope: facts.All, Config: f.conf,
		},
		Keys: f.keys, Now: f.now, Strict: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Artifact(t.Context(), 0)
	if err != nil || m.Input.Artifact.DiskMode != "0444" || m.Input.Settings.Layout != "strict" {
		t.Errorf("%+v, %v", m.Input.Artifact, err)
	}
}
