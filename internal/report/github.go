package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
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

// Title formats the verdict in one line.
func Title(r Report) string {
	c := r.Counts
	if s := r.Shard; s != nil {
		whole := r
		whole.Shard = nil
		if r.Conclusion == Failure {
			return "Shard" + strings.TrimPrefix(s.Name(), "shard") + ": " + Title(whole)
		}
		return fmt.Sprintf("Shard%s: no denial over %d of %s%s, no verdict without the other shards",
			strings.TrimPrefix(s.Name(), "shard"), c.Artifacts, Count(s.Artifacts, "artifact"), warnings(c))
	}
	switch {
	case r.Conclusion == Failure && c.Deny == 0:
		return fmt.Sprintf("Denied for %s", Count(c.Warn, "warning"))
	case r.Conclusion == Failure:
		return fmt.Sprintf("Denied: %s%s over %s", withCauses(r, "finding"), warnings(c), Count(c.Artifacts, "artifact"))
	case c.Artifacts == 0:
		return "No artifact changed" + warnings(c)
	}
	return "A" + strings.TrimPrefix(passedLine(r), "a") + warnings(r.Counts) // all
}

// Markdown formats the report as a summary of at most limit bytes, with the number of
// omitted findings.
func Markdown(r Report, limit int) string {
	var b strings.Builder
	mark := map[Conclusion]string{Success: "✅", Neutral: "⚠️", Failure: "❌", Partial: "◐"}[r.Conclusion]
	fmt.Fprintf(&b, "## %s %s\n\n", mark, Title(r))
	c := r.Counts
	fmt.Fprintf(&b, "| level | artifacts | trusted | denials | warnings | excepted |\n|---|---|---|---|---|---|\n| %s | %d | %d | %d | %d | %d |\n",
		code(r.Level, maxFieldBytes), c.Artifacts, c.Trusted, c.Deny, c.Warn, c.Excepted)
	if line := validUntil(r); line != "" {
		b.WriteString("\n" + code(line, maxFieldBytes) + "\n")
	}
	tail := notesSection(append(suppressionLines(r), r.Notes...)) + previewSection(r.Preview) + provenance(r)
	all := causes(r.Findings)
	if len(r.Findings) > 0 {
		b.WriteString("\n| | rule | where | what | next step |\n|---|---|---|---|---|\n")
	}
	for i, c := range all {
		row := causeRow(c)
		more := fmt.Sprintf("\n… and %d more, in the report.\n", len(all)-i)
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

// causeRow formats a cause as a row of the table: below the finding that leads are the
// others, and the next steps stand below each other.
func causeRow(c cause) string {
	sign := "❌"
	next := c.hints()
	switch {
	case c.Excepted: // no action is needed until the exception ends
		sign, next = "➖", c.suppressions()
	case c.Severity == decision.Warn:
		sign = "⚠️"
	}
	what := []string{subject(c.Finding) + ": " + c.Message}
	for _, f := range c.also {
		what = append(what, alsoLine(f))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", sign, code(title(c.Finding), maxFieldBytes),
		code(place(c.Finding), maxCommandBytes), codeLines(what), codeLines(next))
}

// codeLines formats texts as code below each other in a table cell.
func codeLines(lines []string) string {
	if len(lines) == 0 {
		return code("", maxCommandBytes)
	}
	spans := make([]string, len(lines))
	for i, line := range lines {
		spans[i] = code(line, maxCommandBytes)
	}
	return strings.Join(spans, "<br>")
}

// provenance formats the commits, the rules and the time of the run.
func provenance(r Report) string {
	head, base := judgedCommits(r)
	words := func(s string) string { return code(s, maxFieldBytes) }
	return fmt.Sprintf("\nJudged %s against %s as of %s, by %d rules (%s, %s).\n",
		words(head), words(base), words(r.EffectiveTime), r.Policy.Rules, words(r.Policy.Source), words(r.Policy.Digest))
}

// judgedCommits describes what was judged, and what it was compared with, unescaped.
func judgedCommits(r Report) (head, base string) {
	head, base = cmp.Or(r.Head, "the work tree"), cmp.Or(r.Base, "nothing")
	if r.Staged {
		head = "what is staged"
	}
	return head, base
}
