package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report/marked"
)

// The colours of a terminal (ECMA-48, SGR).
const (
	red, yellow, green, dim, plain = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
)

// writeText writes the report for a person at a terminal, with the lines of the standard
// (ZT-12).
func writeText(out io.Writer, r Report, o Options) error {
	w := &renderer{w: bufio.NewWriterSize(out, 64<<10), o: o}
	shown := o.Quiet && r.Conclusion == Failure && r.Counts.Deny == 0 // warnings deny then
	for _, c := range shared(byArtifact(causes(r.Findings))) {
		if c.Excepted && !o.ShowExcepted || o.Quiet && !denies(c.Finding) && (c.Excepted || !shown) {
			continue
		}
		w.cause(c)
	}
	if !o.Quiet {
		w.artifacts(r)
		w.preview(r.Preview)
		for _, note := range r.Notes {
			w.mark(dim, "i", "%s", Terminal(note))
		}
		w.suppressed(r)
		for _, line := range []string{usesLine(r), validUntil(r)} {
			if line != "" {
				w.mark(dim, "i", "%s", Terminal(line))
			}
		}
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

// cause writes a finding and those that have the same cause.
func (t *renderer) cause(c cause) {
	color, mark := red, "✗"
	switch {
	case c.Excepted:
		color, mark = dim, "~"
	case c.Severity == decision.Warn:
		color, mark = yellow, "!"
	}
	subjects, at := c.about()
	t.mark(color, mark, "%s: %s [%s]", Terminal(subjects), Terminal(c.Message), Terminal(c.Rule))
	t.below("%s", Terminal(at))
	if l, ok := marked.Of(c.Finding, t.o.Columns-sourceIndent); ok && c.artifacts == nil {
		t.source(l, color)
	}
	for _, f := range c.also {
		t.below("%s", Terminal(alsoLine(f)))
	}
	if c.Excepted {
		for _, line := range c.suppressions() {
			t.below("%s", Terminal(line))
		}
	}
	for _, hint := range c.hints() {
		t.below("hint: %s", Terminal(hint))
	}
}

// sourceIndent is how far the lines of a source are indented.
const sourceIndent = 6

// source writes the line of a finding, and a mark under the text that it is about.
func (t *renderer) source(l marked.Line, color string) {
	under := l.Under
	if t.o.Color {
		under = color + under + plain
	}
	indent := strings.Repeat(" ", sourceIndent)
	fmt.Fprintf(t.w, "%s%s | %s%s%s\n", indent, l.Number, l.Before, l.Marked, l.After)
	fmt.Fprintf(t.w, "%s%s | %s%s\n", indent, strings.Repeat(" ", len(l.Number)), l.Indent, under)
}

// suppressed writes what the configuration turns down, and how many findings are excepted.
func (t *renderer) suppressed(r Report) {
	for _, line := range suppressionLines(r) {
		t.mark(dim, "~", "%s", Terminal(line))
	}
	if r.Counts.Excepted > 0 && !t.o.ShowExcepted {
		t.below("--show-excepted lists the excepted findings")
	}
}

// place formats where a finding is, unescaped.
func place(f decision.Finding) string { return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column) }

// subject returns what a finding is about: its artifact, or else its file.
func subject(f decision.Finding) string {
	if f.Artifact != "" {
		return f.Artifact
	}
	return f.File
}

// artifacts writes a line for each trusted artifact. The line claims no check that a
// finding says was not made.
func (t *renderer) artifacts(r Report) {
	trusted, found := r.Trusted(), map[string][]decision.Finding{}
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
func verified(findings []decision.Finding) string {
	verb, time, hash := "verified", "VaultTime valid", "Codex hash match"
	for _, f := range findings {
		switch {
		case f.Kind == decision.KindUnbound: // MAC and time were still checked
		case f.Kind == decision.KindUnchecked:
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
	case r.Conclusion == Partial:
		t.mark(yellow, "!", "%s: no denial over %d of %s%s; merge the reports of all shards for the verdict", r.Shard.Name(), c.Artifacts, Count(r.Shard.Artifacts, "artifact"), warnings(c))
	case r.Shard != nil:
		t.mark(red, "✗", "%s", Title(r))
	case r.Conclusion == Failure && c.Deny == 0:
		t.mark(red, "✗", "denied for %s, which this run does not allow", Count(c.Warn, "warning"))
	case r.Conclusion == Failure && c.Artifacts == 0:
		t.mark(red, "✗", "no artifact changed, %s%s; level %s", withCauses(r, "denial"), warnings(c), Terminal(r.Level))
	case r.Conclusion == Failure:
		t.mark(red, "✗", "%d of %s trusted, %s%s; level %s",
			c.Trusted, Count(c.Artifacts, "artifact"), withCauses(r, "denial"), warnings(c), Terminal(r.Level))
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
		words = ", " + Count(c.Warn, "warning")
	}
	if c.Excepted > 0 {
		words += ", " + Count(c.Excepted, "excepted finding")
	}
	return words
}

// Count formats a number with its noun, which forms its plural with an s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// CountAre formats a number with its noun and the verb: "1 artifact is", "2 artifacts are".
func CountAre(n int, noun string) string {
	if n == 1 {
		return Count(n, noun) + " is"
	}
	return Count(n, noun) + " are"
}

// withCauses formats the number of denials, and that of their causes if it is smaller.
func withCauses(r Report, noun string) string {
	words := Count(r.Counts.Deny, noun)
	if n := deniedCauses(r); n < r.Counts.Deny {
		words += " with " + Count(n, "cause")
	}
	return words
}

// usesLine describes how many of the uses of artifacts are verified; "" without uses.
func usesLine(r Report) string {
	if r.Uses == nil {
		return ""
	}
	return fmt.Sprintf("%d of %s verified", r.Uses.Verified, Count(r.Uses.Total, "use"))
}

// validUntil describes when the first of the judged artifacts expires; "" if the verdict is a
// denial, or nothing expires.
func validUntil(r Report) string {
	if r.ValidUntil == "" || r.Conclusion == Failure || r.Shard != nil {
		return ""
	}
	path := ""
	for _, a := range r.Artifacts {
		if a.ExpiresAt == r.ValidUntil {
			path = a.Path
			break
		}
	}
	if r.ValidUntil <= r.EffectiveTime {
		return fmt.Sprintf("expired since %s: %s", r.ValidUntil, path)
	}
	return fmt.Sprintf("valid until %s: %s expires first", r.ValidUntil, path)
}
