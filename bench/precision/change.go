package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
	{"a line of a workflow outside its jobs", func(dir string, f files) error {
		for _, name := range f.sites {
			if strings.HasPrefix(name, ".github/workflows/") {
				return appendTo(filepath.Join(dir, filepath.FromSlash(name)), "\n# A comment.\n")
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

// change makes each ordinary change to the repository, attests what it edits, and counts the
// denials of rules about uses.
func (m *measurement) change(dir string, f files, r *row) error {
	for _, c := range ordinaryChanges {
		if err := c.edit(dir, f); err != nil {
			return err
		}
		if err := m.must(dir, []string{m.program, "attest", "--changed"}, []string{"git", "add", "-A"},
			[]string{"git", "commit", "-q", "--allow-empty", "-m", c.name}); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		out, code, err := m.do(dir, m.program, "verify", "--base", "HEAD~1", "--head", "HEAD", "-f", "json")
		if err != nil {
			return err
		}
		if code > 1 {
			return fmt.Errorf("verify after %s: exit code %d\n%s", c.name, code, last(out))
		}
		denials, err := useDenials(out)
		if err != nil {
			return err
		}
		for _, d := range denials {
			fmt.Fprintf(os.Stderr, "%s: %s: %s\n", r.name, c.name, d)
		}
		r.changes++
		r.denied += min(1, len(denials))
	}
	return nil
}

// useDenials returns the denials of rules about uses in a report.
func useDenials(report string) ([]string, error) {
	var decision struct {
		Findings []struct{ Rule, Severity, Message string }
	}
	if err := json.Unmarshal([]byte(report), &decision); err != nil {
		return nil, err
	}
	var denials []string
	for _, finding := range decision.Findings {
		if finding.Severity == "deny" && strings.HasPrefix(finding.Rule, "use.") {
			denials = append(denials, finding.Rule+": "+finding.Message)
		}
	}
	return denials, nil
}
