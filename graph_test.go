package codexlock_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An importGraph says which packages may import which, as the picture states it.
type importGraph struct {
	edges    [][2]string                // imported, importer, as they are written
	may      map[string]map[string]bool // importer, imported: what follows from the edges
	everyone map[string]bool            // what every package may import
}

// parseGraph reads lines "a b -> c d": c and d may import a, b and everything that a and b
// may import; "-> *" stands for every package.
func parseGraph(text string) (importGraph, error) {
	g := importGraph{may: map[string]map[string]bool{}, everyone: map[string]bool{}}
	for line := range strings.Lines(text) {
		imported, importers, ok := strings.Cut(line, "->")
		if !ok && strings.TrimSpace(line) != "" {
			return g, fmt.Errorf("%q has no arrow", line)
		}
		for _, a := range strings.Fields(imported) {
			for _, c := range strings.Fields(importers) {
				if c == "*" {
					g.everyone[a] = true
				} else {
					g.edges = append(g.edges, [2]string{a, c})
				}
			}
		}
	}
	for _, e := range g.edges {
		for _, name := range e {
			if g.may[name] == nil {
				g.may[name] = map[string]bool{}
			}
		}
	}
	for range g.edges { // a path is no longer than there are edges
		for _, e := range g.edges {
			g.may[e[1]][e[0]] = true
			maps.Copy(g.may[e[1]], g.may[e[0]])
		}
	}
	for name := range g.may {
		if g.may[name][name] {
			return g, fmt.Errorf("%s may import itself", name)
		}
	}
	return g, nil
}

// node returns the name in the picture that a package belongs to, "" for none: the longest
// one, because a package's subfolders belong to it unless they are named.
func (g importGraph) node(pkg string) string {
	name := strings.TrimPrefix(pkg, "internal/")
	if name == "." {
		name = "codexlock"
	}
	for ; name != "."; name = path.Dir(name) {
		if g.may[name] != nil || g.everyone[name] {
			return name
		}
	}
	return ""
}

// problems compares the picture with the imports of each package: an import that it does not
// allow, a package that it does not name, and an edge that no import uses any more.
func (g importGraph) problems(imports map[string][]string) []string {
	var found []string
	used := map[[2]string]bool{}
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		to := g.node(pkg)
		if to == "" {
			found = append(found, fmt.Sprintf("package %s is not in the picture", pkg))
			continue
		}
		for _, imported := range imports[pkg] {
			from := g.node(imported)
			used[[2]string{from, to}], used[[2]string{from, "*"}] = true, true
			if from != to && !g.everyone[from] && !g.may[to][from] {
				found = append(found, fmt.Sprintf("%s imports %s, which the picture does not allow", pkg, imported))
			}
		}
	}
	for _, e := range g.edges {
		if !used[e] {
			found = append(found, fmt.Sprintf("%s does not import %s: remove it from the picture", e[1], e[0]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.everyone)) {
		if !used[[2]string{name, "*"}] {
			found = append(found, fmt.Sprintf("no package imports %s: remove it from the picture", name))
		}
	}
	return found
}

// ourImports are the imports of each package that are of this module.
func ourImports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for pkg, files := range sources(t) {
		if slices.Contains(forTests, pkg) {
			continue
		}
		all[pkg] = nil
		for _, name := range files {
			for _, spec := range parse(t, name).Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if ours, found := strings.CutPrefix(imported+"/", module); found {
					all[pkg] = append(all[pkg], cmp.Or(strings.TrimSuffix(ours, "/"), "."))
				}
			}
		}
	}
	return all
}

// TestImportGraph: every import is in the picture, and every edge of it is an import.
func TestImportGraph(t *testing.T) {
	g, err := parseGraph(picture)
	if err != nil {
		t.Fatal(err)
	}
	imports := ourImports(t)
	if len(imports) < 40 {
		t.Fatalf("%d packages", len(imports))
	}
	for _, problem := range g.problems(imports) {
		t.Error(problem)
	}
}

