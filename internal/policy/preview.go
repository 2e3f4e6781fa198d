package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// A Preview is what edited rules would decide otherwise. It is no verdict.
type Preview struct {
	State   string   `json:"state"`             // done, failed
	Problem string   `json:"problem,omitempty"` // why it failed
	Edits   []string `json:"edits"`             // the files of the gate that the change edits
	// What follows is absent where it failed: over how many artifacts, and what
	// all of them together come to: trusted, warned, denied.
	Artifacts   int         `json:"artifacts"`
	Before      string      `json:"before,omitempty"`
	After       string      `json:"after,omitempty"`
	Findings    Effect      `json:"findings"`
	Rules       RuleChanges `json:"rules"`
	ByRule      []Effect    `json:"by_rule"`
	Conclusions []Turn      `json:"conclusions"`    // the artifacts about which more or less would be said, by path
	More        int         `json:"more,omitempty"` // how many conclusions are left out
}

// An Effect counts findings.
type Effect struct {
	Rule   string `json:"rule,omitempty"` // absent: all rules
	Appear int    `json:"appear"`
	Vanish int    `json:"vanish"`
	Change int    `json:"change"` // they stay, and deny, warn or are excepted where they were not
}

// RuleChanges are the rules that differ, by code.
type RuleChanges struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
}

// A Turn is an artifact that would be concluded upon otherwise.
type Turn struct {
	Path   string `json:"path"`
	Before string `json:"before"` // trusted, warned, denied, absent (no artifact)
	After  string `json:"after"`
}

// MaxTurns is how many artifacts a preview names; the rest is counted.
const MaxTurns = 100

// RuleTexts are the rules by code, each with a digest of what it says: its module,
// and for an owner's rule the helpers beside it.
func RuleTexts(sources []Source, e *Engine) map[string]string {
	files := map[string]bool{} // of the owner's rules; what is none of them is a helper
	for _, r := range e.rules {
		files[r.file] = !r.standard
	}
	helpers, texts := sha256.New(), map[[2]string][]byte{}
	for _, s := range sources {
		for _, m := range s.Modules {
			texts[[2]string{fmt.Sprint(s.Standard), m.Name}] = m.Text
			if !s.Standard && isRule(m.Name) && !files[m.Name] {
				sized(helpers, m.Name)
				sized(helpers, string(m.Text))
			}
		}
	}
	shared := helpers.Sum(nil)
	rules := make(map[string]string, len(e.rules))
	for _, r := range e.rules {
		h := sha256.New()
		sized(h, string(texts[[2]string{fmt.Sprint(r.standard), r.file}]))
		if !r.standard {
			h.Write(shared)
		}
		rules[r.Code] = hex.EncodeToString(h.Sum(nil))
	}
	return rules
}

// Compare tells how a second decision about the same tree differs, and how its
// rules do.
func Compare(before, after Decision, rulesBefore, rulesAfter map[string]string) Preview {
	p := Preview{State: "done", Artifacts: len(after.Artifacts), Before: sum(before), After: sum(after)}
	p.Rules = RuleChanges{Added: []string{}, Removed: []string{}, Changed: []string{}}
	for _, code := range slices.Sorted(maps.Keys(rulesBefore)) {
		switch text, stays := rulesAfter[code]; {
		case !stays:
			p.Rules.Removed = append(p.Rules.Removed, code)
		case text != rulesBefore[code]:
			p.Rules.Changed = append(p.Rules.Changed, code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(rulesAfter)) {
		if _, was := rulesBefore[code]; !was {
			p.Rules.Added = append(p.Rules.Added, code)
		}
	}
	p.effects(before.Findings, after.Findings)
	p.turns(before, after)
	return p
}

// An identity is equal for findings that count as the same.
type identity struct{ rule, artifact, fingerprint string }

// findingCounts counts findings by identity and effect.
type findingCounts map[string]int

func standings(findings []Finding) map[identity]findingCounts {
	all := map[identity]findingCounts{}
	for _, f := range findings {
		id := identity{f.Rule, f.Artifact, f.Fingerprint}
		if all[id] == nil {
			all[id] = findingCounts{}
		}
		all[id][weight(f)]++
	}
	return all
}

// weight is what a finding does.
func weight(f Finding) string {
	switch {
	case f.Excepted:
		return "excepted"
	case f.Severity == Warn:
		return "warned"
	}
	return "denied"
}

// effects counts by rule what appears, what vanishes, and what weighs otherwise.
func (p *Preview) effects(before, after []Finding) {
	were, are := standings(before), standings(after)
	byRule := map[string]*Effect{}
	note := func(id identity) {
		total, same := [2]int{}, 0
		for _, w := range []string{"denied", "warned", "excepted"} {
			total[0] += were[id][w]
			total[1] += are[id][w]
			same += min(were[id][w], are[id][w])
		}
		both := min(total[0], total[1])
		e := Effect{Appear: total[1] - both, Vanish: total[0] - both, Change: both - same}
		if e == (Effect{}) {
			return
		}
		if byRule[id.rule] == nil {
			byRule[id.rule] = &Effect{Rule: id.rule}
		}
		byRule[id.rule].add(e)
		p.Findings.add(e)
	}
	for id := range were {
		note(id)
	}
	for id := range are {
		if were[id] == nil {
			note(id)
		}
	}
	p.ByRule = []Effect{}
	for _, code := range slices.Sorted(maps.Keys(byRule)) {
		p.ByRule = append(p.ByRule, *byRule[code])
	}
}

func (e *Effect) add(more Effect) {
	e.Appear += more.Appear
	e.Vanish += more.Vanish
	e.Change += more.Change
}

// turns lists the artifacts that would be concluded upon otherwise.
func (p *Preview) turns(before, after Decision) {
	were, are := conclusions(before), conclusions(after)
	p.Conclusions = []Turn{}
	for path, was := range were {
		if is := cmp.Or(are[path], "absent"); is != was {
			p.Conclusions = append(p.Conclusions, Turn{Path: path, Before: was, After: is})
		}
	}
	for path, is := range are {
		if were[path] == "" {
			p.Conclusions = append(p.Conclusions, Turn{Path: path, Before: "absent", After: is})
		}
	}
	slices.SortFunc(p.Conclusions, func(a, b Turn) int { return cmp.Compare(a.Path, b.Path) })
	if n := len(p.Conclusions) - MaxTurns; n > 0 {
		p.Conclusions, p.More = p.Conclusions[:MaxTurns], n
	}
}

// conclusions are what a decision comes to about each artifact. A denial of the
// whole change is one of every artifact.
func conclusions(d Decision) map[string]string {
	about := make(map[string]string, len(d.Artifacts))
	whole := "trusted"
	for _, f := range d.Findings {
		if f.Artifact == "" && weight(f) == "denied" {
			whole = "denied"
		}
	}
	for _, a := range d.Artifacts {
		about[a.Path] = whole
	}
	for _, f := range d.Findings {
		if _, ok := about[f.Artifact]; !ok {
			continue
		}
		about[f.Artifact] = worse(about[f.Artifact], weight(f))
	}
	return about
}

// sum is what a decision comes to as a whole.
func sum(d Decision) string {
	worst := "trusted"
	for _, f := range d.Findings {
		worst = worse(worst, weight(f))
	}
	return worst
}

func worse(a, b string) string {
	for _, w := range []string{"denied", "warned"} {
		if a == w || b == w {
			return w
		}
	}
	return "trusted"
}
