// Package doctor looks at how a repository is set up: the workflows that run the gate, renew and
// attest, the attributes and the merge driver. It reads what it is given and advises. It judges
// no artifact and changes no verdict, which are the gate's.
package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/config"
)

// A Level is how bad a finding is.
type Level string

// The levels of findings.
const (
	Weakens Level = "weakens" // a change could pass the gate, or avoid it
	Advice  Level = "advice"  // work that fails or is harder than it needs to be
)

// A Finding is one problem of a setup.
type Finding struct {
	Check string `json:"check"` // the name of the check that found it
	Level Level  `json:"level"`
	File  string `json:"file,omitempty"` // "" for a problem of the clone or of the whole repository
	Line  int    `json:"line,omitempty"` // from 1; 0 for the whole file
	What  string `json:"what"`           // what is wrong
	Why   string `json:"why"`            // what follows from it
	Fix   string `json:"fix"`            // what to do, beginning with a verb
}

// A Setup is what is looked at.
type Setup struct {
	Config     config.Config
	Configured bool       // the configuration is a file
	Workflows  []Workflow // those of .github/workflows
	Attributes []string   // the lines that .gitattributes lacks
	Repeated   []string   // the lines of .gitattributes that a later line of it overrules
	Overruled  []string   // the files that take back what .gitattributes says of artifacts
	Driver     bool       // this clone has the merge driver
	DriverSet  string     // the command that configures it
	Answer     *Answer    // what the server says; nil: it was not asked
}

// A Diagnosis is what was found, and what was not asked.
type Diagnosis struct {
	Schema   string    `json:"schema"`
	Weakened bool      `json:"weakened"` // a finding weakens the gate
	Checks   []string  `json:"required_check_candidates"`
	Findings []Finding `json:"findings"`
	NotAsked []string  `json:"not_asked"`
}

// schema is the name and version of the JSON form.
const schema = "codexlock.doctor/v1"

// Examine returns the problems of a setup, the worst first, then by file and line.
func Examine(s Setup) Diagnosis {
	e := examination{setup: s}
	e.workflows()
	e.gates()
	e.keys()
	e.renewal()
	e.clone()
	d := Diagnosis{Schema: schema, Checks: []string{}, Findings: []Finding{}}
	for _, g := range e.gateJobs {
		if g.judgesPulls() || !slices.ContainsFunc(e.gateJobs, gateJob.judgesPulls) {
			d.Checks = append(d.Checks, g.called.name())
		}
	}
	slices.Sort(d.Checks)
	d.Checks = slices.Compact(d.Checks)
	e.server(d.Checks)
	d.NotAsked = notAsked(&e.setup, d.Checks)
	slices.SortStableFunc(e.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank(a.Level), rank(b.Level)), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Check, b.Check), cmp.Compare(a.What, b.What))
	})
	d.Findings = append(d.Findings, slices.Compact(e.found)...)
	d.Weakened = len(d.Findings) > 0 && d.Findings[0].Level == Weakens
	return d
}

// rank sorts what weakens before advice.
func rank(l Level) int {
	if l == Weakens {
		return 0
	}
	return 1
}

// An examination collects findings.
type examination struct {
	setup    Setup
	gateJobs []gateJob
	byName   map[string][]called // the jobs by the names of their checks
	found    []Finding
}

// weakens adds a finding that weakens the gate.
func (e *examination) weakens(check string, at place, what, why, fix string) {
	e.found = append(e.found, Finding{check, Weakens, at.file, at.line, what, why, fix})
}

// advise adds a finding that weakens nothing.
func (e *examination) advise(check string, at place, what, why, fix string) {
	e.found = append(e.found, Finding{check, Advice, at.file, at.line, what, why, fix})
}

// clone looks at the configuration, at .gitattributes and at the clone itself.
func (e *examination) clone() {
	s := e.setup
	if !s.Configured {
		e.weakens("configuration", place{}, "the repository has no codexlock.yaml", "the gate uses its defaults, which list no key and do not require a proof", "write one: codexlock init")
	}
	if n := len(s.Attributes); n > 0 {
		what := "it lacks the line " + s.Attributes[0]
		if n > 1 {
			what = fmt.Sprintf("it lacks %d lines: %s", n, strings.Join(s.Attributes, "; "))
		}
		e.advise("attributes", place{file: ".gitattributes"}, what, "Git may convert line endings of artifacts or merge generated files as text, and attest refuses such a file", "add what is missing: codexlock fix")
	}
	if n := len(s.Repeated); n > 0 {
		what := "a later line overrules " + s.Repeated[0]
		if n > 1 {
			what = fmt.Sprintf("a later line overrules %d lines: %s", n, strings.Join(s.Repeated, "; "))
		}
		e.advise("attributes", place{file: ".gitattributes"}, what, "Git takes the last line that matches, and may convert line endings of artifacts", "add these lines once more, at the end: codexlock fix")
	}
	for _, file := range s.Overruled {
		e.advise("attributes", place{file: file}, "it gives artifacts a text attribute", "Git converts their line endings, so that their bytes are not those that were attested", "add lines that take it back: codexlock fix")
	}
	if !s.Driver {
		e.advise("merge-driver", place{}, "this clone has no merge driver for the ledger and records", "two branches that attest end in conflicts inside Codex-Lock.json", "configure it: "+s.DriverSet)
	}
}
