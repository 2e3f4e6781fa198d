package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/escape"
	"github.com/codexlock/codexlock/internal/report"
)

// JSON writes the diagnosis as JSON.
func (d Diagnosis) JSON(w io.Writer) error {
	enc := json.NewEncoder(report.JSON(w))
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

// Text writes the diagnosis for people: each finding with why and a hint, and the result last.
func (d Diagnosis) Text(w io.Writer) error {
	var b strings.Builder
	weakening := 0
	for _, f := range d.Findings {
		mark := "[!]"
		if f.Level == Weakens {
			mark = "[✗]"
			weakening++
		}
		where := ""
		if f.File != "" {
			where = f.File + ": "
			if f.Line > 0 {
				where = fmt.Sprintf("%s:%d: ", f.File, f.Line)
			}
		}
		fmt.Fprintf(&b, "%s %s%s [%s]\n      why:  %s\n      hint: %s\n", mark, escape.Terminal(where), escape.Terminal(f.What), f.Check, escape.Terminal(f.Why), escape.Terminal(f.Fix))
	}
	for _, q := range d.NotAsked {
		fmt.Fprintf(&b, "      not asked: %s\n", escape.Terminal(q))
	}
	switch advice := len(d.Findings) - weakening; {
	case weakening > 0:
		fmt.Fprintf(&b, "[✗] %d of %s the gate\n", weakening, problems(len(d.Findings), "weakens", "weaken", weakening))
	case advice > 0:
		fmt.Fprintf(&b, "[!] nothing in these files weakens the gate; advice on %s\n", report.Count(advice, "problem"))
	default:
		b.WriteString("[✓] nothing in these files weakens the gate\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// problems formats the number of problems with a verb that fits those that weaken the gate.
func problems(all int, one, many string, weakening int) string {
	if weakening == 1 {
		many = one
	}
	return report.Count(all, "problem") + " " + many
}
