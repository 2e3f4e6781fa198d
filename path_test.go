package codexlock_test

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestPathOfOneArtifact: docs/architecture.md lists the calls from the event to the check run.
// Each function exists, its caller names it, and none is of the command line.
func TestPathOfOneArtifact(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## The path of one artifact\n")
	section, _, _ = strings.Cut(section, "\n## ")
	call := regexp.MustCompile("(?m)^( *)- `([a-z/]+\\.go)` `([A-Za-z]+)`(?:: .*)?$")
	var callers []*ast.FuncDecl // of the line, outermost first
	calls := call.FindAllStringSubmatch(section, -1)
	if items := strings.Count(section, "- `"); len(calls) != items || items < 30 {
		t.Fatalf("%d of %d lines are calls, want all of 30 or more", len(calls), items)
	}
	for _, m := range calls {
		depth, file, name := len(m[1])/2, m[2], m[3]
		if strings.HasPrefix(file, "internal/cli") {
			t.Errorf("%s is of the command line", file)
		}
		if depth > len(callers) {
			t.Fatalf("%s %s is more than one step below the line above it", file, name)
		}
		decl := function(t, file, name)
		if decl == nil {
			t.Fatalf("docs/architecture.md: %s has no function %s", file, name)
		}
		callers = append(callers[:depth], decl)
		if depth == 0 {
			continue
		}
		named := false
		ast.Inspect(callers[depth-1], func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			named = named || ok && id.Name == name
			return true
		})
		if !named {
			t.Errorf("docs/architecture.md: %s does not name %s of %s", callers[depth-1].Name.Name, name, file)
		}
	}
}

// function returns a function or method of a file, nil where there is none.
func function(t *testing.T, file, name string) *ast.FuncDecl {
	t.Helper()
	for _, decl := range parse(t, file).Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == name {
			return f
		}
	}
	return nil
}
