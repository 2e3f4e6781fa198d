package workbench

import (
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/report"
)

// ProofText writes the results of mutation tests, a line for each deny and warn.
func ProofText(w io.Writer, proofs []Proof) error {
	p := &printer{w: w}
	width, unproved, silent := 0, 0, 0
	for _, r := range proofs {
		width = max(width, len(r.Code))
	}
	for _, r := range proofs {
		tellProof(p, r, width)
		if !r.Proved {
			unproved++
		}
		if len(r.Silent) > 0 {
			silent++
		}
	}
	if silent > 0 {
		p.f("[!] %s finds nothing where a fact is missing: a missing fact should be a finding\n", report.Count(silent, "rule"))
	}
	if unproved > 0 {
		p.f("[✗] %d of %s not proved\n", unproved, report.Count(len(proofs), "rule"))
	} else {
		p.f("[✓] each deny and warn of %s can fire\n", report.Count(len(proofs), "rule"))
	}
	return p.err
}

func tellProof(p *printer, r Proof, width int) {
	for _, f := range r.OnValid {
		p.f("[✗] %-*s  has a finding where everything is valid: %s\n", width, report.Terminal(r.Code), report.Terminal(f.Message))
	}
	for _, d := range r.Definitions {
		switch {
		case len(r.OnValid) > 0:
		case d.Fires:
			p.f("[✓] %-*s  %s: %s\n", width, report.Terminal(r.Code), d.Severity, report.Terminal(strings.Join(d.Changes, ", and ")))
		default:
			p.f("[✗] %-*s  %s never fires (%s:%d): tried %s\n", width, report.Terminal(r.Code), d.Severity,
				report.Terminal(d.File), d.Line, report.Count(r.Asked, "change"))
			p.f("      hint: %s\n", "see what it asks for with codexlock policy trace, or give facts that lead there: --facts FILE")
		}
	}
	if len(r.Silent) > 0 {
		p.f("[!] %-*s  silent without %s\n", width, report.Terminal(r.Code), report.Terminal(strings.Join(r.Silent, ", ")))
	}
	if n := len(r.Faults); n > 0 {
		more := ""
		if n > 1 {
			more = fmt.Sprintf(" (and %d more)", n-1)
		}
		p.f("[!] %-*s  does not answer: %s%s\n", width, report.Terminal(r.Code), report.Terminal(r.Faults[0]), more)
	}
}

// ProofJSON writes the results of mutation tests as JSON.
func ProofJSON(w io.Writer, proofs []Proof) error { return writeJSON(w, proofs) }
