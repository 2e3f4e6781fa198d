package incoming_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/incoming"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

const heldID = "20251109T110000Z-00000000000000ff"

// place has incoming files, a source with its companions, and a file in quarantine.
func place(t *testing.T) txntest.Place {
	t.Helper()
	p := txntest.New(t, map[string]string{
		"assets/incoming/good": "good", "assets/incoming/good.manifest.json": "{}", "assets/incoming/sub/good.sh": "too",
		"assets/incoming/bad": "bad", "assets/incoming/bad.test": "#!/bin/sh\n", "assets/incoming/.gitkeep": "",
		"assets/sources/old": "old", "assets/sources/old.manifest.json": "{}", "assets/sources/old.vaulttime.json": "{}", "assets/sources/old.test": "#!/bin/sh\n",
		"Codex-Lock.json": "{}",
	})
	digest := artifact.HashBytes([]byte("held"))
	file, err := incoming.Reason{
		ID: heldID, QuarantinedAt: "2025-11-09T11:00:00Z", By: "ingest", Path: "assets/incoming/held", Target: "assets/sources/held", SHA256: digest, Size: 4,
		Mode: "0644", Reason: "why", Findings: []incoming.Finding{}, Files: []incoming.QuarantinedFile{},
	}.File()
	if err != nil {
		t.Fatal(err)
	}
	p.Write(file.Path.String(), string(file.Text()))
	p.Write("assets/quarantine/"+heldID+"/"+digest.String()+".bin", "held")
	return p
}

// TestFindTakesCompanionsAlong: a companion is no file of its own, and a name or a folder
// selects files.
func TestFindTakesCompanionsAlong(t *testing.T) {
	p := place(t)
	for _, c := range []struct {
		named []artifact.Path
		want  string // "": refused
	}{
		{nil, "bad good sub/good.sh"}, {[]artifact.Path{"assets/incoming"}, "bad good sub/good.sh"}, {[]artifact.Path{"assets/incoming/sub"}, "sub/good.sh"}, {[]artifact.Path{"assets/incoming/bad.test"}, "bad"},
		{[]artifact.Path{"assets/incoming/none"}, ""}, {[]artifact.Path{"assets/sources/old"}, ""}, {[]artifact.Path{"assets/incoming/.gitkeep"}, ""},
	} {
		found, _, err := incoming.Find(p.Root, c.named)
		var names []string
		for _, f := range found {
			names = append(names, strings.TrimPrefix(string(f.From), "assets/incoming/"))
			if f.To != artifact.Path(strings.Replace(string(f.From), "incoming", "sources", 1)) {
				t.Errorf("%s goes to %s", f.From, f.To)
			}
			if kinds := len(f.Companions); (kinds == 1) != (f.To.Base() == "good" || f.To.Base() == "bad") {
				t.Errorf("%s has %d companions", f.From, kinds)
			}
		}
		if got := strings.Join(names, " "); got != c.want || (c.want == "") != errors.As(err, new(*txn.RefusedError)) {
			t.Errorf("%v gave %q, %v, want %q", c.named, got, err, c.want)
		}
	}
	if found, left, err := incoming.Find(t.TempDir(), nil); len(found)+len(left) != 0 || err != nil {
		t.Errorf("no folder gave %v, %v, %v", found, left, err)
	}
}

// TestQuarantineOfASource moves it with its companions and leaves the ledger.
func TestQuarantineOfASource(t *testing.T) {
	p, noon := place(t), time.Date(2025, 11, 9, 12, 0, 0, 0, time.UTC)
	ids := 0
	id := func() (string, error) { ids++; return fmt.Sprintf("%016x", ids), nil }
	wrong := []incoming.Drifted{{Path: "assets/sources/old", SHA256: artifact.HashBytes([]byte("another"))}}
	if _, err := incoming.Quarantine(t.Context(), p.Root, p.Git, wrong, noon, id); !errors.As(err, new(*txn.RefusedError)) {
		t.Errorf("a source that changed since gave %v", err)
	}
	drifted := []incoming.Drifted{{Path: "assets/sources/old", SHA256: artifact.HashBytes([]byte("old")), Findings: []incoming.Finding{{Rule: "lock.drift", Message: "differs"}}}}
	done, err := incoming.Quarantine(t.Context(), p.Root, p.Git, drifted, noon, id)
	if err != nil || len(done) != 1 || done[0].ID != "20251109T120000Z-0000000000000001" {
		t.Fatalf("%+v, %v", done, err)
	}
	var names []string
	for name := range p.State() {
		if rest, ok := strings.CutPrefix(name, "assets/quarantine/"+done[0].ID+"/"); ok {
			names = append(names, rest)
		}
		if strings.HasPrefix(name, "assets/sources/") {
			t.Errorf("%s is still there", name)
		}
	}
	if slices.Sort(names); len(names) != 5 {
		t.Errorf("quarantine has %v", names)
	}
	if text := string(p.Read("Codex-Lock.json")); text != "{}" {
		t.Errorf("the ledger is %q", text)
	}
	held, err := incoming.Quarantines(p.Root)
	if err != nil || len(held) != 2 || held[1].Reason.Reason != "differs" || held[1].Findings[0].Rule != "lock.drift" {
		t.Errorf("%+v, %v", held, err)
	}
}

// TestDamagedQuarantinesAreReported and hide no other.
func TestDamagedQuarantinesAreReported(t *testing.T) {
	p := place(t)
	p.Write("assets/quarantine/empty/x", "")
	p.Write("assets/quarantine/other/reason.json", string(p.Read("assets/quarantine/"+heldID+"/reason.json")))
	if err := os.Symlink("/etc", p.Root+"/assets/quarantine/link"); err != nil {
		t.Fatal(err)
	}
	held, err := incoming.Quarantines(p.Root)
	if len(held) != 1 || !errors.As(err, new(*incoming.DamagedQuarantineError)) || strings.Count(err.Error(), "assets/quarantine/") < 3 {
		t.Errorf("%v, %v", held, err)
	}
	if f, err := held[0].IncomingFile(""); err != nil || f.To != "assets/sources/held" || !f.Anew {
		t.Errorf("%+v, %v", f, err)
	}
}
