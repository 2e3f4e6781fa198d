package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
)

// suppressionLines describes what the configuration turns down and which findings are
// excepted: each rule that is off or only warns, each exception, and the baseline, with
// owner, expiry and reason. The lines are not escaped.
func suppressionLines(r Report) []string {
	off := map[string]int{}
	type group struct {
		s     decision.Suppression
		n     int
		rules []string
	}
	var groups []*group
	for _, f := range r.Findings {
		s := cmp.Or(f.Suppression, &decision.Suppression{})
		switch {
		case !f.Excepted:
			continue
		case s.By == "rules":
			off[f.Rule]++
			continue
		}
		at := slices.IndexFunc(groups, func(g *group) bool { return g.s == *s })
		if at < 0 {
			at, groups = len(groups), append(groups, &group{s: *s})
		}
		g := groups[at]
		g.n++
		if !slices.Contains(g.rules, f.Rule) {
			g.rules = append(g.rules, f.Rule)
		}
	}
	var lines []string
	for _, s := range r.Settings {
		line := fmt.Sprintf("rule %s only warns until %s by %s: %s", s.Rule, s.Expires, s.Owner, s.Reason)
		if s.Level == "off" {
			line = fmt.Sprintf("rule %s is off until %s by %s: %s (%s)", s.Rule, s.Expires, s.Owner, s.Reason, Count(off[s.Rule], "finding"))
		}
		lines = append(lines, line)
	}
	for _, g := range groups {
		slices.Sort(g.rules)
		lines = append(lines, Count(g.n, "finding")+" "+suppression(&g.s)+" ["+strings.Join(g.rules, ", ")+"]")
	}
	return lines
}

// suppression describes what covers a finding, unescaped.
func suppression(s *decision.Suppression) string {
	switch {
	case s == nil || s.By == "":
		return "excepted by the configuration"
	case s.By == "baseline":
		return "excepted: it is in the baseline, until what it is about changes"
	}
	verb := "excepted"
	if s.By == "rules" {
		verb = "the rule is off"
	}
	return fmt.Sprintf("%s until %s by %s: %s", verb, s.Expires, s.Owner, s.Reason)
}
