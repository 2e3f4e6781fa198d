// Package attributes writes the lines of .gitattributes that keep Git from converting an
// artifact's bytes. It only plans: the caller writes the files.
package attributes

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

// Path is where the attributes of the whole repository are.
const Path artifact.Path = ".gitattributes"

// maxAttributesBytes is where Git itself stops reading .gitattributes.
const maxAttributesBytes = 100 << 20

// ledgerAttributes is the line for the ledger, which is merged by path.
const ledgerAttributes = "Codex-Lock.json -text merge=codexlock"

// linesFor are the lines of .gitattributes that a configuration asks for, each under the
// comment that explains it. A later line overrules an earlier one. workflow is the file of
// the gate's workflow.
func linesFor(c config.Config, workflow artifact.Path) []string {
	lines := []string{"# an artifact's bytes are its identity: no conversion of line endings", "assets/** -text"}
	generated := []string{"# companions are generated; records and manifests are merged by what they state"}
	companions := func(of string) {
		generated = append(generated, Quote(of+".manifest.json")+" -text linguist-generated merge=codexlock",
			Quote(of+".vaulttime.json")+" -text linguist-generated merge=codexlock")
	}
	companions("assets/**/*")
	for _, pattern := range c.Include {
		for _, p := range gitPatterns(pattern) {
			if strings.HasPrefix(p, "assets/") && strings.HasSuffix(p, "/**") {
				continue // the lines above are about these
			}
			lines = append(lines, Quote(p)+" -text")
			if folder, whole := strings.CutSuffix(p, "/**"); whole {
				companions(folder + "/**/*")
				continue
			}
			lines = append(lines, Quote(p+".test")+" -text")
			companions(p)
		}
	}
	lines = append(lines, generated...)
	lines = append(lines, "# the gate's own files",
		"/"+config.Paths[0].String()+" -text", "/"+config.Paths[1].String()+" -text", "/"+artifacttest.IngestPath.String()+" -text", "/"+workflow.String()+" -text",
		"# the log is signed as it is, and what two branches add to it does not merge", "MANIFEST.integrity.* -text -merge",
		ledgerAttributes)
	return lines
}

// gitPatterns are the patterns of .gitattributes that match what a pattern of the
// configuration matches. Git knows no braces, and takes a pattern without a slash for
// one of names at any depth.
func gitPatterns(pattern string) []string {
	var patterns []string
	for _, p := range expandBraces(pattern) {
		if !strings.Contains(p, "/") {
			p = "/" + p
		}
		patterns = append(patterns, p)
	}
	return patterns
}

// expandBraces writes out the alternatives of a pattern: a.{b,c} is a.b and a.c.
func expandBraces(pattern string) []string {
	start, depth, class := -1, 0, false
	var commas []int
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case class:
		case c == '{':
			if depth++; depth == 1 {
				start = i
			}
		case c == ',' && depth == 1:
			commas = append(commas, i)
		case c == '}' && depth > 0:
			if depth--; depth > 0 {
				continue
			}
			var all []string
			from := start + 1
			for _, to := range append(commas, i) {
				all = append(all, expandBraces(pattern[:start]+pattern[from:to]+pattern[i+1:])...)
				from = to + 1
			}
			return all
		}
	}
	return []string{pattern}
}

// withAttributes is a file of attributes with the lines that are missing at its end,
// and those lines. What the file says of the merging of the ledger stays.
func withAttributes(text string, wanted []string) (string, []string) {
	var added []string
	for _, line := range wanted {
		switch {
		case strings.HasPrefix(line, "#"):
			continue // a comment of a line that may be there; the lines speak for themselves
		case line == ledgerAttributes && choosesMerge(text) && !strings.Contains(text, line):
			line = ledger.Path.String() + " -text"
		}
		if !saysLast(text, line, wanted) {
			added = append(added, line)
		}
	}
	if len(added) == 0 {
		return text, nil
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + strings.Join(added, "\n") + "\n", added
}

// choosesMerge reports whether a file of attributes says how the ledger is merged.
func choosesMerge(text string) bool {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 1 && strings.TrimPrefix(fields[0], "/") == ledger.Path.String() &&
			slices.ContainsFunc(fields[1:], func(f string) bool { return strings.Contains(f, "merge") }) {
			return true
		}
	}
	return false
}

// saysLast reports whether a file has a line, and no line of somebody else after it
// that could overrule what it says of text.
func saysLast(text, line string, ours []string) bool {
	said := false
	for other := range strings.Lines(text) {
		other = strings.Join(strings.Fields(other), " ")
		switch {
		case other == line:
			said = true
		case other == "", strings.HasPrefix(other, "#"), slices.Contains(ours, other):
		case convertsLineEnds(other):
			said = false
		}
	}
	return said
}

// convertsLineEnds reports whether a line of attributes may make Git convert line
// endings: one that speaks of them, or defines or uses a macro.
func convertsLineEnds(line string) bool {
	if strings.HasPrefix(line, "[attr]") {
		return true
	}
	known := []string{"-text", "-crlf", "binary", "diff", "merge", "filter", "-diff", "-merge", "-filter", "export-ignore", "export-subst", "whitespace", "delta", "-delta", "ident", "-ident"}
	fields := strings.Fields(line)
	for _, f := range fields[1:] {
		name, _, _ := strings.Cut(f, "=")
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "linguist-") {
			return true
		}
	}
	return false
}

