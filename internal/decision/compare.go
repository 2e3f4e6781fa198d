package decision

import (
	"cmp"
	"maps"
	"slices"
)

// A Preview is the difference between a decision and that of edited rules. It is no verdict.
type Preview struct {
	State   string   `json:"state"`             // done, failed
	Problem string   `json:"problem,omitempty"` // why it failed
	Edits   []string `json:"edits"`             // the files of the gate that the change edits
	// What follows is absent if it failed. Before and After are the conclusion about all
	// artifacts together: trusted, warned, denied.
	Artifacts   int         `json:"artifacts"` // their number
	Before      string      `json:"before,omitempty"`
	After       string      `json:"after,omitempty"`
	Findings    Effect      `json:"findings"`
	Rules       RuleChanges `json:"rules"`
	ByRule      []Effect    `json:"by_rule"`
	Conclusions []Turn      `json:"conclusions"`    // the artifacts with another conclusion, by path
	More        int         `json:"more,omitempty"` // the number of conclusions that are left out
}

// An Effect counts findings.
type Effect struct {
	Rule   string `json:"rule,omitempty"` // absent: all rules
	Appear int    `json:"appear"`
	Vanish int    `json:"vanish"`
	Change int    `json:"change"` // findings that stay, with another effect: denied, warned, excepted
}

// RuleChanges are the rules that differ, by code.
type RuleChanges struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
}

// A Turn is an artifact whose conclusion would be another.
type Turn struct {
	Path   string `json:"path"`
	Before string `json:"before"` // trusted, warned, denied, absent (no artifact)
	After  string `json:"after"`
}

// MaxTurns is the number of artifacts that a preview names; the rest is counted.
const MaxTurns = 100

// Compare returns how a second decision about the same tree differs, and how its rules
// differ. The rules are digests of their texts by code (see policy.Engine.RuleTexts).
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

// findingCounts are numbers of findings, by effect.
type findingCounts map[string]int

// count counts findings by identity and effect.
func count(findings []Finding) map[identity]findingCounts {
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

// weight returns the effect of a finding.
func weight(f Finding) string {
	switch {
	case f.Excepted:
		return "excepted"
	case f.Severity == Warn:
		return "warned"
	}
	return "denied"
}

// effects counts by rule the findings that appear, vanish, or have another effect.
func (p *Preview) effects(before, after []Finding) {
	were, are := count(before), count(after)
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

// turns lists the artifacts whose conclusion would be another.
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

// conclusions returns the conclusion about each artifact. A denial of the whole change is one
// of every artifact.
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

// sum returns the conclusion about all artifacts together.
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
