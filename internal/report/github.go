package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/policy"
)

// Limits of GitHub, with their sources.
const (
	// MaxCheckTextBytes bounds a check run's summary: 65535 characters
	// (REST API, "Create a check run", output.summary).
	MaxCheckTextBytes = 65535
	// MaxStepSummaryBytes bounds a step's summary: 1 MiB, above which the runner
	// drops all of it (GitHub docs, workflow commands).
	MaxStepSummaryBytes = 1 << 20
	maxAnnotationBytes  = 64 << 10 // message: 64 KB (REST API, annotations)
	maxAnnotationTitle  = 255      // title: 255 characters (REST API, annotations)
	maxCommandBytes     = 4096     // actions/runner cuts a command's message here
	maxFieldBytes       = 255      // our own limit: a name, a time, a commit
)

// writeGitHub writes the findings as workflow commands, the worst first: a runner shows
// only the first ten errors and ten warnings of a step.
func writeGitHub(out io.Writer, r Report, _ Options) error {
	w := bufio.NewWriter(out)
	for _, f := range r.Findings {
		command := "error"
		switch {
		case f.Excepted:
			command = "notice"
		case f.Severity == policy.Warn:
			command = "warning"
		}
		fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command,
			commandProperty(Terminal(f.File)), f.Line, f.Column, commandProperty(title(f)), commandData(clip(message(f), maxCommandBytes)))
	}
	if lines := previewLines(r.Preview); len(lines) > 0 {
		for i := range lines {
			lines[i] = Terminal(lines[i])
		}
		fmt.Fprintf(w, "::notice title=%s::%s\n", commandProperty("Codexlock preview (not the verdict)"),
			commandData(clip(strings.Join(lines, "\n"), maxCommandBytes)))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "::notice title=Codexlock::%s\n", commandData(clip(Terminal(note), maxCommandBytes)))
	}
	fmt.Fprintf(w, "::notice title=Codexlock::%s\n", commandData(Title(r)))
	return w.Flush()
}

// title formats a finding's rule and requirement, safe to print.
func title(f policy.Finding) string {
	words := f.Rule
	if f.Requirement != "" {
		words += " (" + f.Requirement + ")"
	}
	return Terminal(words)
}

// message formats a finding, safe to print, with the next step on a separate line.
func message(f policy.Finding) string {
	words := Terminal(subject(f) + ": " + f.Message)
	if f.Excepted {
		words += "\n" + Terminal(excepted(f))
	}
	if f.Fix != "" {
		words += "\nhint: " + Terminal(f.Fix)
	}
	return words
}

// Title formats the verdict in one line.
func Title(r Report) string {
	c := r.Counts
	switch {
	case r.Conclusion == Failure && c.Deny == 0:
		return fmt.Sprintf("Denied for %s", count(c.Warn, "warning"))
	case r.Conclusion == Failure:
		return fmt.Sprintf("Denied: %s%s over %s", count(c.Deny, "finding"), warnings(c), count(c.Artifacts, "artifact"))
	case c.Artifacts == 0:
		return "No artifact changed" + warnings(c)
	}
	return "A" + strings.TrimPrefix(passedLine(r), "a") + warnings(r.Counts) // all
}

// An Annotation is a finding that a check run shows in the diff.
type Annotation struct {
	Path                   string
	StartLine, EndLine     int
	StartColumn, EndColumn int
	Level                  string // failure, warning, notice
	Title, Message         string
}

// Annotations returns the findings as annotations, the worst first.
func Annotations(r Report) []Annotation {
	annotations := make([]Annotation, 0, len(r.Findings))
	for _, f := range r.Findings {
		level := "failure"
		switch {
		case f.Excepted:
			level = "notice"
		case f.Severity == policy.Warn:
			level = "warning"
		}
		a := Annotation{
			Path: Terminal(f.File), StartLine: max(f.Line, 1), EndLine: max(f.Line, 1),
			StartColumn: max(f.Column, 1), EndColumn: max(f.Column, 1), Level: level,
			Title: clip(title(f), maxAnnotationTitle), Message: clip(message(f), maxAnnotationBytes),
		}
		annotations = append(annotations, a)
	}
	return annotations
}

// Markdown formats the report as a summary of at most limit bytes, with the number of
// omitted findings.
func Markdown(r Report, limit int) string {
	var b strings.Builder
	mark := map[Conclusion]string{Success: "✅", Neutral: "⚠️", Failure: "❌"}[r.Conclusion]
	fmt.Fprintf(&b, "## %s %s\n\n", mark, Title(r))
	c := r.Counts
	fmt.Fprintf(&b, "| level | artifacts | trusted | denials | warnings | excepted |\n|---|---|---|---|---|---|\n| %s | %d | %d | %d | %d | %d |\n",
		code(r.Level, maxFieldBytes), c.Artifacts, c.Trusted, c.Deny, c.Warn, c.Excepted)
	tail := notesSection(r.Notes) + previewSection(r.Preview) + provenance(r)
	if len(r.Findings) > 0 {
		b.WriteString("\n| | rule | where | what | next step |\n|---|---|---|---|---|\n")
	}
	for i, f := range r.Findings {
		row := findingRow(f)
		more := fmt.Sprintf("\n… and %d more, in the report.\n", len(r.Findings)-i)
		if b.Len()+len(row)+len(more)+len(tail) > limit {
			b.WriteString(more)
			break
		}
		b.WriteString(row)
	}
	if b.Len()+len(tail) <= limit {
		b.WriteString(tail)
	}
	return clip(b.String(), limit) // no text from outside was written yet
}

// notesSection formats the notes as a section of a summary.
func notesSection(notes []string) string {
	var b strings.Builder
	for i, note := range notes {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("- " + code(note, maxFieldBytes) + "\n")
	}
	return b.String()
}

func findingRow(f policy.Finding) string {
	sign := "❌"
	switch {
	case f.Excepted:
		sign = "➖"
	case f.Severity == policy.Warn:
		sign = "⚠️"
	}
	next := f.Fix
	if f.Excepted { // no action is needed until the exception ends
		next = excepted(f)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", sign, code(title(f), maxFieldBytes),
		code(fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), maxCommandBytes),
		code(subject(f)+": "+f.Message, maxCommandBytes), code(next, maxCommandBytes))
}

// provenance formats the commits, the rules and the time of the run.
func provenance(r Report) string {
	head := r.Head
	if head == "" {
		head = "the work tree"
	}
	if r.Staged {
		head = "what is staged"
	}
	base := r.Base
	if base == "" {
		base = "nothing"
	}
	words := func(s string) string { return code(s, maxFieldBytes) }
	return fmt.Sprintf("\nJudged %s against %s as of %s, by %d rules (%s, %s).\n",
		words(head), words(base), words(r.EffectiveTime), r.Policy.Rules, words(r.Policy.Source), words(r.Policy.Digest))
}
