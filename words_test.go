package codexlock_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// privateWords are words and phrases of an earlier dialect of this project, each with
// what to write in its place. A reader would not search for them.
var privateWords = []struct{ found, write string }{
	{`\bmend(s|ed|ing)?\b`, "fix"},
	{`(^|[^.\w])told\b`, "printed, reported"},
	{`\btells? of\b`, "describes"},
	{`\bbeside\b`, "next to"},
	{`\b(is|are) not there\b`, "not found, does not exist"},
	{`\bthere (is|are) none\b`, "missing, no ..."},
	{`\bcannot be told\b`, "cannot be determined"},
	{`\bbelieve(s|d)?\b`, "trust, trusted base"},
	{`\bvouch(es|ed)?\b`, "verifies, attests"},
	{`\blet(s|ting)? through\b`, "allows, allowed"},
	{`\bleft as (it is|they are)\b`, "skipped"},
	{`\bleft alone\b`, "skipped, not read"},
	{`\bgone on with\b`, "continued"},
	{`\bwhose (it|they) (is|are)\b`, "name the owner"},
	{`\bin whose name\b`, "as which user"},
	{`\bthat which\b`, "name it"},
	{`\bwho bears it\b`, "name it"},
	{`\btakes in\b`, "records"},
	{`\bamiss\b`, "wrong: name the problem"},
	{`\bprecedents?\b`, "evaluation cache"},
	{`[«»„“”‹›]`, "straight quotes"},
}

// compiledWords is privateWords, ready to search.
var compiledWords = func() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, w := range privateWords {
		all = append(all, regexp.MustCompile("(?i)"+w.found))
	}
	return all
}()

// findWords lists the private words in a text that begins at a line of a file, one
// message each.
func findWords(name string, line int, text string) []string {
	var found []string
	for i, w := range compiledWords {
		for _, at := range w.FindAllStringIndex(text, -1) {
			found = append(found, fmt.Sprintf("%s:%d: %q: write: %s (CONTRIBUTING.md, How texts are written)",
				name, line+strings.Count(text[:at[1]], "\n"), text[at[0]:at[1]], privateWords[i].write))
		}
	}
	return found
}

// findWordsInGo lists the private words in the string literals of a Go file, with the
// line of each. A tag of a JSON field is a name, not a text.
func findWordsInGo(t *testing.T, name string, src any) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING || strings.HasPrefix(literal.Value, "`json:") {
			return true
		}
		// The source of a literal has the lines that its value has only when it is raw.
		found = append(found, findWords(name, set.Position(literal.Pos()).Line, literal.Value)...)
		return true
	})
	return found
}

// TestPlainWords keeps private words out of everything that users read: pages, rule
// texts, messages, help, workflows and what init writes.
func TestPlainWords(t *testing.T) {
	t.Parallel()
	read := 0
	report := func(found []string) {
		t.Helper()
		for _, message := range found {
			t.Error(message)
		}
	}
	walk(t, func(name string) {
		if strings.Contains(name, "testdata/") || strings.HasPrefix(name, "docs/standards/") {
			return
		}
		switch {
		case strings.HasSuffix(name, "_test.go"), strings.HasSuffix(name, "_test.rego"):
		case strings.HasSuffix(name, ".go"):
			read++
			report(findWordsInGo(t, name, nil))
		case hasSuffix(name, ".md", ".rego", ".yml", ".yaml", ".sh"), name == "action.yml":
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if name == "CHANGELOG.md" { // what was released stays as it was
				text = unreleased(text)
			}
			read++
			report(findWords(name, 1, withoutCode(string(text))))
		}
	})
	if read < 200 {
		t.Errorf("read %d files, want the whole repository", read)
	}
}

// hasSuffix reports whether a name ends in one of the suffixes.
func hasSuffix(name string, suffixes ...string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// unreleased is the part of a changelog above its second version heading.
func unreleased(text []byte) []byte {
	parts := bytes.SplitN(text, []byte("\n## "), 3)
	return bytes.Join(parts[:min(2, len(parts))], []byte("\n## "))
}

var inlineCode = regexp.MustCompile("`[^`\n]*`")

// withoutCode is a text with inline code blanked: code has the names that it has.
func withoutCode(text string) string {
	return inlineCode.ReplaceAllString(text, "``")
}
