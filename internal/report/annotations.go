package report

import (
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
)

// An Annotation is a finding that a check run shows in the diff.
type Annotation struct {
	Path                   string
	StartLine, EndLine     int
	StartColumn, EndColumn int
	Level                  string // failure, warning, notice
	Title, Message         string
}

// Annotations returns the findings as annotations, one for each cause, the worst first.
func Annotations(r Report) []Annotation {
	all := causes(r.Findings)
	annotations := make([]Annotation, 0, len(all))
	for _, f := range all {
		level := "failure"
		switch {
		case f.Excepted:
			level = "notice"
		case f.Severity == decision.Warn:
			level = "warning"
		}
		a := Annotation{
			Path: Terminal(f.File), StartLine: max(f.Line, 1), EndLine: max(f.Line, 1),
			StartColumn: max(f.Column, 1), EndColumn: max(f.Column, 1), Level: level,
			Title: clip(title(f.Finding), maxAnnotationTitle), Message: clip(message(f), maxAnnotationBytes),
		}
		annotations = append(annotations, a)
	}
	return annotations
}

// title formats a finding's rule and requirement, safe to print.
func title(f decision.Finding) string {
	words := f.Rule
	if f.Requirement != "" {
		words += " (" + f.Requirement + ")"
	}
	return Terminal(words)
}

// message formats a finding, safe to print, with those of the same cause and the next steps
// on separate lines.
func message(c cause) string {
	lines := []string{subject(c.Finding) + ": " + c.Message}
	for _, f := range c.also {
		lines = append(lines, alsoLine(f))
	}
	if c.Excepted {
		lines = append(lines, c.suppressions()...)
	}
	for _, hint := range c.hints() {
		lines = append(lines, "hint: "+hint)
	}
	for i := range lines {
		lines[i] = Terminal(lines[i])
	}
	return strings.Join(lines, "\n")
}
