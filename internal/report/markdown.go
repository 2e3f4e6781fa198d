package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
)

// Markdown formats the report as a summary of at most limit bytes, with the number of
// omitted findings.
func Markdown(r Report, limit int) string {
	var b strings.Builder
	sign := map[Conclusion]string{Success: "✅", Neutral: "⚠️", Failure: "❌", Partial: "◐"}[r.Conclusion]
	fmt.Fprintf(&b, "## %s %s\n\n", sign, Title(r))
	c := r.Counts
	fmt.Fprintf(&b, "| level | artifacts | trusted | denials | warnings | excepted |\n|---|---|---|---|---|---|\n| %s | %d | %d | %d | %d | %d |\n",
		code(r.Level, maxFieldBytes), c.Artifacts, c.Trusted, c.Deny, c.Warn, c.Excepted)
	for _, line := range []string{usesLine(r), validUntil(r)} {
		if line != "" {
			b.WriteString("\n" + code(line, maxFieldBytes) + "\n")
		}
	}
	tail := notesSection(append(suppressionLines(r), r.Notes...)) + previewSection(r.Preview) + provenance(r)
	rules, open, excepted := rulesByCode(r), []cause{}, []cause{}
	for _, c := range shared(byArtifact(causes(r.Findings))) {
		if c.Excepted {
			excepted = append(excepted, c)
			continue
		}
		open = append(open, c)
	}
	b.WriteString(causeTable(open, rules, limit-b.Len()-len(tail)))
	// No action is needed for what is excepted, until the exception ends.
	if n := len(excepted); n > 0 {
		before, after := "\n<details><summary>"+Count(n, "excepted finding")+"</summary>\n", "\n</details>\n"
		if room := limit - b.Len() - len(tail) - len(before) - len(after); room > 0 {
			b.WriteString(before + causeTable(excepted, rules, room) + after)
		}
	}
	if b.Len()+len(tail) <= limit {
		b.WriteString(tail)
	}
	return clip(b.String(), limit) // no text from outside was written yet
}

// causeTable formats causes as a table of at most limit bytes, with the number of those that
// are left out.
func causeTable(all []cause, rules map[string]decision.FoundRule, limit int) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n| artifact | finding |\n|---|---|\n")
	for i, c := range all {
		row := causeRow(c, rules)
		more := fmt.Sprintf("\n… and %d more, in the report.\n", len(all)-i)
		if b.Len()+len(row)+len(more) > limit {
			if len(more) > limit {
				return ""
			}
			if i == 0 {
				return more
			}
			b.WriteString(more)
			break
		}
		b.WriteString(row)
	}
	return b.String()
}

// causeRow formats a cause as a row of the table. Below the message of the finding that leads
// are the other findings, the position and the next steps.
func causeRow(c cause, rules map[string]decision.FoundRule) string {
	sign, next := "❌", c.hints()
	switch {
	case c.Excepted:
		sign, next = "➖", c.suppressions()
	case c.Severity == decision.Warn:
		sign = "⚠️"
	}
	rule := code(title(c.Finding), maxFieldBytes)
	if page := webPage(rules[c.Rule].Page); page != "" && len(page) <= maxFieldBytes {
		rule = "[" + rule + "](" + page + ")"
	}
	lines := []string{rule + " " + code(c.Message, maxCommandBytes)}
	for _, f := range c.also {
		lines = append(lines, code(alsoLine(f), maxCommandBytes))
	}
	subjects, at := c.about()
	word, where, _ := strings.Cut(at, " ")
	lines = append(lines, word+" "+code(where, maxCommandBytes))
	for _, step := range next {
		lines = append(lines, "→ "+code(step, maxCommandBytes))
	}
	return fmt.Sprintf("| %s %s | %s |\n", sign, code(subjects, maxCommandBytes), strings.Join(lines, "<br>"))
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
