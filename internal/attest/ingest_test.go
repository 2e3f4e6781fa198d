package attest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/incoming"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

const heldID = "20251109T110000Z-00000000000000ff"

// incomingPlace has files to take in, a source, and a file in quarantine.
func incomingPlace(t testing.TB) place {
	p := newPlace(t, map[string]string{
		"assets/sources/old": "old", "assets/incoming/good": "good", "assets/incoming/good.manifest.json": "{}", "assets/incoming/sub/good.sh": "too",
		"assets/incoming/bad": "bad", "assets/incoming/bad.test": "#!/bin/sh\n", "assets/incoming/.gitkeep": "",
	})
	p.mustAttest(options(t), "assets/sources/old")
	held := p.reason("assets/incoming/held", "held")
	file, err := held.File()
	if err != nil {
		t.Fatal(err)
	}
	p.Write(file.Path.String(), string(file.Text()))
	p.Write("assets/quarantine/"+heldID+"/"+held.SHA256.String()+".bin", "held")
	return p
}

func (p place) reason(path, text string) incoming.Reason {
	return incoming.Reason{
		ID: heldID, QuarantinedAt: "2025-11-09T11:00:00Z", By: "ingest", Path: path,
		Target: strings.Replace(path, "incoming", "sources", 1), SHA256: artifact.HashBytes([]byte(text)), Size: int64(len(text)),
		Mode: "0644", Reason: "why", Findings: []incoming.Finding{}, Files: []incoming.QuarantinedFile{},
	}
}

// denyBad is a gate that has one rule.
func denyBad(_ context.Context, c txn.Change, paths []artifact.Path) (map[artifact.Path][]incoming.Finding, error) {
	found := map[artifact.Path][]incoming.Finding{}
	for _, p := range paths {
		if strings.HasPrefix(p.Base(), "bad") {
			found[p] = []incoming.Finding{{Rule: "test.bad", File: p.String(), Message: "is bad"}}
		}
	}
	return found, nil
}

func ids() func() (string, error) {
	n := 0
	return func() (string, error) { n++; return fmt.Sprintf("%016x", n), nil }
}

func (p place) ingestion(named ...artifact.Path) Ingestion {
	p.T.Helper()
	arrivals, _, err := incoming.Find(p.Root, named)
	if err != nil {
		p.T.Fatal(err)
	}
	return Ingestion{
		Incoming: arrivals, Judge: denyBad, Now: noon, NewID: ids(),
		Resolve: func(artifact.Path) (Options, error) { return options(p.T), nil },
	}
}

func (p place) ingest(in Ingestion) Ingested {
	p.T.Helper()
	got, err := Ingest(context.Background(), p.Root, p.Git, in)
	if err != nil {
		p.T.Fatal(err)
	}
	return got
}

// intake is what TestKilledAnywhere kills.
func (p place) intake(what string) error {
	ctx := context.Background()
	switch what {
	case "ingest":
		_, err := Ingest(ctx, p.Root, p.Git, p.ingestion())
		return err
	case "quarantine":
		_, err := incoming.Quarantine(ctx, p.Root, p.Git, []incoming.Drifted{{Path: "assets/sources/old", SHA256: artifact.HashBytes([]byte("old"))}}, noon, ids())
		return err
	}
	held, err := incoming.Quarantines(p.Root)
	if err != nil {
		return err
	}
	a, err := held[0].IncomingFile("")
	if err != nil {
		return err
	}
	in := p.ingestion()
	in.Incoming, in.Strict = []incoming.File{a}, true
	in.Also = func(a Attested) (txn.File, error) {
		return incoming.Release{
			ID: heldID, ReleasedAt: "2025-11-09T12:00:00Z", ReleasedBy: "me", Reason: "r", Path: a.Path.String(), SHA256: a.SHA256, Domain: a.Domain, KeyID: a.KeyID,
		}.File()
	}
	_, err = Ingest(ctx, p.Root, p.Git, in)
	return err
}

// files are the regular files below a folder.
func (p place) files(folder string) (names []string) {
	for name, state := range p.State() {
		if strings.HasPrefix(name, folder+"/") && !strings.HasPrefix(state, "d") {
			names = append(names, strings.TrimPrefix(name, folder+"/"))
		}
	}
	slices.Sort(names)
	return names
}

