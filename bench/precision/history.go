package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pathspecs are the files whose edits are judged again.
var pathspecs = []string{".github/workflows", ":(glob)**/action.yml", ":(glob)**/action.yaml", ":(glob)**/Dockerfile*",
	":(glob)**/*Makefile", ":(glob)**/*compose*.y*ml", ".pre-commit-config.yaml"}

// replay judges the last commits along first parents that edit a file with commands.
func (m *measurement) replay(folder string, r *row) error {
	out, code, err := m.do(folder, append([]string{"git", "log", "--first-parent", "--format=%H", fmt.Sprintf("-%d", m.history), "--min-parents=1", "--"}, pathspecs...)...)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("git log: exit code %d", code)
	}
	for _, commit := range strings.Fields(out) {
		denials, err := m.again(folder, commit)
		if err != nil { // such as a symlink in place of a script, which nobody can attest
			fmt.Fprintf(os.Stderr, "%s: commit %s is left out: %v\n", r.name, commit, err)
			continue
		}
		for _, d := range denials {
			fmt.Fprintf(&m.lists.denials, "%s\t%s\t%s\n", r.name, commit, strings.ReplaceAll(d, "\n", " "))
		}
		r.commits++
		r.refused += min(1, len(denials))
	}
	return nil
}

// again judges one commit as if the one before had adopted the gate.
func (m *measurement) again(folder, commit string) ([]string, error) {
	dir := filepath.Join(m.scratch, "commit")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := m.checkout(folder, commit+"^1", dir); err != nil {
		return nil, err
	}
	f, err := m.adopt(dir)
	if err != nil {
		return nil, err
	}
	out, _, err := m.do(folder, "git", "diff-tree", "-r", "-z", "--no-renames", "--diff-filter=D", "--name-only", commit+"^1", commit)
	if err != nil {
		return nil, err
	}
	for _, name := range strings.Split(strings.TrimRight(out, "\x00"), "\x00") {
		if name == "" {
			continue
		}
		if slices.Contains(f.protected, name) {
			if err := m.must(dir, []string{m.program, "rm", name}); err != nil {
				return nil, err
			}
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	if err := m.checkout(folder, commit, dir); err != nil {
		return nil, err
	}
	if err := strip(dir); err != nil {
		return nil, err
	}
	if err := m.must(dir, []string{"git", "checkout", "-q", "HEAD", "--", ".gitattributes"}); err != nil {
		return nil, err
	}
	return m.judge(dir)
}
