package script

import (
	"cmp"

	"os"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
)

// found is what a script contacts and executes, as testdata/commands.txt writes it.
func found(f facts.Script) string {
	var list []string
	for _, a := range f.Network {
		host := a.Host
		if host == "" {
			host = "?"
		}
		list = append(list, a.Command+" "+host)
	}
	if len(f.Opaque) > 0 {
		list = append(list, "opaque")
	}
	return strings.Join(list, ", ")
}

// TestCommands: every program's arguments are read as its manual page describes them.
func TestCommands(t *testing.T) {
	const file = "testdata/commands.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue
		}
		lines = append(lines, line)
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			lines = append(lines, "  "+cmp.Or(found(Parse([]byte(head+command+"\n"))), "nothing"))
			for _, word := range strings.Fields(command) {
				seen[word] = true
			}
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	if os.Getenv("CODEXLOCK_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(text), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Errorf("%s:%d: %s: got %q, want %q", file, i+1, gotLines[i-1], gotLines[i], wantLines[i])
		}
	}
	if len(gotLines) != len(wantLines) {
		t.Errorf("%d lines, want %d", len(gotLines), len(wantLines))
	}
	for _, block := range blocks(t) {
		if !slices.ContainsFunc(block, func(name string) bool { return seen[name] }) {
			t.Errorf("no command of %v is in %s", block, file)
		}
	}
}

// blocks are the names of each block of programs.txt that says what is contacted or
// executed: programs, or sub-commands.
func blocks(t *testing.T) [][]string {
	text, err := os.ReadFile("programs/programs.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for line := range strings.Lines(string(text)) {
		if line[0] == '#' || line[0] == ' ' || line[0] == '\n' || strings.HasPrefix(line, "environment") {
			continue
		}
		var names []string
		for _, name := range strings.Split(strings.TrimSpace(line), ", ") {
			fields := strings.Fields(name)
			names = append(names, fields[len(fields)-1])
		}
		all = append(all, names)
	}
	if len(all) < 100 {
		t.Fatalf("%d blocks", len(all))
	}
	return all
}
