package content

import (
	"bytes"
	"path"
	"strings"
	"sync"
)

// A grammar says where comments and strings stand in a language. It is no lexer:
// what it takes for a comment wrongly is at worst found once too often. Strings of
// several lines are text as comments are, so that a quote which is none hides no
// more than its line.
type grammar struct {
	prose  bool        // all of it is text
	line   []string    // what begins a comment to the end of the line
	word   bool        // and does so at the beginning of a word only, as in a shell
	block  [][2]string // what begins a comment, and what ends it
	quotes string      // what begins and ends a string of one line
	blocks []string    // what begins and ends a string of several lines
}

// A span is a stretch of text.
type span struct {
	start, end int
	comment    bool // otherwise it is a string
}

var (
	slashes = grammar{line: []string{"//"}, block: [][2]string{{"/*", "*/"}}, quotes: `"'`}
	ticks   = grammar{line: []string{"//"}, block: [][2]string{{"/*", "*/"}}, quotes: `"'`, blocks: []string{"`"}}
	rust    = grammar{line: []string{"//"}, block: [][2]string{{"/*", "*/"}}, quotes: `"`} // 'a is a lifetime
	python  = grammar{line: []string{"#"}, quotes: `"'`, blocks: []string{`"""`, "'''"}}
	hashes  = grammar{line: []string{"#"}, quotes: `"'`}
	shell   = grammar{line: []string{"#"}, word: true, quotes: `"'`}
	plain   = grammar{line: []string{"#"}, word: true, quotes: `"`} // ' is an apostrophe
	ini     = grammar{line: []string{"#", ";"}, word: true}
	hcl     = grammar{line: []string{"#", "//"}, block: [][2]string{{"/*", "*/"}}, quotes: `"`}
	php     = grammar{line: []string{"#", "//"}, block: [][2]string{{"/*", "*/"}}, quotes: `"'`}
	css     = grammar{block: [][2]string{{"/*", "*/"}}, quotes: `"'`}
	sql     = grammar{line: []string{"--"}, block: [][2]string{{"/*", "*/"}}, quotes: `"'`}
	lua     = grammar{line: []string{"--"}, block: [][2]string{{"--[[", "]]"}}, quotes: `"'`}
	haskell = grammar{line: []string{"--"}, block: [][2]string{{"{-", "-}"}}, quotes: `"`}
	lisp    = grammar{line: []string{";"}, block: [][2]string{{"#|", "|#"}}, quotes: `"`}
	percent = grammar{line: []string{"%"}, quotes: `"`}
	markup  = grammar{block: [][2]string{{"<!--", "-->"}}}
	power   = grammar{line: []string{"#"}, block: [][2]string{{"<#", "#>"}}, quotes: `"'`}
	basic   = grammar{line: []string{"'"}, quotes: `"`}
	batch   = grammar{line: []string{"::", "REM ", "rem "}, word: true}
	data    = grammar{quotes: `"`} // no comments at all
	prose   = grammar{prose: true}
)

// grammars are by the ending of a file's name, or its whole name. What is not
// listed is prose: then every word counts.
var grammars = sync.OnceValue(func() map[string]grammar {
	all := map[string]grammar{}
	for endings, g := range map[string]*grammar{
		"c cc cpp cxx h hh hpp hxx m mm cs java kt kts scala dart groovy gradle proto thrift swift zig glsl cu cuh d sol vala jsonc json5": &slashes,
		"go js jsx mjs cjs ts tsx mts cts vue svelte": &ticks,
		"rs": &rust,
		"py pyi pyx bzl star BUILD WORKSPACE toml jl":                              &python,
		"rb pl pm r R rego nix ex exs cr graphql gql cmake CMakeLists.txt tcl":     &hashes,
		"sh bash zsh ksh awk mk Makefile makefile GNUmakefile Dockerfile justfile": &shell,
		"yaml yml env gitignore gitattributes dockerignore editorconfig":           &plain,
		"ini cfg conf properties":                                                  &ini,
		"tf tfvars hcl":                                                            &hcl,
		"php":                                                                      &php,
		"css scss less":                                                            &css,
		"sql":                                                                      &sql,
		"lua":                                                                      &lua,
		"hs elm purs":                                                              &haskell,
		"lisp cl clj cljs cljc edn el scm rkt asm s":                               &lisp,
		"tex sty bib erl hrl":                                                      &percent,
		"xml svg xsd xsl xslt plist csproj":                                        &markup,
		"ps1 psm1":                                                                 &power,
		"vb vbs bas":                                                               &basic,
		"bat cmd":                                                                  &batch,
		"json jsonl ndjson geojson csv tsv lock sum":                               &data,
	} {
		for ending := range strings.FieldsSeq(endings) {
			all[ending] = *g
		}
	}
	return all
})

// shellTest is the ending of a test, which is a shell script.
const shellTest = ".test"

// IsTextName reports whether a name says that a file is source code, data or prose that
// this package looks into.
func IsTextName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".md", ".rst", ".adoc", ".log", ".ipynb", ".pem", ".key":
		return true
	}
	return !grammarOf(name).prose
}

func grammarOf(name string) grammar {
	base := path.Base(name)
	if g, ok := grammars()[base]; ok {
		return g
	}
	if strings.HasSuffix(base, shellTest) {
		return shell
	}
	if g, ok := grammars()[strings.TrimPrefix(path.Ext(base), ".")]; ok {
		return g
	}
	return prose
}

// spans are the comments and strings of a text.
func (g grammar) spans(text []byte) []span {
	if g.prose {
		return []span{{0, len(text), true}}
	}
	var spans []span
	for i := 0; i < len(text); {
		s, ok := g.begins(text, i)
		if !ok {
			i++
			continue
		}
		spans = append(spans, s)
		i = s.end
	}
	return spans
}

// begins is the comment or string that begins at i.
func (g grammar) begins(text []byte, i int) (span, bool) {
	rest := text[i:]
	for _, b := range g.block {
		if bytes.HasPrefix(rest, []byte(b[0])) {
			return span{i, i + through(rest, len(b[0]), b[1]), true}, true
		}
	}
	for _, mark := range g.blocks {
		if bytes.HasPrefix(rest, []byte(mark)) {
			return span{i, i + through(rest, len(mark), mark), true}, true
		}
	}
	for _, mark := range g.line {
		if bytes.HasPrefix(rest, []byte(mark)) && (!g.word || i == 0 || strings.IndexByte(" \t\n;|&()", text[i-1]) >= 0) {
			return span{i, i + through(rest, 0, "\n"), true}, true
		}
	}
	if strings.IndexByte(g.quotes, text[i]) >= 0 {
		return span{i, i + quoted(rest), false}, true
	}
	return span{}, false
}

// through is the length of a text up to and with the end mark that follows the
// first skip bytes; all of it where there is none.
func through(text []byte, skip int, end string) int {
	i := bytes.Index(text[skip:], []byte(end))
	if i < 0 {
		return len(text)
	}
	return skip + i + len(end)
}

// quoted is the length of a string that begins a text, which ends with its line at
// the latest.
func quoted(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\n', text[0]:
			return i + 1
		case '\\':
			i++
		}
	}
	return len(text)
}
