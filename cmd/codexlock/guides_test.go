package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A guideStep is a shell block of a guide, and the text block below it: what it prints.
type guideStep struct {
	script     string
	exit       int    // sh exit=1: its last command is to end so
	prints     string // of a text block that follows at once
	from, to   int    // where prints stands in the guide
	hasPrinted bool
}

var (
	shellBlock = regexp.MustCompile("(?m)^```sh(?: exit=([0-9]))?\n((?s:.*?))^```\n")
	expiry     = regexp.MustCompile(`valid until \S+Z:`) // a day after the test ran
	textBlock  = regexp.MustCompile("^\n(?:[^`#\n][^\n]*\n)*\n?```text\n((?s:.*?))```\n")
)

// TestGuides follows each guide from an empty directory: every shell block runs,
// in one shell, and prints what the guide says.
// CODEXLOCK_UPDATE=1 go test ./cmd/codexlock -run TestGuides writes what is printed.
func TestGuides(t *testing.T) {
	for _, name := range []string{"adopting.md", "month.md", "policy-owners.md", "recovering.md", "records.md", "reports.md", "repositories.md", "reviewers.md", "upgrading.md"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("..", "..", "docs", "guides", name)
			guide := read(t, file)
			steps := stepsOf(t, guide)
			followed := follow(t, steps)
			for i := len(steps) - 1; i >= 0; i-- {
				s, got := steps[i], followed[i]
				if got.exit != s.exit || got.failed != "" {
					t.Errorf("%s: exit code %d, want %d; %sof\n%s\nwhich prints\n%s", name, got.exit, s.exit, got.failed, s.script, got.printed)
				}
				if !s.hasPrinted || got.printed == s.prints {
					continue
				}
				if os.Getenv("CODEXLOCK_UPDATE") == "" {
					t.Errorf("%s:\n%s\nprints\n%s\nand the guide says\n%s", name, s.script, got.printed, s.prints)
					continue
				}
				guide = guide[:s.from] + got.printed + guide[s.to:]
			}
			if os.Getenv("CODEXLOCK_UPDATE") != "" && !t.Failed() {
				if err := os.WriteFile(file, []byte(guide), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func stepsOf(t *testing.T, guide string) []guideStep {
	t.Helper()
	var steps []guideStep
	for _, m := range shellBlock.FindAllStringSubmatchIndex(guide, -1) {
		s := guideStep{script: guide[m[4]:m[5]]}
		if m[2] >= 0 {
			s.exit, _ = strconv.Atoi(guide[m[2]:m[3]])
		}
		if p := textBlock.FindStringSubmatchIndex(guide[m[1]:]); p != nil {
			s.hasPrinted, s.from, s.to = true, m[1]+p[2], m[1]+p[3]
			s.prints = guide[s.from:s.to]
		}
		steps = append(steps, s)
	}
	if len(steps) < 3 {
		t.Fatalf("the guide has %d shell blocks", len(steps))
	}
	return steps
}

// A followed is what came of a guideStep.
type followed struct {
	printed string
	exit    int
	failed  string // commands that failed on the way, which no step has
}

// follow runs the steps in one shell, so that what one exports or where it goes
// holds in the next.
func follow(t *testing.T, steps []guideStep) []followed {
	t.Helper()
	dir := t.TempDir()
	here := filepath.Join(dir, "here")
	var script strings.Builder
	fmt.Fprintf(&script, "set +e; set -E; mkdir -p %[1]s; cd %[1]s\n", here)
	for i, s := range steps {
		fmt.Fprintf(&script, "trap 'echo \"$BASH_COMMAND\" >> %[1]s/failed.%[2]d' ERR\n{\n%[3]s} > %[1]s/printed.%[2]d 2>&1\necho $? > %[1]s/exit.%[2]d\n", dir, i, s.script)
	}
	cmd := bash(dir, script.String())
	cmd.Args = []string{"bash", "-c", cmd.Args[len(cmd.Args)-1]} // without -e: a step may end with 1
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	done := make([]followed, len(steps))
	for i, s := range steps {
		printed := read(t, filepath.Join(dir, fmt.Sprintf("printed.%d", i)))
		done[i].printed = expiry.ReplaceAllString(printed, "valid until 2026-11-24T12:00:00Z:")
		done[i].exit, _ = strconv.Atoi(strings.TrimSpace(read(t, filepath.Join(dir, fmt.Sprintf("exit.%d", i)))))
		failed, _ := os.ReadFile(filepath.Join(dir, fmt.Sprintf("failed.%d", i)))
		if lines := strings.Count(string(failed), "\n"); lines > 1 || lines == 1 && s.exit == 0 {
			done[i].failed = "these failed:\n" + string(failed)
		}
	}
	return done
}