// TestIngest: what passes is a source, read-only; what fails is in quarantine
// with its companions; nothing is in two places (ZT-6).
func TestIngest(t *testing.T) {
	p := incomingPlace(t)
	in := p.ingestion()
	in.Judge = func(ctx context.Context, c txn.Change, paths []artifact.Path) (map[artifact.Path][]incoming.Finding, error) {
		found, err := denyBad(ctx, c, paths)
		if len(paths) == 1 { // as it came: {} is no manifest, and a rule would say so
			found["assets/sources/good"] = []incoming.Finding{{Rule: "manifest.missing", File: "Codex-Lock.json", Message: "is not what came"}}
		}
		return found, err
	}
	got := p.ingest(in)
	if len(got.Attested) != 2 || got.Attested[0].Path != "assets/sources/good" || got.Attested[1].Path != "assets/sources/sub/good.sh" {
		t.Errorf("attested %v", got.Attested)
	}
	if names := p.files("assets/incoming"); !slices.Equal(names, []string{".gitkeep"}) {
		t.Errorf("left in incoming: %v", names)
	}
	for _, name := range []string{"good", "sub/good.sh"} {
		info, err := os.Stat(p.Root + "/assets/sources/" + name)
		if err != nil || info.Mode() != 0o444 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	folder := "assets/quarantine/20251109T120000Z-0000000000000001/"
	digest := artifact.HashBytes([]byte("bad")).String()
	want := []string{digest + ".bin", digest + ".test", "reason.json"}
	if names := p.files(strings.TrimSuffix(folder, "/")); !slices.Equal(names, want) {
		t.Errorf("in quarantine: %v, want %v", names, want)
	}
	for _, name := range want {
		if info, err := os.Stat(p.Root + "/" + folder + name); err != nil || info.Mode() != 0o400 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	var reason incoming.Reason
	if _, err := schemas.Decode(kinds.Quarantine, p.Read(folder+"reason.json"), &reason); err != nil {
		t.Fatal(err)
	}
	if reason.Path != "assets/incoming/bad" || reason.Target != "assets/sources/bad" || reason.By != "ingest" || len(reason.Findings) != 1 || len(reason.Files) != 2 {
		t.Errorf("reason %+v", reason)
	}
	if text := string(p.Read("Codex-Lock.json")); strings.Contains(text, "/bad") || strings.Count(text, `"path"`) != 3 {
		t.Errorf("the ledger is %s", text)
	}
	gone := in
	gone.Incoming = gone.Incoming[:1]
	if got := p.ingest(gone); len(got.Left) != 1 || len(got.Quarantined) != 0 {
		t.Errorf("what another run took gave %+v", got)
	}
	before := p.State()
	if again := p.ingest(p.ingestion()); len(again.Attested)+len(again.Quarantined) > 0 || txntest.Difference(p.State(), before) != "" {
		t.Errorf("a second run did %+v", again)
	}
}

// TestAsItCame: a finding on a companion that came along keeps its artifact out.
func TestAsItCame(t *testing.T) {
	p := incomingPlace(t)
	in := p.ingestion("assets/incoming/good")
	in.Judge = func(_ context.Context, c txn.Change, paths []artifact.Path) (map[artifact.Path][]incoming.Finding, error) {
		if !slices.ContainsFunc(c.Files, func(f txn.File) bool { return string(f.Text()) == "{}" }) {
			return nil, nil
		}
		return map[artifact.Path][]incoming.Finding{paths[0]: {{Rule: "manifest.schema", File: "assets/sources/good.manifest.json", Message: "no"}}}, nil
	}
	got := p.ingest(in)
	if len(got.Quarantined) != 1 || got.Quarantined[0].Findings[0].Rule != "manifest.schema" || len(got.Attested) != 0 {
		t.Errorf("got %+v", got)
	}
	if names := p.files("assets/incoming"); slices.Contains(names, "good") || !slices.Contains(names, "bad") {
		t.Errorf("incoming has %v", names)
	}
}

// TestWhatWasMadeFromAReject is judged again without it.
func TestWhatWasMadeFromAReject(t *testing.T) {
	p := incomingPlace(t)
	digest := artifact.HashBytes([]byte("made")).String()
	p.Write("assets/incoming/made", "made")
	p.Write("assets/incoming/made.manifest.json", `{"sha256":"`+digest+`","inputs":[{"path":"assets/sources/bad","sha256":"`+digest+`"}]}`)
	in := p.ingestion()
	rounds := 0
	in.Judge = func(ctx context.Context, c txn.Change, paths []artifact.Path) (map[artifact.Path][]incoming.Finding, error) {
		rounds++
		found, err := denyBad(ctx, c, paths)
		if !slices.ContainsFunc(c.Moves, func(m txn.Move) bool { return m.To == "assets/sources/bad" }) {
			found["assets/sources/made"] = []incoming.Finding{{Rule: "manifest.inputs", File: "assets/sources/made.manifest.json", Message: "input missing"}}
		}
		return found, err
	}
	got := p.ingest(in)
	if len(got.Quarantined) != 2 || len(got.Attested) != 2 || rounds < 3 {
		t.Errorf("%d rounds, got %+v", rounds, got)
	}
}

// TestArrivalsThatAreNone: links, FIFOs and folders of Git are never opened (B4,
// B16), and names that are no artifact's are moved out of the way (B17).
func TestArrivalsThatAreNone(t *testing.T) {
	p := newPlace(t, map[string]string{"assets/incoming/.git/config": "x", "assets/incoming/new\nline": "n", "assets/incoming/\xff": "u", "assets/incoming/back\\slash": "b"})
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(os.WriteFile(outside, []byte("secret"), 0o644), os.Symlink(outside, p.Root+"/assets/incoming/link"),
		os.Symlink(filepath.Dir(outside), p.Root+"/assets/incoming/folder"), syscall.Mkfifo(p.Root+"/assets/incoming/fifo", 0o644)); err != nil {
		t.Fatal(err)
	}
	p.Write("assets/incoming/pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:"+artifact.HashBytes(nil).String()+"\nsize 3\n")
	p.Write("assets/incoming/"+strings.Repeat("l", 250), "long")
	_, left, err := incoming.Find(p.Root, nil)
	if err != nil || len(left) != 4 {
		t.Errorf("left %v, %v", left, err)
	}
	got := p.ingest(p.ingestion())
	if len(got.Quarantined) != 5 || len(got.Attested) != 0 || len(got.Left) != 0 {
		t.Errorf("got %+v", got)
	}
	held, err := incoming.Quarantines(p.Root)
	if err != nil || len(held) != 5 {
		t.Fatalf("%d held, %v", len(held), err)
	}
	if names := p.files("assets/incoming"); !slices.Equal(names, []string{".git/config", "fifo", "folder", "link"}) {
		t.Errorf("left in incoming: %q", names)
	}
	for _, h := range held {
		if strings.Contains(h.Path, "\n") || strings.Contains(h.Path, "\xff") {
			t.Errorf("%q is not escaped", h.Path)
		}
		if a, err := h.IncomingFile("assets/sources/elsewhere"); err != nil || a.To != "assets/sources/elsewhere" {
			t.Errorf("%v, %v", a, err)
		}
	}
}

// TestSourcesDoNotChange: other content takes the place of a source only where
// that is asked for (P3).
func TestSourcesDoNotChange(t *testing.T) {
	for _, replace := range []bool{false, true} {
		p := incomingPlace(t)
		p.Write("assets/incoming/old", "new")
		in := p.ingestion("assets/incoming/old")
		in.Incoming[0].Replace = replace
		got := p.ingest(in)
		if replace != (len(got.Attested) == 1) || replace == (len(got.Denied) == 1) || len(got.Quarantined) > 0 {
			t.Errorf("replace %v gave %+v", replace, got)
		}
		if _, err := os.Stat(p.Root + "/assets/incoming/old"); (err == nil) == replace {
			t.Errorf("replace %v: the file that came in: %v", replace, err)
		}
		if text := string(p.Read("assets/sources/old")); (text == "new") != replace {
			t.Errorf("replace %v: %s", replace, text)
		}
	}
	p := incomingPlace(t)
	p.Write("assets/incoming/old", "old")
	if got := p.ingest(p.ingestion("assets/incoming/old")); len(got.Attested) != 1 {
		t.Errorf("the same content gave %+v", got)
	}
}

// TestIngestIsAllOrNothing where the gate cannot answer, or the tree moves on.
func TestIngestIsAllOrNothing(t *testing.T) {
	p := incomingPlace(t)
	before := p.State()
	broken := errors.New("broken")
	in := p.ingestion()
	in.Judge = func(context.Context, txn.Change, []artifact.Path) (map[artifact.Path][]incoming.Finding, error) {
		return nil, broken
	}
	if _, err := Ingest(t.Context(), p.Root, p.Git, in); !errors.Is(err, broken) {
		t.Errorf("a broken gate gave %v", err)
	}
	in.Judge = denyBad
	in.NewID = func() (string, error) { return "", broken }
	if _, err := Ingest(t.Context(), p.Root, p.Git, in); !errors.Is(err, broken) {
		t.Errorf("no randomness gave %v", err)
	}
	in = p.ingestion()
	in.Judge = func(ctx context.Context, c txn.Change, paths []artifact.Path) (map[artifact.Path][]incoming.Finding, error) {
		p.Write("assets/incoming/good", "swapped after it was judged")
		return denyBad(ctx, c, paths)
	}
	_, err := Ingest(t.Context(), p.Root, p.Git, in)
	if refused := (*RefusedError)(nil); !errors.As(err, &refused) || !refused.Unsettled {
		t.Errorf("a swapped file gave %v", err)
	}
	p.Write("assets/incoming/good", "good")
	if diff := txntest.Difference(p.State(), before); diff != "" {
		t.Errorf("something happened:\n%s", diff)
	}
	if _, err := os.Lstat(p.Root + "/assets/sources/good"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is in: %v", err)
	}
}
