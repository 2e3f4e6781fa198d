package workbench_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

// modules reads what stands below a directory.
func modules(t *testing.T, dir string) []ruleset.Module {
	t.Helper()
	var all []ruleset.Module
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".rego" {
			return err
		}
		text, err := os.ReadFile(name)
		all = append(all, ruleset.Module{Name: name, Text: text})
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d modules, %v", len(all), err)
	}
	return all
}

func embedded(t *testing.T) ruleset.Source {
	t.Helper()
	s, err := ruleset.Embedded(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What new writes is as OPA's formatter writes it, compiles with the embedded
// rules, and passes its tests, which ask for every kind of answer.
func TestNewRuleWorks(t *testing.T) {
	dir := t.TempDir()
	files, err := workbench.New(dir, "policies", "acme.size", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"acme/size/size.rego", "acme/size/size_test.rego", "acme/size/README.md", "lib/sample/sample_test.rego"}
	if !slices.Equal(files, want) {
		t.Errorf("wrote %q, want %q", files, want)
	}
	own := modules(t, dir)
	parsed := map[string]*ast.Module{}
	for _, m := range own {
		formatted, err := format.SourceWithOpts(m.Name, m.Text, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil || string(formatted) != string(m.Text) {
			t.Errorf("%s is not formatted: %v\n%s", m.Name, err, formatted)
		}
		for i, line := range strings.Split(string(m.Text), "\n") {
			if len(line) > 120 && !strings.HasPrefix(line, "# ") {
				t.Errorf("%s:%d: %d bytes are too long for Regal", m.Name, i+1, len(line))
			}
		}
		parsed[m.Name] = ast.MustParseModule(string(m.Text))
	}
	findings, err := workbench.Check(workbench.Sources(embedded(t), []ruleset.Source{{Name: "policies", Modules: own}}))
	if err != nil || len(findings) > 0 {
		t.Errorf("check finds %+v, %v", findings, err)
	}
	results, err := tester.NewRunner().SetModules(parsed).RunTests(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := range results {
		if n++; !r.Pass() {
			t.Errorf("%s: %+v", r.Name, r)
		}
	}
	if n < 3 {
		t.Errorf("%d tests ran, want at least three", n)
	}
}

// A second rule takes the sample that is there, whatever its package's prefix is.
func TestNewRuleHasTheSamplesPrefix(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "lib", "sample"), 0o777); err != nil {
		t.Fatal(err)
	}
	sample := filepath.Join(dir, "lib", "sample", "sample_test.rego")
	if err := os.WriteFile(sample, []byte("package codexlock.lib.sample\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	files, err := workbench.New(dir, "policies", "acme.size", nil)
	if err != nil || len(files) != 3 {
		t.Fatalf("wrote %q, %v", files, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, files[1]))
	if err != nil || !strings.HasPrefix(string(text), "package codexlock.acme.size_test\n\nimport data.codexlock.acme.size\nimport data.codexlock.lib.sample\n") {
		t.Errorf("%v:\n%s", err, text)
	}
	if err := os.WriteFile(sample, []byte("package other\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := workbench.New(dir, "policies", "acme.other", nil); err == nil || !strings.Contains(err.Error(), "lib.sample") {
		t.Errorf("got %v", err)
	}
}

func TestNewWritesOverNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := workbench.New(dir, "policies", "acme.size", nil); err != nil {
		t.Fatal(err)
	}
	rule := filepath.Join(dir, "acme", "size", "size.rego")
	if err := os.WriteFile(rule, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	var there *workbench.ExistsError
	if _, err := workbench.New(dir, "policies", "acme.size", nil); !errors.As(err, &there) || there.Path != "policies/acme/size" {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(rule); err != nil || string(text) != "mine" {
		t.Errorf("it was written over: %q, %v", text, err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "acme"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v is left in the folder, %v", entries, err)
	}
}

func TestNewRefusesNames(t *testing.T) {
	dir := t.TempDir()
	for _, code := range []string{
		"", "acme", "acme.", ".size", "acme.size.more", "Acme.size", "acme.Size", "acme.a-b", "../x.y", "acme/x.y", "acme.x_test",
		"acme.count", "acme.import", "lib.x", "acme.deny", "acme.input", "data.x", "codexlock.x", "acme.sample", "lock.drift", "acme.1",
	} {
		_, err := workbench.New(dir, "policies", code, []string{"lock.drift"})
		var name *workbench.NameError
		if !errors.As(err, &name) || name.Hint() == "" || name.Code != code {
			t.Errorf("%q: got %v", code, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("wrote %v", entries)
	}
}
