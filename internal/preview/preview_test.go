package preview_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/preview"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// TestMain is the program that a preview starts once more.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == preview.Command {
		if len(os.Environ()) > 0 {
			fmt.Println("there is an environment")
		}
		if err := preview.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func program(t *testing.T) preview.Program {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return preview.Program{Path: path, Name: "codexlock"}
}

// tree is measured already: only what the rules of these tests read is there.
type tree struct {
	paths []string
	fault error
}

func (c tree) Len() int { return len(c.paths) }

func (c tree) Artifact(_ context.Context, i int) (facts.Measurement, error) {
	return facts.Measurement{Input: facts.Input{Artifact: &facts.Artifact{Path: c.paths[i], Kind: "file"}}}, c.fault
}

func (c tree) Repository(context.Context) (facts.Measurement, error) {
	valid := func(path string) facts.Document {
		return facts.Document{Path: path, State: "valid", Problems: []facts.Problem{}}
	}
	return facts.Measurement{Input: facts.Input{Repository: &facts.Repository{
		Scope: "all", Ledger: valid("Codex-Lock.json"), Script: facts.GateScript{Path: "ingest_archive.test.sh"},
		Log: facts.Log{Document: valid("MANIFEST.integrity.json"), Checkpoint: facts.Checkpoint{Document: valid("MANIFEST.integrity.checkpoint")}},
	}}}, nil
}

func ask(t *testing.T, c facts.Change, rego string) (preview.Answer, error) {
	t.Helper()
	t.Setenv("VAULTTIME_KEY", "a-key-that-no-preview-may-see-0123456789")
	ctx, cancel := context.WithTimeout(t.Context(), preview.MaxTime)
	defer cancel()
	return program(t).Ask(ctx, preview.Question{
		Sources: []ruleset.Source{{Name: "change", Modules: []ruleset.Module{{Name: "policies/own.rego", Text: []byte(rego)}}}},
		Options: policy.Options{Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)},
	}, c)
}

func TestAnEditedRuleIsAsked(t *testing.T) {
	a, err := ask(t, tree{paths: []string{"a", "b", "c"}}, "package acme.own\n\ndeny contains \"it is b\" if input.artifact.path == \"b\"")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range a.Decision.Findings {
		if f.Rule == "acme.own" {
			found = append(found, f.Artifact)
		}
		if f.Message != "" {
			t.Errorf("the words of a rule come back: %+v", f)
		}
	}
	if fmt.Sprint(found) != "[b]" || len(a.Decision.Artifacts) != 3 || a.Rules["acme.own"] == "" || a.Rules["lock.drift"] == "" {
		t.Errorf("found %v of %d artifacts by %d rules", found, len(a.Decision.Artifacts), len(a.Rules))
	}
}

// Whatever an edited rule does, it costs a bounded time, and is told in words.
func TestAHostileRuleEnds(t *testing.T) {
	// The last word would be 4 GB long.
	doubling := "package acme.own\n\ndeny contains concat(\"\", [_s8 | some i in numbers.range(1, 1000)]) if input.artifact.path\n\n" +
		"_s0 := \"" + strings.Repeat("x", 1<<14) + "\"\n"
	for i := range 8 {
		doubling += fmt.Sprintf("\n_s%d := concat(\"\", [_s%d, _s%d])\n", i+1, i, i)
	}
	tests := map[string]struct{ rego, want string }{
		"no Rego":     {"package", "do not compile"},
		"a key":       {"package acme.own\n\ndeny contains opa.runtime().env.VAULTTIME_KEY", "do not compile"},
		"the network": {"package acme.own\n\ndeny contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://localhost\"})", "do not compile"},
		"a number":    {"package acme.own\n\ndeny contains 42", "deny holds 42"},
		"no end":      {"package acme.own\n\ndeny contains \"x\" if {\n\tsome i in numbers.range(1, 3000)\n\tsome j in numbers.range(1, 3000)\n\tsome k in numbers.range(1, 3000)\n\ti + j + k == 0\n}", "deadline"},
		"all memory":  {doubling, "memory"},
		"a long word": {"package acme.own\n\ndeny contains 42 if " + strings.Repeat("x", 5000), "do not compile"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			_, err := ask(t, tree{paths: []string{"a"}}, tt.rego)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "goroutine") || strings.Contains(err.Error(), "a-key-that") || len(err.Error()) > 2000) {
				t.Errorf("it says %q", err)
			}
			t.Logf("%s: %v", time.Since(started), err)
		})
	}
}

func TestWhatCannotBeMeasuredIsSaid(t *testing.T) {
	unreadable := errors.New("unreadable")
	if _, err := ask(t, tree{paths: []string{"a", "b"}, fault: unreadable}, "package acme.own\n\ndeny contains \"x\""); !errors.Is(err, unreadable) {
		t.Errorf("got %v", err)
	}
	if _, err := (preview.Program{}).Ask(t.Context(), preview.Question{}, tree{}); err == nil {
		t.Error("nothing was started, and it answers")
	}
	if _, err := (preview.Program{Path: "/bin/true"}).Ask(t.Context(), preview.Question{}, tree{}); err == nil {
		t.Error("another program is taken at its word")
	}
}