// TestImportGraphFinds: what TestImportGraph must not miss.
func TestImportGraphFinds(t *testing.T) {
	const text = `
		tool -> *
		low keys -> middle
		middle -> high cmd
	`
	good := map[string][]string{
		".": nil, "internal/tool": nil, "internal/low": {"internal/tool"}, "internal/keys": {"internal/keys/env"}, "internal/keys/env": nil,
		"internal/middle": {"internal/low", "internal/keys"}, "internal/high": {"internal/low", "internal/middle"}, "cmd/one": {"internal/middle"},
	}
	g, err := parseGraph(text + "codexlock -> low\n")
	if err != nil {
		t.Fatal(err)
	}
	good["internal/low"] = append(good["internal/low"], ".")
	for pkg, c := range map[string]struct{ imported, want string }{
		"":                  {"", ""},
		"internal/high":     {"internal/keys/env", ""},
		"internal/low":      {"internal/middle", "internal/low imports internal/middle, which the picture does not allow"},
		"internal/keys/env": {"internal/low", "internal/keys/env imports internal/low, which the picture does not allow"},
		"internal/other":    {"internal/low", "package internal/other is not in the picture"},
		"cmd/one":           {"internal/high", "cmd/one imports internal/high, which the picture does not allow"},
		"internal/middle":   {"internal/other", "internal/middle imports internal/other, which the picture does not allow"},
	} {
		imports := maps.Clone(good)
		if pkg != "" {
			imports[pkg] = append(slices.Clone(imports[pkg]), c.imported)
		}
		if got := strings.Join(g.problems(imports), "; "); got != c.want {
			t.Errorf("%s imports %s: %q, want %q", pkg, c.imported, got, c.want)
		}
	}
	for removed, want := range map[string]string{
		"internal/high": "high does not import middle: remove it from the picture",
		"internal/low":  "low does not import codexlock: remove it from the picture; no package imports tool: remove it from the picture",
	} {
		imports := maps.Clone(good)
		imports[removed] = nil
		if got := strings.Join(g.problems(imports), "; "); got != want {
			t.Errorf("%s imports nothing: %q, want %q", removed, got, want)
		}
	}
	if _, err := parseGraph("a -> b\nb -> c\nc -> a\n"); err == nil {
		t.Error("a circle is accepted")
	}
	if _, err := parseGraph("a b\n"); err == nil {
		t.Error("a line without an arrow is accepted")
	}
}

// TestPackagesAreDescribed: docs/architecture.md has every package in its table.
func TestPackagesAreDescribed(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range ourImports(t) {
		internal := strings.HasPrefix(pkg, "internal/")
		if internal && !strings.Contains(string(text), "`"+pkg+"`") && !strings.Contains(string(text), "`"+path.Base(pkg)+"`") {
			t.Errorf("%s is not in the table of docs/architecture.md", pkg)
		}
	}
}

// TestPictureIsTheGraph: the picture of the packages in docs/architecture.md is the one that
// TestImportGraph checks. CODEXLOCK_UPDATE=1 writes it.
func TestPictureIsTheGraph(t *testing.T) {
	const name = "docs/architecture.md"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("```mermaid\nflowchart TD\n")
	for line := range strings.Lines(picture) {
		imported, importers, ok := strings.Cut(line, "->")
		if ok && !strings.Contains(importers, "*") {
			fmt.Fprintf(&want, "    %s --> %s\n", strings.Join(strings.Fields(imported), " & "), strings.Join(strings.Fields(importers), " & "))
		}
	}
	want.WriteString("```")
	block := regexp.MustCompile("(?s)```mermaid\nflowchart TD\n    [a-z]+ .*?```")
	got := block.FindString(string(text))
	if got == want.String() {
		return
	}
	if os.Getenv("CODEXLOCK_UPDATE") == "" || got == "" {
		t.Fatalf("%s has another picture of the packages, want (CODEXLOCK_UPDATE=1 go test . -run TestPicture writes it)\n%s", name, &want)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(text), got, want.String(), 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
