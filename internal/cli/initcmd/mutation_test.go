package initcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/use"
)

// attestedRepository is a repository as init, attest and a commit leave it, with the
// files in assets/sources/ by name, and the world that it was made in.
func attestedRepository(t *testing.T, now time.Time, files map[string]string) (*repo.Repository, host.World) {
	t.Helper()
	ctx := t.Context()
	r, err := repo.Create(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w := host.World{Stdout: io.Discard, Stderr: io.Discard, Dir: r.Root(), Now: func() time.Time { return now },
		Env: only("VAULTTIME_KEY", "a-key-for-mutants-0123456789abcdef0123")}
	d := demo{world: w, repo: r, now: now}
	if err := runInit(ctx, w, initOptions{domain: "runtime-core"}); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := d.put(name, text); err != nil {
			t.Fatal(err)
		}
		if err := d.attest(ctx, time.Hour, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.CommitAll(ctx, "attested", now); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// TestNoMutantPasses flips every bit position in turn and cuts at every byte of
// an artifact, its record and the ledger, and deletes each: whatever differs in
// meaning from what was attested is denied, and none passes by an error.
func TestNoMutantPasses(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	r, w := attestedRepository(t, now, map[string]string{"model.bin": "weights\r\n\x00of a model"})
	judge := newJudge(t, w, r)
	if got := judge(t); got.Conclusion != report.Success {
		t.Fatalf("the unchanged repository is %s: %+v", got.Conclusion, got.Findings)
	}
	used := newUser(t, now, r.Root())
	if err := used(); err != nil {
		t.Fatalf("the unchanged artifact is not used: %v", err)
	}
	mutants := 0
	for _, name := range []string{"assets/sources/model.bin", "assets/sources/model.bin.vaulttime.json", "Codex-Lock.json"} {
		file := filepath.Join(r.Root(), filepath.FromSlash(name))
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for label, mutant := range mutantsOf(good) {
			if sameMeaning(name, good, mutant) {
				continue
			}
			mutants++
			if err := os.WriteFile(file, mutant, 0o644); err != nil {
				t.Fatal(err)
			}
			got := judge(t)
			if got.Conclusion != report.Failure || got.Counts.Trusted != 0 {
				t.Errorf("%s, %s: %s with %d trusted", name, label, got.Conclusion, got.Counts.Trusted)
			}
			if err := used(); err == nil && !onlyAgainstBase(got) {
				t.Errorf("%s, %s: the rules deny it, and codexlock run does not: %+v", name, label, got.Findings)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if got := judge(t); got.Conclusion != report.Failure {
			t.Errorf("%s, deleted: %s", name, got.Conclusion)
		}
		if err := used(); err == nil {
			t.Errorf("%s, deleted: the rules deny it, and codexlock run does not", name)
		}
		if err := os.WriteFile(file, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if mutants < 1400 {
		t.Errorf("only %d mutants were made", mutants)
	}
	if got := judge(t); got.Conclusion != report.Success {
		t.Errorf("the restored repository is %s", got.Conclusion)
	}
}

// onlyAgainstBase reports whether all denials are about a later verified_at, which shows only
// where a commit is compared with: the record's own time, which counts, is signed.
func onlyAgainstBase(r report.Report) bool {
	return !slices.ContainsFunc(r.Findings, func(f decision.Finding) bool { return f.Severity == "deny" && f.Rule != "lock.verified_at" })
}

// newUser returns a function that verifies model.bin as codexlock run does, with the
// repository's own configuration as the trust file.
func newUser(t *testing.T, now time.Time, root string) func() error {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "codexlock.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "trust.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return func() error {
		ctx := context.WithoutCancel(t.Context())
		v, err := use.Open(ctx, use.Options{
			Root: root, Dir: root, Trust: file, Now: now,
			Getenv:  use.Environment([]string{"VAULTTIME_KEY=a-key-for-mutants-0123456789abcdef0123"}),
			Sibling: func(context.Context, []byte, ...string) ([]byte, error) { return nil, nil }, // no ref
		})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		h, err := v.Verify(ctx, "assets/sources/model.bin", use.Run, use.Private)
		if err == nil {
			h.Close()
		}
		return err
	}
}

// mutantsOf flips one bit of every byte, a different one each time, and cuts
// the text before every byte.
func mutantsOf(good []byte) map[string][]byte {
	mutants := map[string][]byte{}
	for i := range good {
		flipped := bytes.Clone(good)
		flipped[i] ^= 1 << (i % 8)
		mutants[fmt.Sprintf("bit %d of byte %d", i%8, i)] = flipped
		mutants[fmt.Sprintf("cut at %d", i)] = good[:i]
	}
	return mutants
}

// sameMeaning reports whether two JSON texts say the same; an artifact's bytes
// say the same only when they are the same.
func sameMeaning(name string, a, b []byte) bool {
	if filepath.Ext(name) != ".json" {
		return bytes.Equal(a, b)
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// newJudge runs a gate whose rules are compiled once. It holds each decision to that of
// a second gate, which has every rule evaluated and knows no answer.
func newJudge(t *testing.T, w host.World, r *repo.Repository) func(*testing.T) report.Report {
	t.Helper()
	ctx := t.Context()
	g, err := gate.New(w, gate.Options{Selection: gate.Selection{Scope: facts.All}})
	if err != nil {
		t.Fatal(err)
	}
	var both [2]gate.Evaluation
	for i := range both {
		if both[i], err = g.Prepare(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	both[1].Engine.WithoutCache()
	return func(t *testing.T) report.Report {
		t.Helper()
		var decisions [2]decision.Decision
		var texts [2]string
		for i, e := range both {
			o := e.Facts
			var err error
			if o.Head, err = r.WorkTree(context.WithoutCancel(ctx)); err != nil {
				t.Fatal(err)
			}
			change, err := measure.Collect(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if decisions[i], err = e.Engine.Decide(ctx, change, policy.Options{Now: g.Now(), MinimumLevel: artifact.APlus}); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(decisions[i])
			if err != nil {
				t.Fatal(err)
			}
			texts[i] = string(text)
		}
		if texts[0] != texts[1] {
			t.Errorf("with what is known it is decided\n%.2000s\nand without\n%.2000s", texts[0], texts[1])
		}
		return report.New(decisions[0], report.Meta{Scope: "all"})
	}
}
