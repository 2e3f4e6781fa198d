package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/txn/txntest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

const secret = "prometheus-demo-key-0123456789abcdef"

func testKey(t testing.TB, s string) vaulttime.Key {
	t.Helper()
	k, err := vaulttime.NewKey([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A place is a work tree with a Git directory.
type place struct{ txntest.Place }

func newPlace(t testing.TB, files map[string]string) place {
	t.Helper()
	return place{txntest.New(t, files)}
}

var noon = time.Date(2025, 11, 9, 12, 0, 0, 0, time.UTC)

func options(t testing.TB) Options {
	return Options{
		Domain: "runtime-core", TTLHours: 24, Key: testKey(t, secret), Now: noon,
		FallbackCreator: "someone",
	}
}

func (p place) attest(o Options, paths ...artifact.Path) (Result, error) {
	return Attest(context.Background(), p.Root, p.Git, paths, func(artifact.Path) (Options, error) { return o, nil })
}

func (p place) mustAttest(o Options, paths ...artifact.Path) Result {
	p.T.Helper()
	r, err := p.attest(o, paths...)
	if err != nil {
		p.T.Fatal(err)
	}
	return r
}

func (p place) manifest(name string) manifest.Manifest {
	p.T.Helper()
	m, _, err := manifest.Decode(p.Read(name))
	if err != nil {
		p.T.Fatal(err)
	}
	return m
}

func (p place) record(name string) vaulttime.Record {
	p.T.Helper()
	r, _, err := vaulttime.DecodeRecord(p.Read(name))
	if err != nil {
		p.T.Fatal(err)
	}
	return r
}

func (p place) ledger() *ledger.Ledger {
	p.T.Helper()
	l, _, err := ledger.Decode(p.Read("Codex-Lock.json"))
	if err != nil {
		p.T.Fatal(err)
	}
	return l
}

// TestAttestWrites holds all that is written against the standard (ZT-2, 3, 4, 11),
// and the signature against openssl alone.
func TestAttestWrites(t *testing.T) {
	p := newPlace(t, map[string]string{"assets/sources/model.bin": "weights", "src/a.c": "int a;"})
	o := options(t)
	o.Inputs = []artifact.Path{"src/a.c"}
	r := p.mustAttest(o, "assets/sources/model.bin", "assets/sources/model.bin")
	digest := artifact.HashBytes([]byte("weights"))
	if len(r.Attested) != 1 {
		t.Fatalf("got %+v", r.Attested)
	}
	want := Attested{"assets/sources/model.bin", digest, p.record("assets/sources/model.bin.vaulttime.json").VaultTime, "runtime-core", o.Key.ID(), vaulttime.TimeOf(noon.Add(24 * time.Hour))}
	if r.Attested[0] != want {
		t.Errorf("got %+v, want %+v", r.Attested, want)
	}
	m := p.manifest("assets/sources/model.bin.manifest.json")
	wantManifest := manifest.Manifest{
		Artifact: "assets/sources/model.bin", SHA256: digest, Creator: "someone", GeneratedAt: "2025-11-09T12:00:00Z",
		Toolchain: &manifest.Tool{Unstated: true}, Outputs: &[]manifest.Reference{}, Network: []string{},
		Inputs: &[]manifest.Reference{{Path: "src/a.c", SHA256: artifact.HashBytes([]byte("int a;"))}},
	}
	if string(m.Encode()) != string(wantManifest.Encode()) {
		t.Errorf("manifest is %s", m.Encode())
	}
	record := p.record("assets/sources/model.bin.vaulttime.json")
	if !o.Key.Valid(record) || !vaulttime.VerifyProof(o.Key.PublicKey(), record) || record.TTLHours != 24 || record.TrustDomain != "runtime-core" ||
		record.Timestamp.String() != "2025-11-09T12:00:00Z" || *record.Path != "assets/sources/model.bin" || record.KeyID != o.Key.ID() || record.Chain == nil {
		t.Errorf("record is %s", record.Encode())
	}
	cmd := exec.Command("sh", "-c", `sha256sum <assets/sources/model.bin | cut -c1-64 | tr -d '\n' | openssl dgst -sha256 -hmac "$KEY" | awk '{print $2}'`)
	cmd.Dir, cmd.Env = p.Root, append(os.Environ(), "KEY="+secret)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != record.VaultTime.String() {
		t.Errorf("openssl says %s (%v), the record %s", out, err, record.VaultTime)
	}
	l := p.ledger()
	wantEntry := ledger.Entry{Path: "assets/sources/model.bin", SHA256: digest, DriftTolerance: "0.0", TrustDomain: "runtime-core", VerifiedAt: "2025-11-09T12:00:00Z"}
	if len(l.Artifacts) != 1 || l.Artifacts[0] != wantEntry {
		t.Errorf("ledger is %+v", l.Artifacts)
	}
	for name, mode := range map[string]fs.FileMode{".manifest.json": 0o644, ".vaulttime.json": 0o644, ".test": 0o755} {
		info, err := os.Stat(p.Root + "/assets/sources/model.bin" + name)
		if err != nil || info.Mode() != mode {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
	before := p.State()
	p.mustAttest(o, "assets/sources/model.bin")
	if diff := txntest.Difference(p.State(), before); diff != "" {
		t.Errorf("a second run changed something:\n%s", diff)
	}
}

func TestAttestKeepsWhatAManifestSays(t *testing.T) {
	p := newPlace(t, map[string]string{"x": "one", "in": "input", "y": "why"})
	old := manifest.Manifest{
		Artifact: "x", SHA256: artifact.HashBytes([]byte("one")), Creator: "builder", GeneratedAt: "2025-01-01T00:00:00Z",
		Toolchain: &manifest.Tool{Name: "gcc", Version: "14"}, Network: []string{"example.org"}, Extensions: `{"a":1}`,
		Inputs:  &[]manifest.Reference{{Path: "in", SHA256: artifact.HashBytes([]byte("older"))}},
		Outputs: &[]manifest.Reference{{Path: "log", SHA256: artifact.HashBytes([]byte("log"))}, {Path: "x", SHA256: artifact.HashBytes([]byte("older"))}},
	}
	p.Write("x.manifest.json", string(old.Encode()))
	p.mustAttest(options(t), "x")
	want := old
	want.Inputs = &[]manifest.Reference{{Path: "in", SHA256: artifact.HashBytes([]byte("input"))}}
	want.Outputs = &[]manifest.Reference{{Path: "log", SHA256: artifact.HashBytes([]byte("log"))}, {Path: "x", SHA256: old.SHA256}}
	if got := p.Read("x.manifest.json"); string(got) != string(want.Encode()) {
		t.Errorf("manifest became %s", got)
	}
	p.Write("x", "two")
	o := options(t)
	o.Creator, o.Toolchain, o.Inputs = "another", manifest.Tool{Name: "clang", Version: "19"}, []artifact.Path{"y"}
	p.mustAttest(o, "x")
	got := p.manifest("x.manifest.json")
	if got.GeneratedAt != "2025-11-09T12:00:01Z" || got.Creator != "another" || got.Toolchain.Name != "clang" || len(*got.Inputs) != 1 || (*got.Inputs)[0].Path != "y" || got.Extensions == "" {
		t.Errorf("a changed artifact's manifest is %s", got.Encode())
	}
	p.Write("x.manifest.json", "{broken")
	p.mustAttest(options(t), "x")
	if got := p.manifest("x.manifest.json"); got.Creator != "someone" {
		t.Errorf("a broken manifest became %s", got.Encode())
	}
}

// Attesting records the hash of what a manifest names by its path only; a renewal,
// which approves nothing, does not.
func TestAttestRecordsPlainPaths(t *testing.T) {
	p := newPlace(t, map[string]string{"x": "one", "in": "input", "log": "out"})
	digest := artifact.HashBytes([]byte("one"))
	p.Write("x.manifest.json", `{"sha256":"`+digest.String()+`","inputs":["in"],"outputs":["log","x","elsewhere","../y"]}`)
	renewal := options(t)
	renewal.Renewal = true
	p.mustAttest(renewal, "x")
	m := p.manifest("x.manifest.json")
	if !(*m.Inputs)[0].Plain || !(*m.Outputs)[0].Plain || !(*m.Outputs)[1].Plain {
		t.Errorf("a renewal made the manifest %s", m.Encode())
	}
	p.mustAttest(options(t), "x")
	m = p.manifest("x.manifest.json")
	wantInputs := []manifest.Reference{{Path: "in", SHA256: artifact.HashBytes([]byte("input"))}}
	wantOutputs := []manifest.Reference{
		{Path: "log", SHA256: artifact.HashBytes([]byte("out"))}, {Path: "x", SHA256: digest},
		{Path: "elsewhere", Plain: true}, {Path: "../y", Plain: true},
	}
	if !slices.Equal(*m.Inputs, wantInputs) || !slices.Equal(*m.Outputs, wantOutputs) {
		t.Errorf("manifest is %s", m.Encode())
	}
}

func TestAttestKeepsTheRestOfTheLedger(t *testing.T) {
	p := newPlace(t, map[string]string{"x": "one"})
	other := `{"path":"other","sha256":"` + strings.Repeat("ab", 32) + `","drift_tolerance":0.5,"trust_domain":"d","verified_at":"2024-01-01T00:00:00Z","extensions":{"k":"v"}}`
	mine := strings.Replace(strings.Replace(other, "other", "x", 1), `"v"`, `"mine"`, 1)
	p.Write("Codex-Lock.json", `{"artifacts":[`+mine+`,`+other+`,`+mine+`]}`)
	p.mustAttest(options(t), "x")
	l := p.ledger()
	if len(l.Artifacts) != 2 || l.Artifacts[0].DriftTolerance != "0.5" || !strings.Contains(string(l.Artifacts[0].Extensions), `"v"`) {
		t.Errorf("got %+v", l.Artifacts)
	}
	if i, ok := l.Lookup("x"); !ok || l.Artifacts[i].DriftTolerance != "0.0" || !strings.Contains(string(l.Artifacts[i].Extensions), "mine") {
		t.Errorf("got %+v", l.Artifacts)
	}
}

// TestTheEntryIsWrittenWhereNothingElseIs: companions that are in order do not
// hide that the ledger is not.
func TestTheEntryIsWrittenWhereNothingElseIs(t *testing.T) {
	p := newPlace(t, map[string]string{"a.bin": "a"})
	p.mustAttest(options(t), "a.bin")
	want := p.Read("Codex-Lock.json")
	p.Write("Codex-Lock.json", "{\"artifacts\": []}\n")
	if r := p.mustAttest(options(t), "a.bin"); len(r.Attested) != 1 {
		t.Errorf("%+v", r)
	}
	if got := p.Read("Codex-Lock.json"); string(got) != string(want) {
		t.Errorf("the ledger is\n%s\nwant\n%s", got, want)
	}
}

func TestCompanionsInTheMirrorStayThere(t *testing.T) {
	p := newPlace(t, map[string]string{"a/x": "one", "a/y": "two", "assets/manifests/a/x.manifest.json": "{}"})
	p.mustAttest(options(t), "a/x")
	if _, err := os.Stat(p.Root + "/a/x.manifest.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a second manifest was written: %v", err)
	}
	p.manifest("assets/manifests/a/x.manifest.json")
	p.record("a/x.vaulttime.json")
	o := options(t)
	o.MirrorCompanions = true
	p.mustAttest(o, "a/y")
	for _, suffix := range []string{".manifest.json", ".vaulttime.json", ".test"} {
		p.Read("assets/manifests/a/y" + suffix)
	}
	p.Write("assets/manifests/a/x.vaulttime.json", "{}")
	before := p.State()
	_, err := p.attest(options(t), "a/x")
	var refused *RefusedError
	if !errors.As(err, &refused) || txntest.Difference(p.State(), before) != "" {
		t.Errorf("a record in two places gave %v", err)
	}
}

func TestOwnTestsAreLeftAlone(t *testing.T) {
	const own = "#!/bin/sh\nexit 0\n"
	p := newPlace(t, map[string]string{"x": "one", "x.test": own})
	p.mustAttest(options(t), "x")
	info, err := os.Stat(p.Root + "/x.test")
	if err != nil || info.Mode() != 0o755 || string(p.Read("x.test")) != own {
		t.Errorf("mode %v, %v, text %s", info.Mode(), err, p.Read("x.test"))
	}
	if err := os.Chmod(p.Root+"/x.test", 0o700); err != nil {
		t.Fatal(err)
	}
	p.mustAttest(options(t), "x")
	if info, _ := os.Stat(p.Root + "/x.test"); info.Mode() != 0o700 {
		t.Errorf("an executable test of the user's got mode %v", info.Mode())
	}
}

// TestNewContentHasALaterRecord: two attestations within one second are told apart,
// and none is dated further ahead than the gate lets a clock be.
func TestNewContentHasALaterRecord(t *testing.T) {
	p := newPlace(t, map[string]string{"x": "one"})
	o := options(t)
	for i, want := range []string{"2025-11-09T12:00:00Z", "2025-11-09T12:00:01Z", "2025-11-09T12:00:02Z"} {
		p.Write("x", fmt.Sprint(i))
		p.mustAttest(o, "x")
		if got := p.record("x.vaulttime.json").Timestamp.String(); got != want {
			t.Errorf("attestation %d is of %s, want %s", i, got, want)
		}
	}
	p.mustAttest(o, "x")
	if got := p.record("x.vaulttime.json").Timestamp; !got.Equal(noon.Add(2 * time.Second)) {
		t.Errorf("the same content was attested for %s, want no earlier than before: the gate finds what goes back", got)
	}
	ahead := o
	ahead.Now = noon.Add(vaulttime.MaxFuture)
	p.mustAttest(ahead, "x")
	p.Write("x", "later")
	p.mustAttest(o, "x")
	if got := p.record("x.vaulttime.json").Timestamp; !got.Equal(noon) {
		t.Errorf("dated %s ahead of the clock", got.Sub(noon))
	}
}

// TestChainOfDomains takes over only what verifies, from a domain that is accepted.
func TestChainOfDomains(t *testing.T) {
	p := newPlace(t, map[string]string{"x": "one"})
	o := options(t)
	p.mustAttest(o, "x")
	from := o.Key.PublicKey()
	o.Domain, o.Now, o.Key = "prod", noon.Add(time.Hour), testKey(t, "another domain's key, of more than 32 bytes")
	for name, prepare := range map[string]func(*Options){
		"none accepted":    func(*Options) {},
		"another accepted": func(o *Options) { o.Accepts = func(d string) bool { return d == "staging" } },
		"no key":           func(o *Options) { o.Accepts = func(string) bool { return true } },
		"another key": func(o *Options) {
			o.Accepts = func(string) bool { return true }
			o.VerifyProof = func(r vaulttime.Record) (valid, known bool) { return o.Key.VerifyProof(r), true }
		},
		"expired": func(o *Options) {
			o.Accepts = func(string) bool { return true }
			o.VerifyProof = func(r vaulttime.Record) (valid, known bool) { return vaulttime.VerifyProof(from, r), true }
			o.Now = noon.Add(1000 * time.Hour)
		},
	} {
		refuses := o
		prepare(&refuses)
		before := p.State()
		var refused *RefusedError
		if _, err := p.attest(refuses, "x"); !errors.As(err, &refused) || txntest.Difference(p.State(), before) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.Accepts = func(d string) bool { return d == "runtime-core" }
	o.VerifyProof = func(r vaulttime.Record) (valid, known bool) {
		return vaulttime.VerifyProof(from, r), r.TrustDomain == "runtime-core" && r.KeyID != ""
	}
	p.mustAttest(o, "x")
	r := p.record("x.vaulttime.json")
	if len(r.Chain) != 1 || r.Chain[0].TrustDomain != "runtime-core" || !vaulttime.VerifyProof(from, r.Earlier()[0]) {
		t.Errorf("record is %s", r.Encode())
	}
	o.Now = noon.Add(2 * time.Hour)
	p.mustAttest(o, "x")
	if r = p.record("x.vaulttime.json"); len(r.Chain) != 1 {
		t.Errorf("a renewed record is %s", r.Encode())
	}
	stranger := o
	stranger.Key = testKey(t, "a stranger's key, of more than 32 bytes")
	p.mustAttest(stranger, "x")
	if r = p.record("x.vaulttime.json"); len(r.Chain) != 0 {
		t.Errorf("another key's chain was signed: %s", r.Encode())
	}
	p.mustAttest(o, "x")
	p.Write("x", "two")
	p.mustAttest(o, "x")
	if r = p.record("x.vaulttime.json"); len(r.Chain) != 0 {
		t.Errorf("a changed artifact went on with a chain: %s", r.Encode())
	}
}

func TestAttestRefuses(t *testing.T) {
	files := map[string]string{
		"ok": "1", "x": "1", "x.manifest.json": "{}", "assets/incoming/raw": "1", "assets/quarantine/q/bad": "1", "Assets/Incoming/raw2": "1",
		"gone.entry": "1", "dir/file": "1", "pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("ab", 32) + "\nsize 3\n",
		"both": "1", "both.test": "1", "badinput": "1", "secrets/codex-lock.json": "1",
	}
	for _, path := range []artifact.Path{
		"x.manifest.json", "Codex-Lock.json", "codex-lock.JSON", "assets/incoming/raw", "assets/quarantine/q/bad", "Assets/Incoming/raw2", ".git/config", "../x", "/etc/passwd", "",
		"dir", "link", "linked/file", "none", "fifo", "pointer", "both.test", "none.test/../x", "linktest", "lm", "dm",
	} {
		p := newPlace(t, files)
		symlink := func(to, at string) {
			t.Helper()
			if err := os.Symlink(to, p.Root+"/"+at); err != nil {
				t.Fatal(err)
			}
		}
		symlink("ok", "link")
		symlink("dir", "linked")
		p.Write("linktest", "1")
		symlink("/tmp/evil", "linktest.test")
		p.Write("lm", "1")
		symlink(".git/hooks", "lm.manifest.json")
		p.Write("dm", "1")
		p.Write("dm.vaulttime.json/x", "1")
		if out, err := exec.Command("mkfifo", p.Root+"/fifo").CombinedOutput(); err != nil {
			t.Fatalf("mkfifo: %v %s", err, out)
		}
		before := p.State()
		_, err := p.attest(options(t), "ok", "both", path)
		var refused *RefusedError
		var pathErr *artifact.PathError
		if !errors.As(err, &refused) && !errors.As(err, &pathErr) {
			t.Errorf("%q gave %v", path, err)
		}
		if diff := txntest.Difference(p.State(), before); diff != "" {
			t.Errorf("%q, refused, changed something:\n%s", path, diff)
		}
	}
}

func TestAttestRefusesOptions(t *testing.T) {
	p := newPlace(t, map[string]string{"x": "1", "assets/incoming/raw": "1"})
	before := p.State()
	for name, change := range map[string]func(*Options){
		"no key": func(o *Options) { o.Key = vaulttime.Key{} }, "ttl 0": func(o *Options) { o.TTLHours = 0 }, "ttl -1": func(o *Options) { o.TTLHours = -1 },
		"ttl too long": func(o *Options) { o.TTLHours = vaulttime.MaxTTLHours + 1 }, "no time": func(o *Options) { o.Now = time.Time{} },
		"year 10000": func(o *Options) { o.Now = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"variable":   func(o *Options) { o.KeyEnv = "A}; rm -rf /; ${B" }, "variable 2": func(o *Options) { o.KeyEnv = "1A" },
		"no domain": func(o *Options) { o.Domain = "" }, "domain": func(o *Options) { o.Domain = "a b\n" },
		"missing input": func(o *Options) { o.Inputs = []artifact.Path{"none"} }, "raw input": func(o *Options) { o.Inputs = []artifact.Path{"assets/incoming/raw"} },
		"unsafe input": func(o *Options) { o.Inputs = []artifact.Path{"../x"} },
	} {
		o := options(t)
		change(&o)
		if _, err := p.attest(o, "x"); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for key, want := range map[string]string{
		"short": "has 5 bytes, want at least 32", strings.Repeat("k", 31): "has 31 bytes", strings.Repeat("k", 40) + "\n": "white space", " " + strings.Repeat("k", 40): "white space",
		strings.Repeat("k", 20) + "\x01" + strings.Repeat("k", 20): "control characters",
	} {
		o := options(t)
		o.Key, o.KeyEnv = testKey(t, key), "VAULTTIME_KEY_A"
		_, err := p.attest(o, "x")
		var weak *WeakKeyError
		if !errors.As(err, &weak) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "openssl rand -hex 32") || strings.Contains(err.Error(), key) {
			t.Errorf("a key that %s gave %v", want, err)
		}
	}
	for _, text := range []string{"{", `{"artifacts":{}}`, ""} {
		p.Write("Codex-Lock.json", text)
		_, err := p.attest(options(t), "x")
		var bad *schemas.Error
		if !errors.As(err, &bad) || string(p.Read("Codex-Lock.json")) != text {
			t.Errorf("the ledger %q gave %v", text, err)
		}
	}
	if err := os.Remove(p.Root + "/Codex-Lock.json"); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("no such domain")
	_, err := Attest(context.Background(), p.Root, p.Git, []artifact.Path{"x"}, func(artifact.Path) (Options, error) { return Options{}, stop })
	if !errors.Is(err, stop) {
		t.Errorf("resolve's error became %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Attest(cancelled, p.Root, p.Git, []artifact.Path{"x"}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled attest gave %v", err)
	}
	if diff := txntest.Difference(p.State(), before); diff != "" {
		t.Errorf("refused, changed something:\n%s", diff)
	}
}

// TestConcurrentAttests loses no entry of the one ledger.
func TestConcurrentAttests(t *testing.T) {
	const n = 20
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("f%02d", i)] = fmt.Sprint(i)
	}
	p := newPlace(t, files)
	o := options(t)
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { _, errs[i] = p.attest(o, artifact.Path(fmt.Sprintf("f%02d", i))) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	l := p.ledger()
	if len(l.Artifacts) != n {
		t.Errorf("%d entries, want %d", len(l.Artifacts), n)
	}
	for name, text := range files {
		if i, ok := l.Lookup(name); !ok || l.Artifacts[i].SHA256 != artifact.HashBytes([]byte(text)) {
			t.Errorf("%s is lost", name)
		}
	}
}

// TestKeyIsNowhere looks for the key in all that was written (A3, D6).
func TestKeyIsNowhere(t *testing.T) {
	p := newPlace(t, map[string]string{"x": "1"})
	p.mustAttest(options(t), "x")
	n := 0
	for name := range p.State() {
		if info, err := os.Lstat(p.Root + "/" + name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		n++
		if strings.Contains(string(p.Read(name)), secret) {
			t.Errorf("%s holds the key", name)
		}
	}
	if n < 5 {
		t.Errorf("looked at %d files only", n)
	}
	if text, err := json.Marshal(options(t)); err != nil || strings.Contains(string(text), secret) {
		t.Errorf("options are %s, %v", text, err)
	}
}

// A test that somebody wrote can be attested itself, once its artifact is, and is
// renewed beside it; one that attest wrote cannot.
func TestATestOfOnesOwnIsAnArtifact(t *testing.T) {
	own := "#!/usr/bin/env bash\nset -euo pipefail\n[ -s x ]\n"
	p := newPlace(t, map[string]string{"x": "1", "x.test": own, "y": "1"})
	attest := func(paths ...artifact.Path) error {
		t.Helper()
		_, err := p.attest(options(t), paths...)
		return err
	}
	var refused *RefusedError
	if err := attest("x.test"); !errors.As(err, &refused) {
		t.Errorf("before its artifact: %v, want it refused", err)
	}
	if err := attest("x", "y"); err != nil {
		t.Fatal(err)
	}
	if err := attest("y.test"); !errors.As(err, &refused) {
		t.Errorf("a test that attest wrote: %v, want it refused", err)
	}
	for range 2 {
		if err := attest("x.test"); err != nil {
			t.Fatal(err)
		}
		if err := attest("x", "x.test"); err != nil { // as renewing does
			t.Fatal(err)
		}
	}
	if r := p.record("x.test.vaulttime.json"); r.Path == nil || *r.Path != "x.test" {
		t.Errorf("its record is %s", r.Encode())
	}
	if text, err := os.ReadFile(p.Root + "/x.test"); err != nil || string(text) != own {
		t.Errorf("the test became %q, %v", text, err)
	}
}
