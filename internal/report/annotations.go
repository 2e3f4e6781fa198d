package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
)

// MaxAnnotations is how many findings are annotated: as many as one request has (REST API,
// "Create a check run"). The summary has the others.
const MaxAnnotations = 50

// maxPathBytes bounds the path of an annotation: the longest that Linux opens.
const maxPathBytes = 4096

// An Annotation is a finding that is shown at a line of a file.
type Annotation struct {
	Path                   string // "": no file, because GitHub cannot take its name
	StartLine, EndLine     int
	StartColumn, EndColumn int
	Level                  string // failure, warning, notice
	Title, Message         string
	Details                string // shown on request: a line that fixes it; "" for none
}

// Places tell where a change touched files, so that annotations stand where reviewers look.
type Places interface {
	// Touched reports whether the change touched a file.
	Touched(file string) bool
	// Line returns the line of the commit that annotations stand on for a line of the judged
	// one, and whether the change touched it.
	Line(file string, line int) (at int, touched bool)
	// First returns the first line of a file that the change touched.
	First(file string) int
}

// Annotations returns one annotation for each cause, the worst first, and of equal ones those
// in files that the change touched; at most MaxAnnotations, and the number of all. places is
// nil where nobody knows what the change touched.
func Annotations(r Report, places Places) (shown []Annotation, all int) {
	a := annotator{places: places, rules: rulesByCode(r)}
	causes := a.sorted(r)
	for _, c := range causes[:min(len(causes), MaxAnnotations)] {
		shown = append(shown, a.annotation(c, maxAnnotationBytes))
	}
	return shown, len(causes)
}

// AnnotationsNote says how many of all findings are annotated; "" where all are.
func AnnotationsNote(shown, all int) string {
	if shown == all {
		return ""
	}
	return fmt.Sprintf("%d of %s are annotated, the worst first; the table has the others.", shown, Count(all, "cause"))
}

// An annotator makes annotations of causes.
type annotator struct {
	places Places
	rules  map[string]decision.FoundRule
}

