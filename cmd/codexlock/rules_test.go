package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/codexlock/codexlock/internal/exit"
)

// TestRules runs the rules' specification: testdata/rules/*.txtar, a file an area.
// Each begins in a copy of the example repository that policies/README.md makes.
// A rule's page has one way in which it finds something; here are the others.
func TestRules(t *testing.T) {
	example := filepath.Join(exampleRepository(t), "example")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/rules",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		ContinueOnError:     true,
		Setup: func(env *testscript.Env) error {
			if out, err := exec.Command("cp", "-a", example, env.WorkDir).CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			env.Cd = filepath.Join(env.WorkDir, "example")
			// The scripts renew in the tree.
			inTree := bash(env.Cd, "sed -i '/^renewals:/d' codexlock.yaml && git commit -q -a --amend --no-edit")
			if out, err := inTree.CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			for _, pair := range append(bash(env.WorkDir, "").Env,
				"VAULTTIME_KEY=an-example-key-and-no-secret-0123456789", "CODEXLOCK_EFFECTIVE_TIME=2026-11-23T12:00:00Z",
				"NOON=2026-11-23T12:00:00Z", "LATER=2026-11-23T13:00:00Z",
			) {
				name, value, _ := strings.Cut(pair, "=")
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"edit": edit, "exits": exits, "finds": finds, "mend": mend, "sh": sh, "commit": commit,
		},
	})
}

// finds runs codexlock verify and asserts all that it finds and its exit code:
//
//	finds [FLAG...] [RULE@FILE:LINE:COLUMN...]
//
// A place that begins with ~ is a warning's, with = an excepted finding's. With nothing but warnings the exit
// code is 0, and 1 with --fail-on-warn.
func finds(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: finds [FLAG...] [RULE@FILE:LINE:COLUMN...]")
	}
	first := slices.IndexFunc(args, func(a string) bool { return strings.Contains(a, "@") })
	if first < 0 {
		first = len(args)
	}
	flags, want := args[:first], slices.Clone(args[first:])
	for i := range want { // \u0020 stands for a space, and so on
		unquoted, err := strconv.Unquote(`"` + want[i] + `"`)
		ts.Check(err)
		want[i] = unquoted
	}
	report := ts.MkAbs("../report.json")
	failed := !passes(ts, append([]string{"verify", "-f", "json=" + report, "-f", "text"}, flags...)...)
	var r struct {
		Conclusion string
		Findings   []struct {
			Rule, Severity, File, Message, Fix string
			Line, Column                       int
			Excepted                           bool
		}
	}
	if err := json.Unmarshal([]byte(ts.ReadFile(report)), &r); err != nil {
		ts.Fatalf("%v", err)
	}
	var got []string
	denied := slices.Contains(flags, "--fail-on-warn") && len(r.Findings) > 0
	for _, f := range r.Findings {
		mark := "~"
		switch {
		case f.Excepted:
			mark = "="
		case f.Severity == "deny":
			mark, denied = "", true
		}
		if f.Message == "" || f.Fix == "" {
			ts.Fatalf("%s at %s says nothing, or not what to do", f.Rule, f.File)
		}
		got = append(got, fmt.Sprintf("%s%s@%s:%d:%d", mark, f.Rule, f.File, f.Line, f.Column))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		ts.Fatalf("found\n\t%+q\nwant\n\t%+q", got, want)
	}
	if failed != denied || (r.Conclusion == "failure") != denied {
		ts.Fatalf("exit code is not 0: %t, conclusion %s, want denied: %t", failed, r.Conclusion, denied)
	}
	ts.Check(os.Remove(report))
}

// passes runs codexlock and reports whether it exits with 0: in this process, except in
// scripts in which it needs one of its own.
func passes(ts *testscript.TestScript, args ...string) bool {
	text, err := os.ReadFile(filepath.Join("testdata", "rules", ts.Name()+".txtar"))
	ts.Check(err)
	if ofProcess.Match(text) {
		return ts.Exec("codexlock", args...) == nil
	}
	return here(ts, args...) == exit.Trusted
}

// mend restores the last commit, and shows that nothing is found there.
func mend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: mend")
	}
	ts.Check(ts.Exec("git", "reset", "-q", "--hard"))
	ts.Check(ts.Exec("git", "clean", "-fdqx"))
	finds(ts, false, []string{"--all"})
}

// sh runs a line of shell.
func sh(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sh 'COMMAND'")
	}
	ts.Check(ts.Exec("bash", "-euo", "pipefail", "-c", args[0]))
}

// commit commits everything.
func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: commit")
	}
	ts.Check(ts.Exec("git", "add", "-A"))
	ts.Check(ts.Exec("git", "commit", "-q", "-m", "a commit"))
}

var (
	wanted  = regexp.MustCompile(`(?m)^finds .*`)
	codeOf  = regexp.MustCompile(`[ ~=]([a-z]+\.[a-z0-9_]+)@`)
	heading = regexp.MustCompile(`(?m)^# (?:P\d|ZT-\d+)`)
)

// TestEveryRuleIsSpecified: every rule is found in some block, under the name of
// a requirement, and no other is named.
func TestEveryRuleIsSpecified(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts, %v", err)
	}
	found := map[string]bool{}
	for _, file := range files {
		text := read(t, file)
		if !heading.MatchString(text) {
			t.Errorf("%s names no requirement", file)
		}
		for _, line := range wanted.FindAllString(text, -1) {
			for _, m := range codeOf.FindAllStringSubmatch(line, -1) {
				found[m[1]] = true
			}
		}
	}
	rules, err := filepath.Glob("../../policies/*/*/README.md")
	if err != nil || len(rules) == 0 {
		t.Fatalf("no rules, %v", err)
	}
	for _, page := range rules {
		dir := filepath.Dir(page)
		code := filepath.Base(filepath.Dir(dir)) + "." + filepath.Base(dir)
		if !found[code] {
			t.Errorf("%s is found by no block of testdata/rules", code)
		}
		delete(found, code)
	}
	for code := range found {
		t.Errorf("testdata/rules finds %s, which is no rule", code)
	}
}
