package policy

import (
	"cmp"
	"slices"

	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
)

// Proposed are the exceptions, rule settings and baseline of the head. They cover
// nothing; what the change adds to the base's is judged.
type Proposed struct {
	File       string // the head's configuration
	Exceptions []Exception
	Settings   []Setting
	Baseline   string // where the head's baseline is; "" where there is none that can be read
	Entries    []baseline.Entry
	// Locate finds a value in one of the two files.
	Locate func(file, pointer string) (line, column int, ok bool) `json:"-"`
}

// settled states what became of the exceptions, the settings and the baseline,
// once everything was judged. all: every artifact was, so that what is unused is
// known.
func (w *suppressions) settled(rules []decision.Rule, all, rulesEdited bool) *facts.Exceptions {
	s := &facts.Exceptions{
		File: w.o.ExceptionsIn, Judged: "part",
		List: make([]facts.Exception, 0, len(w.o.Exceptions)), Rules: make([]facts.Exception, 0, len(w.o.Settings)),
	}
	if all {
		s.Judged = "all"
	}
	for i, x := range w.o.Exceptions {
		f := w.exception(x, rules)
		switch {
		case w.used[i].Load():
			f.Use = "used"
		case !all:
			f.Use = "unknown"
		}
		s.List = append(s.List, f)
	}
	for _, x := range w.o.Settings {
		s.Rules = append(s.Rules, w.setting(x, rules))
	}
	s.Baseline = w.settledBaseline(rules, all)
	s.Added = w.additions(rules, rulesEdited)
	return s
}

// exception states whether an exception holds, and whether it can cover anything.
func (w *suppressions) exception(x Exception, rules []decision.Rule) facts.Exception {
	f := facts.Exception{
		Pointer: x.Pointer, Rule: x.Rule.String(), Owner: x.Owner, Expires: timeText(x.Expires),
		State: "current", Selects: "nothing", Use: "unused",
	}
	if w.o.Now.After(x.Expires) {
		f.State = "expired"
	}
	for _, r := range rules {
		switch {
		case !x.Rule.Selects(r.Code) || f.Selects == "rules":
		case r.Excepted == decision.ExceptedNever:
			f.Selects = "refused"
		default:
			f.Selects = "rules"
		}
	}
	if f.Selects == "nothing" {
		f.Nearest = x.Rule.Nearest(rules)
	}
	return f
}

// setting states the same of a rule's setting, which is always needed.
func (w *suppressions) setting(x Setting, rules []decision.Rule) facts.Exception {
	f := facts.Exception{
		Pointer: x.Pointer, Rule: x.Rule, Owner: x.Owner, Expires: timeText(x.Expires),
		State: "current", Selects: "nothing", Use: "used",
	}
	if w.o.Now.After(x.Expires) {
		f.State = "expired"
	}
	for _, r := range rules {
		switch {
		case r.Code != x.Rule:
		case r.Optional:
			f.Selects = "rules"
		default:
			f.Selects = "refused"
		}
	}
	if f.Selects == "nothing" {
		near := decision.Selector{Code: x.Rule}.Nearest(rules)
		if slices.ContainsFunc(rules, func(r decision.Rule) bool { return r.Code == near && r.Optional }) { // and no area
			f.Nearest = near
		}
	}
	return f
}

// additions states the same of what the change adds or edits.
func (w *suppressions) additions(rules []decision.Rule, rulesEdited bool) facts.Additions {
	p := w.o.Proposed
	a := facts.Additions{File: p.File, Baseline: p.Baseline, List: []facts.Exception{}, Rules: []facts.Exception{}, Never: []facts.StaleEntry{}}
	add := func(list *[]facts.Exception, f facts.Exception) {
		if f.Selects == "nothing" && rulesEdited {
			f.Selects = "unsettled"
		}
		f.Use = "unknown"
		place := "/rule"
		switch {
		case f.State == "expired":
			place = "/expires"
		case list == &a.Rules:
			place = ""
		}
		f.Line, f.Column = p.locate(p.File, f.Pointer+place)
		*list = append(*list, f)
	}
	for _, x := range p.Exceptions {
		if !slices.ContainsFunc(w.o.Exceptions, x.equal) {
			add(&a.List, w.exception(x, rules))
		}
	}
	for _, x := range p.Settings {
		if !slices.ContainsFunc(w.o.Settings, x.equal) {
			add(&a.Rules, w.setting(x, rules))
		}
	}
	for i, e := range p.Entries {
		if _, kept := w.entries[e]; !kept && never(rules, e.Rule) {
			line, _ := p.locate(p.Baseline, baseline.Pointer(i))
			a.Never = append(a.Never, facts.StaleEntry{Pointer: baseline.Pointer(i), Line: line, Rule: e.Rule, Path: e.Path})
		}
	}
	return a
}

func (p *Proposed) locate(file, pointer string) (line, column int) {
	if p.Locate != nil {
		line, column, _ = p.Locate(file, pointer)
	}
	return max(line, 1), max(column, 1)
}

func (x Exception) equal(y Exception) bool {
	return x.Rule == y.Rule && slices.Equal(x.Paths, y.Paths) && x.Reason == y.Reason && x.Owner == y.Owner && x.Expires.Equal(y.Expires)
}

func (x Setting) equal(y Setting) bool {
	return x.Rule == y.Rule && x.Level == y.Level && x.Reason == y.Reason && x.Owner == y.Owner && x.Expires.Equal(y.Expires)
}

// never reports whether a baseline's rule is one that is never excepted.
func never(rules []decision.Rule, selector string) bool {
	x, err := decision.ParseSelector(selector)
	return err == nil && slices.ContainsFunc(rules, func(r decision.Rule) bool { return r.Code == x.Code && r.Excepted == decision.ExceptedNever })
}

func (w *suppressions) settledBaseline(rules []decision.Rule, all bool) facts.Baseline {
	b := &w.o.Baseline
	out := facts.Baseline{
		Path: b.Path, State: cmp.Or(b.State, facts.BaselineStateUnnamed), Problems: b.Problems, Entries: len(b.Entries),
		Stale: []facts.StaleEntry{}, Never: []facts.StaleEntry{},
	}
	if b.Path == "" {
		out.State = "unnamed"
	}
	if out.Problems == nil {
		out.Problems = []facts.Problem{}
	}
	for i, e := range b.Entries {
		entry := facts.StaleEntry{Pointer: baseline.Pointer(i), Rule: e.Rule, Path: e.Path}
		switch {
		case never(rules, e.Rule):
			out.Never = append(out.Never, entry)
		case all && !w.covering[i].Load():
			out.Stale = append(out.Stale, entry)
		}
	}
	return out
}