// sorted returns the causes in the order of their annotations.
func (a annotator) sorted(r Report) []cause {
	type placed struct {
		cause
		away int // 1: the change did not touch any file of it
	}
	all := make([]placed, 0, len(r.Findings))
	for _, c := range causes(r.Findings) {
		p := placed{cause: c}
		if a.places != nil && !slices.ContainsFunc(files(c), a.places.Touched) {
			p.away = 1
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(x, y placed) int {
		return cmp.Or(cmp.Compare(worst(x.cause), worst(y.cause)), cmp.Compare(x.away, y.away))
	})
	sorted := make([]cause, len(all))
	for i, p := range all {
		sorted[i] = p.cause
	}
	return sorted
}

// worst orders causes: denials, warnings, what is excepted.
func worst(c cause) int {
	switch {
	case c.Excepted:
		return 2
	case c.Severity == decision.Warn:
		return 1
	}
	return 0
}

// levelOf returns the level of a cause's annotation.
func levelOf(c cause) string { return [...]string{"failure", "warning", "notice"}[worst(c)] }

// files are those that an annotation of a cause can stand in: where its findings are, the
// artifact, its companions.
func files(c cause) []string {
	names := []string{c.File}
	for _, f := range c.also {
		names = append(names, f.File)
	}
	if c.Artifact != "" {
		names = append(names, c.Artifact)
		for _, kind := range artifact.Companions {
			for _, p := range artifact.Path(c.Artifact).CompanionPaths(kind) {
				names = append(names, p.String())
			}
		}
	}
	return names
}

// place returns where the annotation of a cause stands: at the finding's line if the change
// touched it, or else where the change touched the artifact, a line of the same cause, or a
// companion.
func (a annotator) place(c cause) (file string, line, column int) {
	own := func(f decision.Finding) (string, int, int) {
		if a.places == nil {
			return f.File, f.Line, f.Column
		}
		at, _ := a.places.Line(f.File, f.Line)
		if at != f.Line {
			return f.File, at, 1
		}
		return f.File, at, f.Column
	}
	if a.places == nil {
		return own(c.Finding)
	}
	touchedLine := func(f decision.Finding) bool {
		if !a.places.Touched(f.File) {
			return false
		}
		_, touched := a.places.Line(f.File, f.Line)
		return touched
	}
	switch {
	case touchedLine(c.Finding), c.File == c.Artifact && a.places.Touched(c.File):
		return own(c.Finding)
	case c.Artifact != "" && a.places.Touched(c.Artifact):
		return c.Artifact, a.places.First(c.Artifact), 1
	}
	for _, f := range c.also {
		if touchedLine(f) {
			return own(f)
		}
	}
	for _, name := range files(c)[1+len(c.also):] {
		if a.places.Touched(name) {
			return name, a.places.First(name), 1
		}
	}
	return own(c.Finding)
}

// annotation formats a cause, with a message of at most limit bytes.
func (a annotator) annotation(c cause, limit int) Annotation {
	file, line, column := a.place(c)
	line, column = max(line, 1), max(column, 1)
	elsewhere := file != c.File || line != c.Line
	if !isAnnotatable(file) {
		file, line, column, elsewhere = "", 1, 1, true
	}
	return Annotation{
		Path: file, StartLine: line, EndLine: line, StartColumn: column, EndColumn: column, Level: levelOf(c),
		Title: a.title(c.Finding), Message: a.message(c, elsewhere, limit), Details: a.suggestion(c, elsewhere),
	}
}

// suggestion is the line that fixes a finding that is annotated where it is. The API has no
// suggestions in annotations, so that the line is to be copied.
func (a annotator) suggestion(c cause, elsewhere bool) string {
	line := a.rules[c.Rule].Line
	if line == "" || elsewhere || c.Excepted {
		return ""
	}
	return clip("suggested line:\n\n"+Terminal(line)+"\n", maxAnnotationBytes)
}

// isAnnotatable reports whether GitHub can take the path of a file: a relative one of visible
// characters. No other name is of a file that it shows.
func isAnnotatable(file string) bool {
	return file != "" && utf8.ValidString(file) && Terminal(file) == file && len(file) <= maxPathBytes &&
		!strings.HasPrefix(file, "/") && !slices.Contains(strings.Split(file, "/"), "..")
}

// title says what is wrong in a few words, and which rule says so; safe to print.
func (a annotator) title(f decision.Finding) string {
	rule := a.rules[f.Rule]
	words := cmp.Or(rule.Problem, rule.Title)
	if words == "" || words == f.Rule {
		return clip(Terminal(f.Rule), maxAnnotationTitle)
	}
	code := " [" + Terminal(f.Rule) + "]"
	return clip(Terminal(words), max(maxAnnotationTitle-len(code), 0)) + clip(code, maxAnnotationTitle)
}

// message says what was got and wanted, where, and what to do: the command and the page of
// the rule come last and are not cut off by a long finding.
func (a annotator) message(c cause, elsewhere bool, limit int) string {
	requirement := ""
	if c.Requirement != "" {
		requirement = " [" + c.Requirement + "]"
	}
	text := []string{subject(c.Finding) + ": " + c.Message + requirement}
	if elsewhere {
		text = append(text, "at "+place(c.Finding))
	}
	for _, f := range c.also {
		text = append(text, alsoLine(f))
	}
	var next []string
	if c.Excepted {
		next = append(next, c.suppressions()...)
	}
	for _, hint := range c.hints() {
		next = append(next, "hint: "+hint)
	}
	if page := webPage(a.rules[c.Rule].Page); page != "" {
		next = append(next, "rule: "+page)
	}
	end := clip(terminalLines(next), limit/2)
	if end == "" {
		return clip(terminalLines(text), limit)
	}
	return clip(terminalLines(text), limit-len(end)-1) + "\n" + end
}

// terminalLines joins texts, each on a line of its own and safe to print.
func terminalLines(texts []string) string { return strings.Join(visibleLines(texts), "\n") }
