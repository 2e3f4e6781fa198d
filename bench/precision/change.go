package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An ordinary change is one that adds and touches no use of an artifact, so that no rule about
// uses may deny it, whatever unverified uses the repository has.
type ordinary struct {
	name string
	edit func(dir string, f files) error
}

var ordinaryChanges = []ordinary{
	{"a text", func(dir string, _ files) error {
		return appendTo(filepath.Join(dir, "README.precision.md"), "A line.\n")
	}},
	{"a line of each workflow outside its jobs", func(dir string, f files) error {
		for _, name := range f.sites {
			if !strings.HasPrefix(name, ".github/workflows/") {
				continue
			}
			name = filepath.Join(dir, filepath.FromSlash(name))
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(name, append([]byte("# A comment.\n"), data...), 0o644); err != nil {
				return err
			}
		}
		return nil
	}},
	{"an artifact that is edited", func(dir string, f files) error {
		return appendTo(filepath.Join(dir, filepath.FromSlash(f.protected[0])), "\n# A comment.\n")
	}},
	{"an artifact that nothing uses", func(dir string, _ files) error {
		return appendTo(filepath.Join(dir, "precision-unused.sh"), "#!/bin/sh\nset -eu\necho unused\n")
	}},
}

// appendTo adds a text to the end of a file, which it makes if there is none.
func appendTo(name, text string) error {
	data, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(name, append(data, text...), 0o644)
}

// unverified is the opposite of an ordinary change: a workflow that executes an artifact.
var unverified = ordinary{"a workflow that executes an artifact", func(dir string, _ files) error {
	return workflow(dir, "./precision-unused.sh")
}}

// verified is what a denial of unverified asks for, so it has to pass.
var verified = ordinary{"a workflow that verifies the artifact that it executes", func(dir string, _ files) error {
	return workflow(dir, "codexlock run -- ./precision-unused.sh")
}}

// workflow writes a workflow that runs a command.
func workflow(dir, command string) error {
	folder := filepath.Join(dir, ".github", "workflows")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "precision.yml"), []byte("name: precision\non: push\njobs:\n  use:\n"+
		"    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v6\n      - run: "+command+"\n"), 0o644)
}

// change makes each ordinary change to the repository, attests what it edits, and counts the
// denials of rules about uses.
func (m *measurement) change(dir string, f files, r *row) error {
	for _, c := range append(slices.Clone(ordinaryChanges), unverified, verified) {
		if err := c.edit(dir, f); err != nil {
			return err
		}
		denials, err := m.judge(dir)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if c.name == unverified.name {
			if r.added++; len(denials) > 0 {
				r.caught++
			} else {
				fmt.Fprintf(os.Stderr, "%s: %s: no rule about uses denies it\n", r.name, c.name)
			}
			continue
		}
		for _, d := range denials {
			fmt.Fprintf(os.Stderr, "%s: %s: %s\n", r.name, c.name, d)
		}
		r.changes++
		r.denied += min(1, len(denials))
	}
	return nil
}

// judge attests what was edited, commits everything and returns the denials of rules about uses.
func (m *measurement) judge(dir string) ([]string, error) {
	if err := m.must(dir, []string{m.program, "attest", "--changed"}, []string{"git", "add", "-A"},
		[]string{"git", "commit", "-q", "--allow-empty", "-m", "a change"}); err != nil {
		return nil, err
	}
	out, code, err := m.do(dir, m.program, "verify", "--base", "HEAD~1", "--head", "HEAD", "-f", "json")
	if err != nil {
		return nil, err
	}
	if code > 1 {
		return nil, fmt.Errorf("verify: exit code %d\n%s", code, last(out))
	}
	return useDenials(out)
}

// useDenials returns the denials of rules about uses in a report.
func useDenials(report string) ([]string, error) {
	var decision struct {
		Findings []struct {
			Rule, Severity, File, Message string
			Line                          int
			Excepted                      bool
		}
	}
	if err := json.Unmarshal([]byte(report), &decision); err != nil {
		return nil, err
	}
	var denials []string
	for _, finding := range decision.Findings {
		if finding.Severity == "deny" && !finding.Excepted && strings.HasPrefix(finding.Rule, "use.") {
			denials = append(denials, fmt.Sprintf("%s: %s:%d: %s", finding.Rule, finding.File, finding.Line, finding.Message))
		}
	}
	return denials, nil
}
