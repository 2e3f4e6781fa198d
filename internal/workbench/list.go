// Package workbench has the tools of policy owners: it lists rules, starts new ones, checks,
// tests and traces them, and writes their documentation. It judges no artifact.
package workbench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// ListText writes the rules as a table, with the source of each rule that is not embedded
// in the program.
func ListText(w io.Writer, rules []decision.Rule) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CODE\tREQUIREMENT\tSEVERITY\tTITLE")
	for _, r := range rules {
		title := r.Title
		if r.Source != ruleset.EmbeddedSource {
			title += " (" + r.Source + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", report.Terminal(r.Code), report.Terminal(r.Requirement), r.Severity, report.Terminal(title))
	}
	return table.Flush()
}

// ListJSON writes the rules as one JSON array.
func ListJSON(w io.Writer, rules []decision.Rule) error { return writeJSON(w, rules) }

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(report.JSON(w))
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
