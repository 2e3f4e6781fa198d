package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/policy"
)

// The colours of a terminal (ECMA-48, SGR).
const (
	red, yellow, green, dim, plain = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
)

// writeText writes the report for a person at a terminal, with the lines of the standard
// (ZT-12).
func writeText(out io.Writer, r Report, o Options) error {
	w := &renderer{w: bufio.NewWriterSize(out, 64<<10), o: o}
	for _, f := range r.Findings {
		w.finding(f)
	}
	if !o.Quiet {
		w.artifacts(r)
	}
	w.preview(r.Preview)
	for _, note := range r.Notes {
		w.mark(dim, "i", "%s", Terminal(note))
	}
	w.last(r)
	return w.w.Flush() // returns the first error of a write
}

type renderer struct {
	w *bufio.Writer
	o Options
}

// mark writes a line that begins with a mark: [✓].
func (t *renderer) mark(color, mark, format string, args ...any) {
	if t.o.Color {
		mark = color + mark + plain
	}
	fmt.Fprintf(t.w, "[%s] ", mark)
	fmt.Fprintf(t.w, format, args...)
	_ = t.w.WriteByte('\n')
}

func (t *renderer) below(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if t.o.Color {
		line = dim + line + plain
	}
	fmt.Fprintf(t.w, "      %s\n", line)
}

func (t *renderer) finding(f policy.Finding) {
	color, mark := red, "✗"
	switch {
	case f.Excepted:
		color, mark = dim, "~"
	case f.Severity == policy.Warn:
		color, mark = yellow, "!"
	}
	t.mark(color, mark, "%s: %s [%s]", Terminal(subject(f)), Terminal(f.Message), Terminal(f.Rule))
	t.below("at %s:%d:%d", Terminal(f.File), f.Line, f.Column)
	if f.Excepted {
		t.below("%s", Terminal(excepted(f)))
	}
	if f.Fix != "" {
		t.below("hint: %s", Terminal(f.Fix))
	}
}

// excepted describes the suppression of a finding, unescaped.
func excepted(f policy.Finding) string {
	w := f.Suppression
	switch {
	case w == nil:
		return "excepted by the configuration"
	case w.By == "baseline":
		return "excepted: it is in the baseline, until what it is about changes"
	}
	what := "excepted"
	if w.By == "rules" {
		what = "the rule is off"
	}
	return fmt.Sprintf("%s until %s by %s: %s", what, w.Expires, w.Owner, w.Reason)
}

// subject returns what a finding is about: its artifact, or else its file.
func subject(f policy.Finding) string {
	if f.Artifact != "" {
		return f.Artifact
	}
	return f.File
}

// artifacts writes a line for each trusted artifact. The line claims no check that a
// finding says was not made.
func (t *renderer) artifacts(r Report) {
	trusted, found := r.Trusted(), map[string][]policy.Finding{}
	for _, f := range r.Findings {
		found[f.Artifact] = append(found[f.Artifact], f)
	}
	for _, a := range r.Artifacts {
		switch {
		case !trusted(a):
		case a.SHA256 == "":
			t.mark(green, "✓", "%s removed together with its companions", Terminal(a.Path))
		default:
			t.mark(green, "✓", "%s %s", Terminal(a.Path), verified(found[a.Path]))
		}
	}
}

// verified describes the checks that an artifact with these findings passed.
func verified(findings []policy.Finding) string {
	verb, time, hash := "verified", "VaultTime valid", "Codex hash match"
	for _, f := range findings {
		switch {
		case f.Kind == policy.KindUnbound: // MAC and time were still checked
		case f.Kind == policy.KindUnchecked:
			if time == "VaultTime valid" {
				time = "VaultTime not checked: no key"
			}
		case strings.HasPrefix(f.Rule, "vaulttime."):
			verb, time = "allowed", "VaultTime not proved"
		case strings.HasPrefix(f.Rule, "lock.") || strings.HasPrefix(f.Rule, "layout."):
			verb, hash = "allowed", "Codex hash not proved"
		}
	}
	and := ", "
	if time != "VaultTime valid" {
		and = "; "
	}
	return verb + " (" + time + and + hash + ")"
}

// last writes the last line, the summary.
func (t *renderer) last(r Report) {
	c := r.Counts
	switch {
	case r.Conclusion == Failure && c.Deny == 0:
		t.mark(red, "✗", "denied for %s, which this run does not allow", count(c.Warn, "warning"))
	case r.Conclusion == Failure:
		t.mark(red, "✗", "%d of %s trusted, %s%s; level %s",
			c.Trusted, count(c.Artifacts, "artifact"), count(c.Deny, "denial"), warnings(c), Terminal(r.Level))
	case c.Artifacts == 0:
		t.mark(green, "✓", "no artifact changed, nothing to verify%s", warnings(c))
	default:
		if w := warnings(c); w != "" {
			t.mark(yellow, "!", "%s", strings.TrimPrefix(w, ", "))
		}
		t.mark(green, "✓", "%s", passedLine(r)) // the exact last line of the standard (ZT-12)
	}
}

// passed describes how far artifacts without denials are trusted: below the highest level,
// or by an exception, they only pass.
func passedLine(r Report) string {
	words := "all artifacts trusted and current"
	switch {
	case r.Counts.Excepted > 0:
		words = "all artifacts pass, by exception; level " + Terminal(r.Level)
	case r.Level != artifact.APlus.String():
		words = "all artifacts pass at level " + Terminal(r.Level)
	}
	return words
}

func warnings(c Counts) string {
	words := ""
	if c.Warn > 0 {
		words = ", " + count(c.Warn, "warning")
	}
	if c.Excepted > 0 {
		words += ", " + count(c.Excepted, "excepted finding")
	}
	return words
}

// count formats a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
