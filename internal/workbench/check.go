package workbench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// A Finding is a problem of a rule that its owner should fix.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // counts from 1; 0: without a position
	Column  int    `json:"column"` // counts from 1
	Check   string `json:"check"`  // codexlock, or regal and its rule
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// helper matches the package of the standard's helpers.
var helper = lazyregexp.New(`(?m)^package codexlock\.lib\.`)

// Sources returns the embedded rules and the owner's. A directory with the standard's
// helpers is a working copy of the standard: it replaces the embedded rules.
func Sources(embedded ruleset.Source, worked []ruleset.Source) []ruleset.Source {
	sources := []ruleset.Source{embedded}
	for _, s := range worked {
		if slices.ContainsFunc(s.Modules, func(m ruleset.Module) bool { return helper.Match(m.Text) }) {
			s.Standard = true
			sources[0] = s
			continue
		}
		sources = append(sources, s)
	}
	return sources
}

// Check returns all problems of the rules of some sources; without problems, an empty
// list, never nil.
func Check(sources []ruleset.Source) ([]Finding, error) {
	faults, err := ruleset.Check(sources)
	if err != nil {
		return nil, err
	}
	findings := make([]Finding, len(faults))
	for i, f := range faults {
		findings[i] = Finding{File: f.File, Line: f.Line, Column: max(f.Column, min(f.Line, 1)), Check: "codexlock", Message: f.Message, Hint: f.Next}
	}
	return findings, nil
}

// CheckText writes the findings, a line and a hint each, and their number.
func CheckText(w io.Writer, findings []Finding) error {
	p := &printer{w: w}
	files := map[string]bool{}
	for _, f := range findings {
		files[f.File] = true
		if f.Line > 0 {
			p.f("%s:%d:%d: ", report.Terminal(f.File), f.Line, f.Column)
		} else if f.File != "" {
			p.f("%s: ", report.Terminal(f.File))
		}
		p.f("%s", report.Terminal(f.Message))
		if f.Check != "codexlock" {
			p.f(" [%s]", report.Terminal(f.Check))
		}
		p.f("\n")
		if f.Hint != "" {
			p.f("      hint: %s\n", report.Terminal(f.Hint))
		}
	}
	if len(findings) == 0 {
		p.f("[✓] the rules have no problems\n")
	} else {
		p.f("[✗] %s in %s\n", report.Count(len(findings), "finding"), report.Count(len(files), "file"))
	}
	return p.err
}

// CheckJSON writes the findings as one JSON array.
func CheckJSON(w io.Writer, findings []Finding) error {
	e := json.NewEncoder(report.JSON(w))
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(findings)
}

// A printer writes lines and keeps the first error of its writer.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
