package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
)

// A cause is what text, Markdown and annotations show as one: a finding, and the others
// about the same subject that have the same cause (custom.cause of their rules).
type cause struct {
	decision.Finding
	also      []decision.Finding
	artifacts []string // of a cause that lies in the run, and is the same for all of these; nil: one artifact
}

// causes groups findings, in their order: those that count first, excepted ones last. The
// finding of the rule that a cause names leads, or else the first one. Only findings that
// do the same to the verdict are one.
func causes(findings []decision.Finding) []cause {
	type key struct {
		artifact, cause string
		severity        decision.Severity
		excepted        bool
	}
	all := make([]cause, 0, len(findings))
	first := map[key]int{}
	for _, f := range findings {
		k := key{f.Artifact, f.Cause, f.Severity, f.Excepted}
		at, known := first[k]
		switch {
		case f.Cause == "" || !known:
			first[k] = len(all)
			all = append(all, cause{Finding: f})
		case f.Rule == f.Cause && all[at].Rule != f.Cause:
			c := &all[at]
			c.also = slices.Insert(c.also, 0, c.Finding)
			c.Finding = f
		default:
			all[at].also = append(all[at].also, f)
		}
	}
	slices.SortStableFunc(all, func(a, b cause) int { return cmp.Compare(rankOf(a), rankOf(b)) })
	return all
}

// rankOf orders causes: those that count first.
func rankOf(c cause) int {
	if c.Excepted {
		return 1
	}
	return 0
}

// byArtifact orders causes by artifact, in the order in which the artifacts appear.
func byArtifact(all []cause) []cause {
	order := map[string]int{}
	for _, c := range all {
		if _, known := order[c.Artifact]; !known {
			order[c.Artifact] = len(order)
		}
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b cause) int { return cmp.Compare(order[a.Artifact], order[b.Artifact]) })
	return sorted
}

// fewAlike is the number of artifacts with the same cause up to which each is listed in full,
// and fewNamed how many are named of more.
const fewAlike, fewNamed = 8, 5

// shared merges the causes that lie in the run and not in the artifacts: no key, for which
// every artifact has the same finding. Readers get one of these with the number of artifacts
// and the first names; JSON lists them all.
func shared(all []cause) []cause {
	type key struct {
		rule, message, fix string
		severity           decision.Severity
		suppression        string
	}
	keyOf := func(c cause) (key, bool) {
		alike := c.Kind == decision.KindUnchecked && len(c.also) == 0 && c.Artifact != ""
		return key{c.Rule, c.Message, c.Fix, c.Severity, suppression(c.Suppression)}, alike
	}
	paths := map[key][]string{}
	for _, c := range all {
		if k, alike := keyOf(c); alike {
			paths[k] = append(paths[k], c.Artifact)
		}
	}
	merged := make([]cause, 0, len(all))
	for _, c := range all {
		k, alike := keyOf(c)
		if !alike || len(paths[k]) <= fewAlike && paths[k] != nil {
			merged = append(merged, c)
			continue
		}
		if c.artifacts = paths[k]; c.artifacts != nil {
			merged = append(merged, c)
			paths[k] = nil // the others are part of it
		}
	}
	return merged
}

// about returns what a cause is about, and where it is, unescaped.
func (c cause) about() (subjects, at string) {
	n := len(c.artifacts)
	if n == 0 {
		return subject(c.Finding), "at " + place(c.Finding)
	}
	return Count(n, "artifact"), fmt.Sprintf("in %s and %d more, which -f json lists", strings.Join(c.artifacts[:fewNamed], ", "), n-fewNamed)
}

// alsoLine formats a finding under the one that leads, unescaped.
func alsoLine(f decision.Finding) string {
	return "also: " + subject(f) + ": " + f.Message + " [" + f.Rule + "], at " + place(f)
}

// hints are the next steps, each once.
func (c cause) hints() []string {
	var hints []string
	for _, f := range append([]decision.Finding{c.Finding}, c.also...) {
		if f.Fix != "" && !slices.Contains(hints, f.Fix) {
			hints = append(hints, f.Fix)
		}
	}
	return hints
}

// deniedCauses returns the number of causes of a report's denials.
func deniedCauses(r Report) int {
	n := 0
	for _, c := range shared(causes(r.Findings)) {
		if denies(c.Finding) {
			n++
		}
	}
	return n
}

// denies reports whether a finding denies.
func denies(f decision.Finding) bool { return !f.Excepted && f.Severity != decision.Warn }

// suppressions describe what covers the findings, each once, unescaped.
func (c cause) suppressions() []string {
	var lines []string
	for _, f := range append([]decision.Finding{c.Finding}, c.also...) {
		if line := suppression(f.Suppression); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// title formats a finding's rule and requirement, safe to print.
func title(f decision.Finding) string {
	words := f.Rule
	if f.Requirement != "" {
		words += " (" + f.Requirement + ")"
	}
	return Terminal(words)
}

// message formats a finding, safe to print, with those of the same cause and the next steps
// on separate lines.
func message(c cause) string {
	lines := []string{subject(c.Finding) + ": " + c.Message}
	for _, f := range c.also {
		lines = append(lines, alsoLine(f))
	}
	if c.Excepted {
		lines = append(lines, c.suppressions()...)
	}
	for _, hint := range c.hints() {
		lines = append(lines, "hint: "+hint)
	}
	return terminalLines(lines)
}
