package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
)

// maxPreviewLines is the longest preview in a rendered report; JSON has more.
const maxPreviewLines = 20

// previewLines describes what edits of the gate would change, the totals first. The lines
// are not escaped; their writers do that. None begins with a name from outside, which a
// runner could take for a command.
func previewLines(p *decision.Preview) []string {
	switch {
	case p == nil:
		return nil
	case p.State != "done":
		return []string{"no preview of these edits: " + p.Problem}
	}
	over := " over " + Count(p.Artifacts, "artifact")
	lines := []string{"with these edits nothing changes" + over}
	if e := effect(p.Findings); e != "" {
		lines[0] = "with these edits " + e + over
	}
	if p.Before != p.After {
		lines[0] += fmt.Sprintf("; everything together is %s instead of %s", p.After, p.Before)
	}
	for _, r := range []struct {
		verb  string
		codes []string
	}{{"added", p.Rules.Added}, {"removed", p.Rules.Removed}, {"changed", p.Rules.Changed}} {
		if len(r.codes) > 0 {
			lines = append(lines, fmt.Sprintf("rules %s: %s", r.verb, list(r.codes)))
		}
	}
	for _, e := range p.ByRule {
		lines = append(lines, "rule "+e.Rule+": "+effect(e))
	}
	for _, t := range p.Conclusions {
		lines = append(lines, fmt.Sprintf("would be %s instead of %s: %s", t.After, t.Before, t.Path))
	}
	if n := len(lines) - maxPreviewLines; n > 0 || p.More > 0 {
		n = max(n, 0)
		lines = append(lines[:len(lines)-n], fmt.Sprintf("… and %d more, in the report", n+p.More))
	}
	return lines
}

// some lists the first of several rules.
func list(codes []string) string {
	const most = 10
	words := strings.Join(codes[:min(len(codes), most)], ", ")
	if n := len(codes) - most; n > 0 {
		words += fmt.Sprintf(" and %d more", n)
	}
	return words
}

// effect formats a change of findings: 3 vanish, 1 appears.
func effect(e decision.Effect) string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{{e.Vanish, "vanishes", "vanish"}, {e.Appear, "appears", "appear"}, {e.Change, "counts otherwise", "count otherwise"}} {
		verb := p.many
		if p.n == 1 {
			verb = p.one
		}
		if p.n > 0 && len(parts) == 0 {
			parts = append(parts, Count(p.n, "finding")+" "+verb)
		} else if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, verb))
		}
	}
	return strings.Join(parts, ", ")
}

// preview writes the preview, marked as such.
func (t *renderer) preview(p *decision.Preview) {
	for i, line := range previewLines(p) {
		if i == 0 {
			t.mark(dim, "?", "preview, not the verdict: %s", Terminal(line))
			continue
		}
		t.below("%s", Terminal(line))
	}
}

// Preview writes what edits of the gate would change, as text; nothing for nil.
func Preview(out io.Writer, p *decision.Preview) error {
	w := &renderer{w: bufio.NewWriter(out)}
	w.preview(p)
	return w.w.Flush()
}

// previewSection formats a preview as a section of a summary.
func previewSection(p *decision.Preview) string {
	lines := previewLines(p)
	if len(lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n### Preview, not the verdict\n\n")
	for _, line := range lines {
		b.WriteString("- " + code(line, maxFieldBytes) + "\n")
	}
	return b.String()
}
