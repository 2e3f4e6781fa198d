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

// text writes the report for a person at a terminal, in the standard's words
// (ZT-12).
func text(out io.Writer, r Report, o Options) error {
	w := &teller{w: bufio.NewWriterSize(out, 64<<10), o: o}
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
	return w.w.Flush() // a writer's error stays until here
}

type teller struct {
	w *bufio.Writer
	o Options
}

// mark writes a line that begins with a mark: [✓].
func (t *teller) mark(color, mark, format string, args ...any) {
	if t.o.Color {
		mark = color + mark + plain
	}
	fmt.Fprintf(t.w, "[%s] ", mark)
	fmt.Fprintf(t.w, format, args...)
	_ = t.w.WriteByte('\n')
}

func (t *teller) below(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if t.o.Color {
		line = dim + line + plain
	}
	fmt.Fprintf(t.w, "      %s\n", line)
}

func (t *teller) finding(f policy.Finding) {
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

// excepted says what lets a finding stand, raw.
func excepted(f policy.Finding) string {
	w := f.Waiver
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

// subject is what a finding is about: its artifact, or else its file.
func subject(f policy.Finding) string {
	if f.Artifact != "" {
		return f.Artifact
	}
	return f.File
}

// artifacts writes a line for each artifact that is trusted, which claims no
// proof that a finding says is absent.
func (t *teller) artifacts(r Report) {
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
			t.mark(green, "✓", "%s %s", Terminal(a.Path), proved(found[a.Path]))
		}
	}
}

// proved is what is verified of an artifact that has these findings.
func proved(findings []policy.Finding) string {
	verb, time, hash := "verified", "VaultTime valid", "Codex hash match"
	for _, f := range findings {
		switch {
		case f.Kind == policy.KindUnbound: // its MAC and its time are as good
		case f.Kind == policy.KindUnchecked:
			if time == "VaultTime valid" {
				time = "VaultTime not checked: no key"
			}
		case strings.HasPrefix(f.Rule, "vaulttime."):
			verb, time = "let through", "VaultTime not proved"
		case strings.HasPrefix(f.Rule, "lock.") || strings.HasPrefix(f.Rule, "layout."):
			verb, hash = "let through", "Codex hash not proved"
		}
	}
	and := ", "
	if time != "VaultTime valid" {
		and = "; "
	}
	return verb + " (" + time + and + hash + ")"
}

// last is the line that sums up.
func (t *teller) last(r Report) {
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
		t.mark(green, "✓", "%s", passed(r)) // the standard's last line, as it has it (ZT-12)
	}
}

// passed says how far artifacts are trusted that nothing denies: below the
// highest level, or by an exception, they pass and no more.
func passed(r Report) string {
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

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
