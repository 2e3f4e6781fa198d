package suppression

import (
	"cmp"
	"slices"

	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
)

// Proposed are the exceptions, rule settings and baseline of the head. They cover nothing;
// rules judge what the change adds to the base's.
type Proposed struct {
	File       string // the head's configuration
	Exceptions []Exception
	Settings   []Setting
	Baseline   string // the path of the head's baseline; "" if it has none that can be read
	Entries    []baseline.Entry
	// Locate returns the position of a value in one of the two files.
	Locate func(file, pointer string) (line, column int, ok bool) `json:"-"`
}

// Settle returns the facts about exceptions, settings and baseline once the artifacts are
// judged. all says that every artifact of the repository, or of the shard, was judged, so that
// it is known which baseline entries of these cover nothing; unused that it is known which
// exceptions nothing needs; rulesEdited that the change edits rules, so that it may add the rule that an
// exception names.
func (t *Tracker) Settle(rules []decision.Rule, all, unused, rulesEdited bool) *facts.Exceptions {
	s := &facts.Exceptions{
		File: t.set.File, Judged: "part",
		List: make([]facts.Exception, 0, len(t.set.Exceptions)), Rules: make([]facts.Exception, 0, len(t.set.Settings)),
	}
	if unused {
		s.Judged = "all"
	}
	for i, x := range t.set.Exceptions {
		f := t.exceptionFacts(x, rules)
		switch {
		case t.used[i].Load():
			f.Use = "used"
		case !unused:
			f.Use = "unknown"
		}
		s.List = append(s.List, f)
	}
	for _, x := range t.set.Settings {
		s.Rules = append(s.Rules, t.settingFacts(x, rules))
	}
	s.Baseline = t.baselineFacts(rules, all)
	s.Added = t.additions(rules, rulesEdited)
	return s
}

// exceptionFacts returns whether an exception has expired, and whether it can cover anything.
func (t *Tracker) exceptionFacts(x Exception, rules []decision.Rule) facts.Exception {
	f := facts.Exception{
		Pointer: x.Pointer, Rule: x.Rule.String(), Owner: x.Owner, Expires: decision.TimeText(x.Expires),
		State: "current", Selects: "nothing", Use: "unused",
	}
	if t.now.After(x.Expires) {
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

// settingFacts returns the same about a rule's setting, which always counts as used.
func (t *Tracker) settingFacts(x Setting, rules []decision.Rule) facts.Exception {
	f := facts.Exception{
		Pointer: x.Pointer, Rule: x.Rule, Owner: x.Owner, Expires: decision.TimeText(x.Expires),
		State: "current", Selects: "nothing", Use: "used",
	}
	if t.now.After(x.Expires) {
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

// additions returns the same about the exceptions, settings and entries that the change adds or
// edits.
func (t *Tracker) additions(rules []decision.Rule, rulesEdited bool) facts.Additions {
	p := t.set.Proposed
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
		if !slices.ContainsFunc(t.set.Exceptions, x.equal) {
			add(&a.List, t.exceptionFacts(x, rules))
		}
	}
	for _, x := range p.Settings {
		if !slices.ContainsFunc(t.set.Settings, x.equal) {
			add(&a.Rules, t.settingFacts(x, rules))
		}
	}
	for i, e := range p.Entries {
		if _, kept := t.entries[e]; !kept && never(rules, e.Rule) {
			line, _ := p.locate(p.Baseline, baseline.Pointer(i))
			a.Never = append(a.Never, facts.StaleEntry{Pointer: baseline.Pointer(i), Line: line, Rule: e.Rule, Path: e.Path})
		}
	}
	return a
}

// locate returns a position, which is the start of the file without a better one.
func (p *Proposed) locate(file, pointer string) (line, column int) {
	if p.Locate != nil {
		line, column, _ = p.Locate(file, pointer)
	}
	return max(line, 1), max(column, 1)
}

// equal reports whether two exceptions state the same, wherever they are in the file.
func (x Exception) equal(y Exception) bool {
	return x.Rule == y.Rule && slices.Equal(x.Paths, y.Paths) && x.Reason == y.Reason && x.Owner == y.Owner && x.Expires.Equal(y.Expires)
}

// equal reports whether two settings state the same, wherever they are in the file.
func (x Setting) equal(y Setting) bool {
	return x.Rule == y.Rule && x.Level == y.Level && x.Reason == y.Reason && x.Owner == y.Owner && x.Expires.Equal(y.Expires)
}

// never reports whether a baseline entry names a rule that is never excepted.
func never(rules []decision.Rule, selector string) bool {
	x, err := decision.ParseSelector(selector)
	return err == nil && slices.ContainsFunc(rules, func(r decision.Rule) bool { return r.Code == x.Code && r.Excepted == decision.ExceptedNever })
}

// baselineFacts returns the facts about the base's baseline: its problems, and the entries that
// are not needed or never cover anything.
func (t *Tracker) baselineFacts(rules []decision.Rule, all bool) facts.Baseline {
	b := &t.set.Baseline
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
		case all && !t.covering[i].Load() && t.set.Shard.Has(e.Path):
			out.Stale = append(out.Stale, entry)
		}
	}
	return out
}
