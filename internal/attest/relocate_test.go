package attest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn/txntest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// familyPlace has artifacts in a folder, and one elsewhere that was made from one of them.
func familyPlace(t testing.TB) place {
	p := newPlace(t, map[string]string{"dir/x": "x", "dir/y": "y", "dir/notes": "notes", "made": "made"})
	o := options(t)
	o.SignCompanions = true
	p.mustAttest(o, "dir/x", "dir/y")
	o.Inputs = []artifact.Path{"dir/x", "dir/notes"}
	p.mustAttest(o, "made")
	return p
}

func (p place) relocate(plan Relocation) (Relocated, error) {
	plan.Resolve = func(artifact.Path, vaulttime.Record) (Options, error) {
		o := options(p.T)
		o.Now = noon.Add(time.Hour)
		return o, nil
	}
	return Relocate(context.Background(), p.Root, p.Git, plan)
}

// TestRelocateApprovesNothing: whatever differs from what is recorded of a renamed artifact,
// or of one that was made from it, nothing is renamed.
func TestRelocateApprovesNothing(t *testing.T) {
	rename := Relocation{Renames: []Rename{{"dir/x", "dir/z"}}}
	for name, change := range map[string]func(p place){
		"content":            func(p place) { p.Write("dir/x", "other") },
		"manifest":           func(p place) { p.edit("dir/x.manifest.json", "someone", "somebody") },
		"manifest's hash":    func(p place) { p.edit("dir/x.manifest.json", `"sha256": "`, `"sha256": "00`) },
		"test":               func(p place) { p.edit("dir/x.test", "set -e", "set +e") },
		"record":             func(p place) { p.edit("dir/x.vaulttime.json", `"ttl_hours": 24`, `"ttl_hours": 25`) },
		"record of another":  func(p place) { p.Write("dir/x.vaulttime.json", string(p.Read("dir/y.vaulttime.json"))) },
		"entry's domain":     func(p place) { p.edit("Codex-Lock.json", "runtime-core", "other") },
		"dependent":          func(p place) { p.Write("made", "other") },
		"dependent's input":  func(p place) { p.Write("dir/notes", "other") },
		"dependent's record": func(p place) { p.edit("made.vaulttime.json", `"proof": "`, `"proof": "AA`) },
		"destination":        func(p place) { p.Write("dir/z", "taken") },
		"its companion":      func(p place) { p.Write("dir/z.test", "taken") },
		"no record":          func(p place) { p.remove("dir/x.vaulttime.json") },
		"no manifest":        func(p place) { p.remove("dir/x.manifest.json") },
		"both moved":         func(p place) { p.Write("dir/z.manifest.json", string(p.Read("dir/x.manifest.json"))) },
	} {
		t.Run(name, func(t *testing.T) {
			p := familyPlace(t)
			change(p)
			before := p.State()
			_, err := p.relocate(rename)
			if err == nil {
				t.Error("it was renamed")
			}
			if diff := txntest.Difference(p.State(), before); diff != "" {
				t.Error(diff)
			}
		})
	}
	p := familyPlace(t)
	done, err := p.relocate(rename)
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Attested) != 2 || len(done.Reattested) != 1 {
		t.Errorf("got %+v", done)
	}
	r := p.record("dir/z.vaulttime.json")
	if *r.Path != "dir/z" || !options(t).Key.Valid(r) || r.ManifestSHA256 == nil || *r.ManifestSHA256 != artifact.HashBytes(p.Read("dir/z.manifest.json")) {
		t.Errorf("record is %s", r.Encode())
	}
	if m := p.manifest("dir/z.manifest.json"); m.Artifact != "dir/z" || m.Creator != "someone" || m.GeneratedAt != "2025-11-09T12:00:00Z" {
		t.Errorf("manifest is %s", m.Encode())
	}
	inputs := *p.manifest("made.manifest.json").Inputs
	if len(inputs) != 2 || inputs[0].Path != "dir/z" || inputs[1].Path != "dir/notes" {
		t.Errorf("inputs are %+v", inputs)
	}
}

// TestRelocateRefusesAll lists every refusal.
func TestRelocateRefusesAll(t *testing.T) {
	p := familyPlace(t)
	_, err := p.relocate(Relocation{Renames: []Rename{{"dir/none", "a"}, {"dir/x", "dir/y"}}, Removes: []artifact.Path{"dir/notes"}})
	var all *Refusals
	if !errors.As(err, &all) || len(all.Errs) != 3 {
		t.Errorf("got %v", err)
	}
}
