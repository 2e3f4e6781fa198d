package measure_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// A fixture is a repository with attested artifacts in its base commit.
type fixture struct {
	t    *testing.T
	repo *repo.Repository
	base git.Commit
	key  vaulttime.Key
	conf config.Config
	now  time.Time
	keys *vaulttime.Keyring
}

const model = "assets/sources/model.bin"

func newFixture(t *testing.T) *fixture {
	t.Helper()
	r, err := repo.Create(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	key, err := vaulttime.NewKey([]byte("a-key-for-facts-0123456789abcdef0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, repo: r, key: key, conf: config.Default(), now: now, keys: vaulttime.NewKeyring(true)}
	f.keys.Default(key)
	f.put(model, "weights of a model")
	f.attest(model)
	f.commit()
	return f
}

func (f *fixture) file(name string) string {
	return filepath.Join(f.repo.Root(), filepath.FromSlash(name))
}

func (f *fixture) put(name, text string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.file(name)), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.file(name), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) remove(name string) {
	f.t.Helper()
	if err := os.Remove(f.file(name)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) edit(name, old, replacement string) {
	f.t.Helper()
	text, err := os.ReadFile(f.file(name))
	if err != nil || !strings.Contains(string(text), old) {
		f.t.Fatalf("%s does not contain %q, %v", name, old, err)
	}
	f.put(name, strings.Replace(string(text), old, replacement, 1))
}

func (f *fixture) attest(names ...string) {
	f.t.Helper()
	var paths []artifact.Path
	for _, n := range names {
		paths = append(paths, artifact.Path(n))
	}
	_, err := attest.Attest(f.t.Context(), f.repo.Root(), f.repo.GitDir(), paths, func(artifact.Path) (attest.Options, error) {
		return attest.Options{Domain: "default", TTLHours: 24, Key: f.key, Creator: "c", Toolchain: manifest.Tool{Name: "t", Version: "1"}, Now: f.now}, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) commit() {
	f.t.Helper()
	var err error
	if f.base, err = f.repo.CommitAll(f.t.Context(), "base", f.now); err != nil {
		f.t.Fatal(err)
	}
}

// collect measures the work tree against the base.
func (f *fixture) collect(scope facts.Scope) *measure.Collector {
	f.t.Helper()
	ctx := f.t.Context()
	head, err := f.repo.WorkTree(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	base, err := f.repo.Tree(ctx, f.base)
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := measure.Collect(ctx, measure.Options{
		Options: changeset.Options{
			Repository: f.repo, Base: base, Head: head, Scope: scope, Config: f.conf,
		},
		BaseCommit: f.base.String(), Keys: f.keys, Now: f.now,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// measure measures every artifact, validates each document against its
// schema, and returns them by path.
func (f *fixture) measure(scope facts.Scope) map[string]facts.Measurement {
	f.t.Helper()
	c := f.collect(scope)
	out := map[string]facts.Measurement{}
	for i := range c.Len() {
		m, err := c.Artifact(f.t.Context(), i)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := schemas.ValidateAny(kinds.Facts, m.Input); err != nil {
			f.t.Errorf("%s: %v", m.Input.Artifact.Path, err)
		}
		out[m.Input.Artifact.Path] = m
	}
	m, err := c.Repository(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	if err := schemas.ValidateAny(kinds.Facts, m.Input); err != nil {
		f.t.Errorf("repository: %v", err)
	}
	return out
}

// good are the checks of an artifact that is as it was attested.
func good() facts.Checks {
	return facts.Checks{
		Ledger: "match", Manifest: "match", VaultTime: "match", Named: "match", Signature: "valid", KeyID: "match", Epoch: "unlisted",
		Proof: "valid", Path: "match", Time: "current", TTL: "within", Tolerance: "zero", Domain: "match",
		Rollback: "forward", VerifiedAt: "kept", Inputs: "none", LFS: "absent", Outputs: "none", ManifestSigned: "absent", TestSigned: "absent", Continuity: "open",
	}
}

// TestChecks makes one change at a time and asserts that just the comparisons
// that it concerns come out otherwise.
func TestChecks(t *testing.T) {
	record, lock, mani := model+".vaulttime.json", "Codex-Lock.json", model+".manifest.json"
	for name, c := range map[string]struct {
		do   func(*fixture)
		want func(*facts.Checks)
	}{
		"nothing": {func(*fixture) {}, func(*facts.Checks) {}},
		"artifact": {func(f *fixture) { f.edit(model, "weights", "weightz") }, func(k *facts.Checks) {
			k.Ledger, k.Manifest, k.VaultTime = "differs", "differs", "differs"
		}},
		"no artifact": {func(f *fixture) { f.remove(model) }, func(k *facts.Checks) {
			k.Ledger, k.Manifest, k.VaultTime = "absent", "absent", "absent"
		}},
		"no record": {func(f *fixture) { f.remove(record) }, func(k *facts.Checks) {
			k.VaultTime, k.Signature, k.KeyID, k.Epoch, k.Proof, k.Path = "absent", "absent", "absent", "absent", "absent", "absent"
			k.Time, k.TTL, k.Domain, k.Rollback = "absent", "absent", "absent", "absent"
		}},
		"no manifest": {func(f *fixture) { f.remove(mani) }, func(k *facts.Checks) {
			k.Manifest, k.Named, k.Inputs, k.Outputs = "absent", "absent", "absent", "absent"
		}},
		"no ledger": {func(f *fixture) { f.remove(lock) }, func(k *facts.Checks) {
			k.Ledger, k.Tolerance, k.Domain, k.VerifiedAt = "absent", "absent", "absent", "absent"
		}},
		"other key":      {func(f *fixture) { f.keys.Default(other(f.t)) }, func(k *facts.Checks) { k.Signature, k.KeyID, k.Proof = "invalid", "differs", "invalid" }},
		"no key":         {func(f *fixture) { f.keys = vaulttime.NewKeyring(true) }, func(k *facts.Checks) { k.Signature, k.KeyID, k.Proof = "no_key", "absent", "no_key" }},
		"last second":    {func(f *fixture) { f.now = now.Add(24 * time.Hour) }, func(*facts.Checks) {}},
		"expired":        {func(f *fixture) { f.now = now.Add(24*time.Hour + time.Second) }, func(k *facts.Checks) { k.Time = "expired" }},
		"skew":           {func(f *fixture) { f.now = now.Add(-5 * time.Minute) }, func(*facts.Checks) {}},
		"future":         {func(f *fixture) { f.now = now.Add(-5*time.Minute - time.Second) }, func(k *facts.Checks) { k.Time, k.VerifiedAt = "future", "future" }},
		"longer":         {func(f *fixture) { f.edit(record, `"ttl_hours": 24`, `"ttl_hours": 25`) }, func(k *facts.Checks) { k.TTL, k.Proof = "exceeds", "invalid" }},
		"re-dated":       {func(f *fixture) { f.edit(record, "T12:00:00Z", "T12:04:00Z") }, func(k *facts.Checks) { k.Proof = "invalid" }},
		"dated back":     {func(f *fixture) { f.edit(record, "T12:00:00Z", "T11:00:00Z") }, func(k *facts.Checks) { k.Proof, k.Rollback = "invalid", "back" }},
		"other domain":   {func(f *fixture) { f.edit(record, `"default"`, `"prod"`) }, func(k *facts.Checks) { k.Proof, k.Domain = "invalid", "differs" }},
		"tolerance":      {func(f *fixture) { f.edit(lock, "0.0", "1e-400") }, func(k *facts.Checks) { k.Tolerance = "nonzero" }},
		"moved alone":    {func(f *fixture) { f.edit(lock, "T12:00:00Z", "T12:04:00Z") }, func(k *facts.Checks) { k.VerifiedAt = "alone" }},
		"moved back":     {func(f *fixture) { f.edit(lock, "T12:00:00Z", "T11:59:59Z") }, func(k *facts.Checks) { k.VerifiedAt = "back" }},
		"attested again": {func(f *fixture) { f.now = now.Add(time.Hour); f.attest(model) }, func(k *facts.Checks) { k.VerifiedAt = "attested" }},
		"other name":     {func(f *fixture) { f.edit(mani, `"`+model+`"`, `"assets/sources/x"`) }, func(k *facts.Checks) { k.Named = "differs" }},
		"inputs match":   {func(f *fixture) { f.put("in", "x"); f.input(mani, "in", sum("x")) }, func(k *facts.Checks) { k.Inputs = "match" }},
		"inputs differ":  {func(f *fixture) { f.put("in", "x"); f.input(mani, "in", sum("y")) }, func(k *facts.Checks) { k.Inputs = "differs" }},
		"inputs missing": {func(f *fixture) { f.input(mani, "in", sum("y")) }, func(k *facts.Checks) { k.Inputs = "missing" }},
		"inputs unsafe":  {func(f *fixture) { f.input(mani, "../in", sum("y")) }, func(k *facts.Checks) { k.Inputs = "unsafe" }},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			c.do(f)
			want := good()
			c.want(&want)
			got := f.measure(facts.All)[model].Input.Checks
			if got == nil || !reflect.DeepEqual(*got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func (f *fixture) input(manifest, name, digest string) {
	f.edit(manifest, `"inputs": []`, fmt.Sprintf(`"inputs": [{"path": %q, "sha256": %q}]`, name, digest))
}

func sum(text string) string {
	d := sha256.Sum256([]byte(text))
	return hex.EncodeToString(d[:])
}

func other(t *testing.T) vaulttime.Key {
	key, err := vaulttime.NewKey([]byte("another-key-for-facts-0123456789abcdef01234"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestDiscovery says which files are under judgement.
func TestDiscovery(t *testing.T) {
	for name, c := range map[string]struct {
		do      func(*fixture)
		changed string // path:change, in order
	}{
		"nothing":               {func(*fixture) {}, ""},
		"bytes":                 {func(f *fixture) { f.edit(model, "weights", "weightz") }, model + ":modified"},
		"mode":                  {func(f *fixture) { f.chmod(model, 0o755) }, model + ":modified"},
		"its manifest":          {func(f *fixture) { f.edit(model+".manifest.json", `"c"`, `"d"`) }, model + ":modified"},
		"its test is gone":      {func(f *fixture) { f.remove(model + ".test") }, model + ":modified"},
		"its entry":             {func(f *fixture) { f.edit("Codex-Lock.json", "T12:00:00Z", "T12:00:01Z") }, model + ":modified"},
		"removed":               {func(f *fixture) { f.remove(model) }, model + ":removed"},
		"new":                   {func(f *fixture) { f.put("assets/sources/new", "x") }, "assets/sources/new:added"},
		"listed elsewhere":      {func(f *fixture) { f.put("bin/app", "x"); f.attest("bin/app") }, "bin/app:added"},
		"elsewhere, not listed": {func(f *fixture) { f.put("bin/app", "x") }, ""},
		"called like a test":    {func(f *fixture) { f.put("assets/sources/evil.test", "x") }, "assets/sources/evil.test:added"},
		"mirrored companion":    {func(f *fixture) { f.put("assets/manifests/"+model+".test", "x") }, model + ":modified"},
		"excluded":              {func(f *fixture) { f.conf.Exclude = []string{"**/*.md"}; f.put("assets/sources/a.md", "x") }, ""},
		"misnamed":              {func(f *fixture) { f.put("assets/sources/a\u202eb", "x") }, "assets/sources/a\u202eb:added"},
		"ignored by git, listed": {func(f *fixture) {
			f.put(".gitignore", "bin/\n")
			f.put("bin/app", "x")
			f.attest("bin/app")
			f.commit()
			f.put("bin/app", "y")
			f.edit("Codex-Lock.json", "T12:00:00Z", "T12:00:01Z")
		}, model + ":modified"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			c.do(f)
			var got []string
			for path, m := range f.measure(facts.Changed) {
				if name == "ignored by git, listed" && path != model {
					continue
				}
				got = append(got, path+":"+string(m.Input.Artifact.Change))
			}
			if strings.Join(got, " ") != c.changed {
				t.Errorf("got %q, want %q", got, c.changed)
			}
		})
	}
}

func (f *fixture) chmod(name string, mode os.FileMode) {
	if err := os.Chmod(f.file(name), mode); err != nil {
		f.t.Fatal(err)
	}
}

// TestStates says how a companion stands that is not simply there.
func TestStates(t *testing.T) {
	record := model + ".vaulttime.json"
	for name, c := range map[string]struct {
		do   func(*fixture)
		want facts.DocumentState
	}{
		"valid":   {func(*fixture) {}, "valid"},
		"absent":  {func(f *fixture) { f.remove(record) }, "absent"},
		"symlink": {func(f *fixture) { f.remove(record); f.must(os.Symlink("/etc/passwd", f.file(record))) }, "irregular"},
		"folder":  {func(f *fixture) { f.remove(record); f.must(os.Mkdir(f.file(record), 0o755)) }, "irregular"},
		"broken":  {func(f *fixture) { f.put(record, "{") }, "invalid"},
		"large":   {func(f *fixture) { f.put(record, strings.Repeat(" ", 2<<20)) }, "invalid"},
		"twice":   {func(f *fixture) { f.put("assets/manifests/"+record, "{}") }, "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			c.do(f)
			v := f.measure(facts.All)[model].Input.VaultTime
			if v.State != c.want {
				t.Errorf("state is %q, want %q", v.State, c.want)
			}
			if (v.State == "invalid") != (len(v.Problems) > 0) {
				t.Errorf("%q with the problems %+v", v.State, v.Problems)
			}
		})
	}
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestPointer: a Git LFS pointer stands for its content, where the
// configuration says so.
func TestPointer(t *testing.T) {
	f := newFixture(t)
	f.put(model, "version https://git-lfs.github.com/spec/v1\noid sha256:"+sum("weights of a model")+"\nsize 18\n")
	a := f.measure(facts.All)[model].Input
	if a.Artifact.Kind != "pointer" || a.Artifact.Pointer != "unfiltered" {
		t.Errorf("without the attribute a pointer was measured as %+v", a.Artifact)
	}
	f.put(".gitattributes", "[attr]large filter=lfs -text\n*.bin large\n*.sh filter=lfs\n")
	a = f.measure(facts.All)[model].Input
	if a.Artifact.Proof != "lfs-oid" || a.Checks.Ledger != "match" || *a.Artifact.Size != 18 {
		t.Errorf("a pointer was measured as %+v, %+v", a.Artifact, a.Checks)
	}
	if a.Checks.LFS != "absent" {
		t.Errorf("a pointer of which nothing is recorded was compared: %s", a.Checks.LFS)
	}
	raw, err := os.ReadFile(f.file(model + ".manifest.json"))
	f.must(err)
	written := string(raw)
	for extensions, want := range map[string]facts.LFSComparison{
		`{"lfs":{"oid":"` + sum("weights of a model") + `","size":18}}`: "match",
		`{"lfs":{"oid":"` + sum("others") + `","size":18}}`:             "oid_differs",
		`{"lfs":{"size":19}}`: "size_differs",
	} {
		f.put(model+".manifest.json", strings.Replace(written, "{", `{"extensions":`+extensions+",", 1))
		if a = f.measure(facts.All)[model].Input; a.Checks.LFS != want {
			t.Errorf("%s: %s, want %s", extensions, a.Checks.LFS, want)
		}
	}
	f.put(model+".manifest.json", written)
	f.conf.LFS = "content"
	a = f.measure(facts.All)[model].Input
	if a.Artifact.Kind != "pointer" || a.Artifact.Pointer != "content" || a.Checks.Ledger != "absent" {
		t.Errorf("with lfs: content a pointer was measured as %+v, %+v", a.Artifact, a.Checks)
	}
	f.conf.LFS = "oid"
	canonical := "version https://git-lfs.github.com/spec/v1\noid sha256:" + sum("x") + "\nsize 18\n"
	for name, text := range map[string]string{
		"CRLF": strings.ReplaceAll(canonical, "\n", "\r\n"), "no last newline": strings.TrimSpace(canonical),
		"an extension": strings.Replace(canonical, "oid", "ext-0-case sha256:"+sum("y")+"\noid", 1),
	} {
		f.put(model, text)
		if a = f.measure(facts.All)[model].Input; a.Artifact.Pointer != "malformed" {
			t.Errorf("%s: %+v", name, a.Artifact)
		}
	}
	f.put("assets/sources/tool.sh", canonical)
	if a = f.measure(facts.All)["assets/sources/tool.sh"].Input; a.Artifact.Pointer != "script" {
		t.Errorf("a script: %+v", a.Artifact)
	}
	f.put("assets/sources/tool.sh", strings.Replace(canonical, "size 18", "size 2000000", 1))
	if a = f.measure(facts.All)["assets/sources/tool.sh"].Input; a.Artifact.Proof != "lfs-oid" {
		t.Errorf("too large for a script: %+v", a.Artifact)
	}
	f.put("assets/sources/.gitattributes", "model.* -filter\n")
	f.put(model, canonical)
	if a = f.measure(facts.All)[model].Input; a.Artifact.Pointer != "unfiltered" {
		t.Errorf("a folder below takes the attribute away: %+v", a.Artifact)
	}
}

// TestLocate finds the place of a value in each of the files.
func TestLocate(t *testing.T) {
	f := newFixture(t)
	m := f.measure(facts.All)[model]
	line, column, ok := m.Locate("Codex-Lock.json", m.Input.Ledger.Entry.Pointer+"/sha256")
	if !ok || line != 5 || column != 17 {
		t.Errorf("the entry's digest is at %d:%d, %v", line, column, ok)
	}
	if _, _, ok := m.Locate("elsewhere", "/sha256"); ok {
		t.Error("a file that was not read has places")
	}
}

// TestNoKeyInFacts: what a policy sees holds neither a key nor a MAC.
func TestNoKeyInFacts(t *testing.T) {
	f := newFixture(t)
	text := fmt.Sprintf("%+v", f.measure(facts.All)[model].Input.VaultTime)
	raw, err := os.ReadFile(f.file(model + ".vaulttime.json"))
	f.must(err)
	record, _, err := vaulttime.DecodeRecord(raw)
	f.must(err)
	for _, secret := range []string{"a-key-for-facts", record.VaultTime.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("the facts hold %q", secret)
		}
	}
}