// A File is a file of attributes to be written.
type File struct {
	File  txn.File
	Added []string // the lines that it did not have
}

// Repeated returns the added lines that the file had already: a later line overruled them.
func (f File) Repeated() (lines []string) {
	for _, added := range f.Added {
		n := 0
		for line := range strings.Lines(string(f.File.Data)) {
			if strings.Join(strings.Fields(line), " ") == added {
				n++
			}
		}
		if n > 1 {
			lines = append(lines, added)
		}
	}
	return lines
}

// Root is .gitattributes with the lines that a configuration asks for.
func Root(ctx context.Context, tree trees.Tree, c config.Config, workflow artifact.Path) (File, error) {
	a := File{File: txn.File{Path: Path, Mode: 0o644}}
	text, there, err := readAttributes(ctx, tree, Path)
	if err != nil {
		return a, err
	}
	lines := linesFor(c, workflow)
	if !there {
		a.File.Data = []byte(strings.Join(lines, "\n") + "\n")
		return a, nil
	}
	text, a.Added = withAttributes(text, lines)
	a.File.Data = []byte(text)
	return a, nil
}

func readAttributes(ctx context.Context, tree trees.Tree, p artifact.Path) (text string, there bool, err error) {
	entry, there, err := tree.Lookup(ctx, p)
	if err != nil || !there {
		return "", false, err
	}
	if entry.Kind != trees.File {
		return "", false, exit.Usagef("%s is a %s, want a file", p, entry.Kind)
	}
	data, err := tree.Read(ctx, entry, maxAttributesBytes)
	return string(data), true, err
}

// includesFolder reports whether a pattern of the configuration takes all of a folder.
func includesFolder(c config.Config, dir string) bool {
	return slices.ContainsFunc(c.Include, func(pattern string) bool {
		folder, whole := strings.CutSuffix(pattern, "**")
		return whole && (folder == "" || strings.HasSuffix(folder, "/")) && !strings.ContainsAny(folder, `*?[{\`) && strings.HasPrefix(dir+"/", folder)
	})
}

// Overruled are the files of attributes in folders that give some artifact a text
// attribute all the same, with a line at their end that takes it back. What the
// clone's own .git/info/attributes says nobody else has: notes say what to remove there.
func Overruled(ctx context.Context, view *repo.View, tree trees.Tree, c config.Config, paths []artifact.Path) (all []File, notes []string, err error) {
	by, err := view.TextOverruled(ctx, paths)
	if err != nil {
		return nil, nil, err
	}
	files := map[string][]string{}
	for _, p := range paths {
		name, is := by[p]
		if !is {
			continue
		}
		if path.Base(name) != Path.String() {
			notes = append(notes, fmt.Sprintf("%s has a text attribute in %s, which no line of .gitattributes overrules: remove it there", p, name))
			continue
		}
		if includesFolder(c, path.Dir(name)) {
			files[name] = []string{"* -text"}
			continue
		}
		below := "/" + Literal(strings.TrimPrefix(p.String(), path.Dir(name)+"/"))
		files[name] = append(files[name], Quote(below)+" -text", Quote(below+".*")+" -text")
	}
	for name, lines := range files {
		text, _, err := readAttributes(ctx, tree, artifact.Path(name))
		if err != nil {
			return nil, nil, err
		}
		a := File{File: txn.File{Path: artifact.Path(name), Mode: 0o644}}
		text, a.Added = withAttributes(text, lines)
		a.File.Data = []byte(text)
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.File.Path.String(), b.File.Path.String()) })
	return all, notes, nil
}

// Missing are all files of attributes that lack lines for a configuration, in the root folder
// and, for the artifacts at paths, in other folders. notes are those of Overruled.
func Missing(ctx context.Context, view *repo.View, tree trees.Tree, c config.Config, workflow artifact.Path, paths []artifact.Path) (all []File, notes []string, err error) {
	root, err := Root(ctx, tree, c, workflow)
	if err != nil {
		return nil, nil, err
	}
	_, there, err := readAttributes(ctx, tree, Path)
	if err != nil {
		return nil, nil, err
	}
	incomplete := !there || len(root.Added) > 0
	if incomplete {
		all = append(all, root)
	}
	below, notes, err := Overruled(ctx, view, tree, c, paths)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range below {
		// While the root lacks its lines, every artifact seems to be overruled, by whatever
		// file of attributes is the nearest. Only one that converts overrules the new lines too.
		if f.File.Path == Path || incomplete && !converts(string(f.File.Data), f.Added) {
			continue
		}
		all = append(all, f)
	}
	return all, notes, nil
}

// converts reports whether a file of attributes, without the lines that were added, may make
// Git convert line endings.
func converts(text string, added []string) bool {
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" && !strings.HasPrefix(line, "#") && !slices.Contains(added, line) && convertsLineEnds(line) {
			return true
		}
	}
	return false
}

// Quote writes a pattern as .gitattributes takes it: the first space ends
// one that is not in quotes, in which a backslash escapes as in C.
func Quote(pattern string) string {
	if !strings.ContainsAny(pattern, " \t\"'") && !strings.HasPrefix(pattern, "#") && !strings.HasPrefix(pattern, "!") && !strings.HasPrefix(pattern, "[attr]") {
		return pattern
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`).Replace(pattern) + `"`
}

// Literal writes a path as a pattern of Git's that matches it and nothing else.
func Literal(path string) string { return escapes.Replace(path) }

// escapes escape what Git's patterns give a meaning to.
var escapes = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)
