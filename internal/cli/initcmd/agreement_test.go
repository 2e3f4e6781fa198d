package initcmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/cli/usecmd"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/use"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

const (
	firstKey  = "a-key-for-mutants-0123456789abcdef0123"
	secondKey = "the-key-after-it-0123456789abcdef0123456"
)

// TestUseAgreesWithTheGate: whatever the states of the keys are and whichever the run has,
// codexlock run and the gate say the same of an artifact, unchanged since the commit that is
// trusted or not. With the key alone, where HEAD is trusted only as far as it is strict, run
// never says yes where the gate says no.
func TestUseAgreesWithTheGate(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	line := func(secret, state string) string {
		key, err := vaulttime.NewKey([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("      - {id: %q, key: %q, state: %s}\n", key.ID(), vaulttime.FormatPublicKey(key.PublicKey()), state)
	}
	listed := func(lines ...string) func(string) string {
		return func(text string) string {
			before, _, _ := strings.Cut(text, "    public_keys:")
			if len(lines) == 0 {
				return before
			}
			return before + "    public_keys:\n" + strings.Join(lines, "")
		}
	}
	rotated := listed(line(secondKey, "current"), line(firstKey, "retiring"))
	deny := func(edit func(string) string) func(string) string {
		return func(text string) string {
			return strings.Replace(edit(text), "keyless: proof", "keyless: deny ", 1)
		}
	}
	records := func(version string, edit func(string) string) func(string) string {
		return func(text string) string { return strings.Replace(edit(text), "records: 2", "records: "+version, 1) }
	}
	same := func(text string) string { return text }
	const current, old = "VAULTTIME_KEY=", "VAULTTIME_KEY_OLD="
	trusted := 0
	for _, c := range []struct {
		name string
		edit func(string) string
		env  []string
		age  time.Duration
		one  bool // the records are of the first form: they do not sign their companions
	}{
		{"a current key", nil, []string{current + firstKey}, 0, false},
		{"a current key, not held", nil, nil, 0, false},
		{"a current key, not held, and no proof without it", deny(listed(line(firstKey, "current"))), nil, 0, false},
		{"a retiring key, both held", rotated, []string{current + secondKey, old + firstKey}, 0, false},
		{"a retiring key, both held in exchanged variables", rotated, []string{current + firstKey, old + secondKey}, 0, false},
		{"a retiring key, not held", rotated, []string{current + secondKey}, 0, false},
		{"a retiring key, none held", rotated, nil, 0, false},
		{"a retiring key, both held, and no proof without", deny(rotated), []string{current + secondKey, old + firstKey}, 0, false},
		{"a retiring key, not held, and no proof without it", deny(rotated), []string{current + secondKey}, 0, false},
		{"a retiring key, expired", rotated, []string{current + secondKey, old + firstKey}, 25 * time.Hour, false},
		{"a revoked key, both held", listed(line(secondKey, "current"), line(firstKey, "revoked")), []string{current + secondKey, old + firstKey}, 0, false},
		{"a revoked key, not held", listed(line(secondKey, "current"), line(firstKey, "revoked")), []string{current + secondKey}, 0, false},
		{"two current keys", listed(line(secondKey, "current"), line(firstKey, "current")), []string{current + secondKey, old + firstKey}, 0, false},
		{"two current keys, the signing one not held", listed(line(secondKey, "current"), line(firstKey, "current")), []string{current + secondKey}, 0, false},
		{"a key that is not listed", listed(line(secondKey, "current")), []string{current + secondKey, old + firstKey}, 0, false},
		{"no key listed", listed(), []string{current + firstKey}, 0, false},
		{"no key listed, replaced", listed(), []string{current + secondKey, old + firstKey}, 0, false},
		{"no key listed, replaced, the old one not held", listed(), []string{current + secondKey}, 0, false},
		{"no key listed, none held", listed(), nil, 0, false},
		{"no proof required", func(text string) string {
			return strings.Replace(rotated(text), "require_proof: true", "require_proof: false", 1)
		}, []string{current + secondKey, old + firstKey}, 0, false},
		{"records: 1", records("1", same), []string{current + firstKey}, 0, true},
		{"records: 1, signed with their companions", records("1", same), []string{current + firstKey}, 0, false},
		{"records: 1, a retiring key", records("1", rotated), []string{current + secondKey, old + firstKey}, 0, true},
		{"records: 2, and those of the first form", same, []string{current + firstKey}, 0, true},
		{"records: 2, and those of the first form, a retiring key", rotated, []string{current + secondKey, old + firstKey}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w := attestedRepository(t, now.Add(-c.age), nil)
			w.Now = func() time.Time { return now }
			root := r.Root()
			d := demo{world: w, repo: r, now: now}
			attest := func(text string) {
				t.Helper()
				if err := d.put("model.bin", text); err != nil {
					t.Fatal(err)
				}
				if err := d.attest(t.Context(), c.age, "model.bin"); err != nil {
					t.Fatal(err)
				}
			}
			before := readAll(t, root, []string{"codexlock.yaml"})
			if c.one {
				writeAll(t, root, map[string]string{"codexlock.yaml": records("1", same)(before["codexlock.yaml"])})
				if _, err := r.CommitAll(t.Context(), "the first form", now); err != nil {
					t.Fatal(err)
				}
			}
			attest("weights")
			names := []string{"assets/sources/model.bin", "assets/sources/model.bin.manifest.json", "assets/sources/model.bin.test", "assets/sources/model.bin.vaulttime.json", "Codex-Lock.json"}
			unchanged := readAll(t, root, names)
			attest("other weights") // by whoever still has the first key
			signed := readAll(t, root, names)
			writeAll(t, root, unchanged)
			with := func(name, from, to string) map[string]string {
				edited := maps.Clone(unchanged)
				if edited[name] = strings.Replace(edited[name], from, to, 1); edited[name] == unchanged[name] {
					t.Fatalf("%s has no %q", name, from)
				}
				return edited
			}
			text := before["codexlock.yaml"]
			if c.edit != nil {
				text = c.edit(text)
			}
			writeAll(t, root, map[string]string{"codexlock.yaml": text})
			id, err := r.CommitAll(t.Context(), "the keys", now)
			if err != nil {
				t.Fatal(err)
			}
			w.Env = use.Environment(c.env)
			judge := plainJudge(t, w, r)
			for _, state := range []struct {
				name  string
				files map[string]string
			}{
				{"unchanged", unchanged},
				{"other content, signed with the first key", signed},
				{"edited", with(names[0], "weights", "evil weights")},
				{"an edited manifest", with(names[1], `"demo"`, `"evil"`)},
				{"an edited test", with(names[2], "set -euo pipefail", "set -euo pipefail # and more")},
			} {
				writeAll(t, root, state.files)
				decided := judge(t)
				trusts := decided.Counts.Trusted == 1
				if trusts != (decided.Conclusion != report.Failure) && state.name != "unchanged" {
					t.Errorf("%s: the gate concludes %s and trusts %d", state.name, decided.Conclusion, decided.Counts.Trusted)
				}
				if trusts {
					trusted++
				}
				if err := useModel(t, w, root, c.env, string(id), now); (err == nil) != trusts {
					t.Errorf("%s: the gate trusts it is %t, and run says %v; the gate finds %+v", state.name, trusts, err, decided.Findings)
				}
				if err := useModel(t, w, root, c.env, "", now); err == nil && !trusts {
					t.Errorf("%s: with the key alone run uses what the gate denies: %+v", state.name, decided.Findings)
				}
			}
		})
	}
	if trusted < 10 {
		t.Errorf("the gate trusts %d of all: the test compares denials alone", trusted)
	}
}

// plainJudge runs a gate about the work tree whose rules are compiled once.
func plainJudge(t *testing.T, w host.World, r *repo.Repository) func(*testing.T) report.Report {
	t.Helper()
	g, err := gate.New(w, gate.Options{Selection: gate.Selection{Scope: facts.All}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := g.Prepare(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) report.Report {
		t.Helper()
		ctx := t.Context()
		o := e.Facts
		if o.Head, err = r.WorkTree(ctx); err != nil {
			t.Fatal(err)
		}
		change, err := measure.Collect(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		decided, err := e.Engine.Decide(ctx, change, policy.Options{Now: g.Now(), MinimumLevel: artifact.APlus})
		if err != nil {
			t.Fatal(err)
		}
		return report.New(decided, report.Meta{Scope: "all"})
	}
}

func readAll(t *testing.T, root string, names []string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return files
}

func writeAll(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// useModel verifies model.bin as codexlock run does: with the configuration of a commit or,
// without one, with the key alone.
func useModel(t *testing.T, w host.World, root string, env []string, base string, now time.Time) error {
	t.Helper()
	ctx := t.Context()
	sibling := func(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
		var out bytes.Buffer
		asked := w
		asked.Stdin, asked.Stdout, asked.Stderr = bytes.NewReader(stdin), &out, io.Discard
		cmd := usecmd.AtUse(asked)
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(ctx)
		return out.Bytes(), err
	}
	v, err := use.Open(ctx, use.Options{Root: root, Dir: root, Base: base, Now: now, Getenv: use.Environment(env), Sibling: sibling})
	if err != nil {
		return err
	}
	defer v.Close()
	h, err := v.Verify(ctx, "assets/sources/model.bin", use.Run, use.Private)
	if err == nil {
		h.Close()
	}
	return err
}
