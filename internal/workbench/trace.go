package workbench

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/report"
)

// A Trace shows why a rule found something, or did not.
type Trace struct {
	Rule    string               `json:"rule"`
	Title   string               `json:"title"`
	Subject string               `json:"subject"` // the artifact's path, or "the change"
	Facts   []Fact               `json:"facts"`
	Bodies  []Body               `json:"bodies"` // in the order of evaluation
	Found   []policy.RuleFinding `json:"found"`
}

// A Fact is a fact that the rule read.
type Fact struct {
	Path  string `json:"path"`
	There bool   `json:"there"`
	Value string `json:"value,omitempty"` // in Rego syntax, shortened
}

// A Body is one body of the rule, or of a helper that it uses.
type Body struct {
	Name  string `json:"name"`
	Held  bool   `json:"held"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	Depth int    `json:"depth"` // 0: the rule's own deny or warn
	Steps []Step `json:"steps"`
}

// A Step is one expression of a body.
type Step struct {
	Text   string `json:"text"`
	Line   int    `json:"line"`
	Held   int    `json:"held"`   // how often
	Failed int    `json:"failed"` // how often
	Got    string `json:"got,omitempty"`
}

// NewTrace asks a rule about facts, and watches.
func NewTrace(ctx context.Context, p *policy.RuleEvaluator, input ast.Value, subject string) (Trace, error) {
	w := newCoverageTracer(input)
	found, err := p.Ask(ctx, input, subject, w, false)
	if err != nil {
		return Trace{}, err
	}
	t := Trace{Rule: p.Code, Title: p.Title, Subject: subject, Facts: []Fact{}, Bodies: []Body{}, Found: append([]policy.RuleFinding{}, found...)}
	for _, path := range w.reads() {
		v := at(input, path)
		f := Fact{Path: "input." + dotted(path), There: v != nil}
		if v != nil {
			f.Value = shown(v)
		}
		t.Facts = append(t.Facts, f)
	}
	for _, try := range w.order {
		t.Bodies = append(t.Bodies, body(try, input))
	}
	return t, nil
}

func body(t *try, input ast.Value) Body {
	b := Body{
		Name: bodyName(t.rule), Held: t.held > 0, File: t.rule.Location.File, Line: t.rule.Location.Row,
		Depth: t.depth, Steps: []Step{},
	}
	for _, s := range t.own() {
		one := Step{
			Text: oneLine(t.text(s)), Line: s.at.Row,
			Held: max(s.times()-s.failed, 0), Failed: s.failed,
		}
		if one.Failed > 0 {
			one.Got = got(s, input)
		}
		b.Steps = append(b.Steps, one)
	}
	return b
}

// bodyName is a rule as its author would call it.
func bodyName(r *ast.Rule) string {
	ref := r.Head.Ref()
	name := ref.GroundPrefix().String()
	if len(ref.GroundPrefix()) < len(ref) {
		name += "[…]"
	}
	if r.Head.RuleKind() == ast.MultiValue {
		name += " contains …"
	}
	if len(r.Head.Args) > 0 {
		name += "(…)"
	}
	if r.Module == nil {
		return name
	}
	pkg := strings.TrimPrefix(strings.TrimPrefix(r.Module.Package.Path.String(), "data."), "codexlock.")
	if strings.Contains(pkg, "lib.") {
		name = pkg + "." + name
	}
	return name
}

// got says what the facts of a failed expression are.
func got(s *step, input ast.Value) string {
	var parts []string
	seen := map[string]bool{}
	for _, r := range s.got {
		var path []string
		for _, t := range r[1:] {
			name, ok := t.Value.(ast.String)
			if !ok {
				path = nil
				break
			}
			path = append(path, string(name))
		}
		if key := dotted(path); len(path) > 0 && !seen[key] {
			seen[key] = true
			parts = append(parts, fmt.Sprintf("%s is %s", path[len(path)-1], shown(at(input, path))))
		}
	}
	return strings.Join(parts, ", ")
}

// oneLine is a piece of a module in one line of text.
func oneLine(text string) string {
	words := []rune(strings.Join(strings.Fields(text), " "))
	if len(words) > maxShown {
		words = append(words[:maxShown-1], '…')
	}
	return string(words)
}

// TraceText tells a trace to a person.
func TraceText(w io.Writer, t Trace) error {
	p := &printer{w: w}
	result := "found nothing"
	if n := len(t.Found); n > 0 {
		result = "found " + report.Count(n, "thing")
	}
	p.f("%s about %s: %s\n", report.Terminal(t.Rule), report.Terminal(t.Subject), result)
	for _, f := range t.Found {
		p.f("  %s: %s\n", f.Severity, report.Terminal(f.Message))
	}
	p.f("\nthe facts that it read\n")
	width := 0
	for _, f := range t.Facts {
		width = max(width, len(f.Path))
	}
	for _, f := range t.Facts {
		value := f.Value
		if !f.There {
			value = "absent"
		}
		p.f("  %-*s  %s\n", width, report.Terminal(f.Path), report.Terminal(value))
	}
	if len(t.Facts) == 0 {
		p.f("  none: its answer never depends on the input\n")
	}
	p.f("\nhow it came to that\n")
	for _, b := range t.Bodies {
		tellBody(p, b)
	}
	return p.err
}

func tellBody(p *printer, b Body) {
	indent := strings.Repeat("  ", b.Depth+1)
	p.f("%s%s %s  (%s:%d)\n", indent, tick(b.Held), report.Terminal(b.Name), report.Terminal(b.File), b.Line)
	for _, s := range b.Steps {
		p.f("%s    %d: %s %s", indent, s.Line, tick(s.Held > 0), report.Terminal(s.Text))
		if s.Held > 0 && s.Failed > 0 {
			p.f("  (held %d of %d times)", s.Held, s.Held+s.Failed)
		} else if s.Got != "" {
			p.f("  (%s)", report.Terminal(s.Got))
		}
		p.f("\n")
	}
}

func tick(held bool) string {
	if held {
		return "✓"
	}
	return "✗"
}

// TraceJSON writes a trace as JSON.
func TraceJSON(w io.Writer, t Trace) error { return writeJSON(w, t) }
