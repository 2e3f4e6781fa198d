package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the parts of the page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report/marked"
	"github.com/codexlock/codexlock/internal/report/timeline"
)

// How much a page lists: a browser shows so much without delay. The rest is counted.
const (
	maxPageFindings  = 20_000
	maxPageArtifacts = 100_000
)

//go:embed html/page.tmpl
var pageTemplate string

//go:embed html/page.css
var pageCSS string

//go:embed html/page.js
var pageJS string

// parsedPage is the template of the page, parsed when it is first used.
var parsedPage = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageTemplate)) })

// A page is what the template shows. html/template escapes every text of it; the script
// gets its part as JSON, and sets it as text.
type page struct {
	Policy                    string // Content-Security-Policy
	CSS                       template.CSS
	JS                        template.JS
	Title, Class, Mark        string
	Lines                     []string
	Counts                    []pageCount
	Facts                     []pageFact
	Notes, Preview            []string
	Timeline                  *timeline.Timeline
	ByRule                    []pageRule
	CutFindings, CutArtifacts string
	Project                   string
	Data                      pageData
}

type (
	pageCount struct {
		N    int
		Noun string
	}
	pageFact struct{ Name, Value string }
	pageRule struct {
		Rule, Title, Page string
		N                 int
	}
	// pageData is what the script of the page reads.
	pageData struct {
		Findings  []pageFinding  `json:"findings"`
		Artifacts []pageArtifact `json:"artifacts"`
		Rules     []string       `json:"rules"`
		Domains   []string       `json:"domains"`
		Times     []pageTime     `json:"times"`
	}
	pageFinding struct {
		Severity    string      `json:"severity"` // deny, warn, excepted
		Rule        string      `json:"rule"`
		Rules       []string    `json:"rules"` // of the cause
		Title       string      `json:"title,omitempty"`
		Page        string      `json:"page,omitempty"`
		Requirement string      `json:"requirement,omitempty"`
		Artifact    string      `json:"artifact"`
		Subject     string      `json:"subject"`
		At          string      `json:"at"`
		Message     string      `json:"message"`
		Source      *pageSource `json:"source,omitempty"`
		Also        []string    `json:"also,omitempty"`
		Notes       []string    `json:"notes,omitempty"`
		Hints       []string    `json:"hints,omitempty"`
	}
	pageSource struct {
		Line   string `json:"line"`
		Before string `json:"before"`
		Marked string `json:"marked"`
		After  string `json:"after"`
		Under  string `json:"under"`
	}
	pageArtifact struct {
		Path     string `json:"path"`
		State    string `json:"state"` // deny, warn, excepted, trusted
		Change   string `json:"change"`
		Domain   string `json:"domain"`
		Level    string `json:"level"`
		Expires  string `json:"expires,omitempty"`
		Findings int    `json:"findings,omitempty"` // causes
	}
	// A pageTime is a choice of the filter by expiry.
	pageTime struct {
		Label string `json:"label"`
		Until string `json:"until"` // RFC 3339, or none
	}
)

// writeHTML writes the report as a page of one file that loads nothing.
func writeHTML(w io.Writer, r Report, _ Options) error {
	all := causes(r.Findings)
	p := page{
		Policy: "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + cspHash(pageCSS) + "; script-src " + cspHash(pageJS),
		CSS:    template.CSS(pageCSS), JS: template.JS(pageJS), //nolint:gosec // our own, embedded
		Title: Title(r), Class: string(r.Conclusion), Mark: mark(r), Project: projectURL,
		Lines: visibleLines(verdictLines(r)), Counts: pageCounts(r), Facts: pageFacts(r),
		Notes: visibleLines(append(suppressionLines(r), r.Notes...)), Preview: visibleLines(previewLines(r.Preview)),
		Timeline: expiries(r), ByRule: pageRules(r),
	}
	if n := len(all) - maxPageFindings; n > 0 {
		p.CutFindings = Count(n, "finding")
	}
	artifacts := pageArtifacts(r, all)
	if n := len(artifacts) - maxPageArtifacts; n > 0 {
		p.CutArtifacts = Count(n, "artifact")
		slices.SortStableFunc(artifacts, func(a, b pageArtifact) int { return cmp.Compare(stateRank[a.State], stateRank[b.State]) })
		artifacts = artifacts[:maxPageArtifacts]
	}
	p.Data = pageData{Findings: pageFindings(r, all[:min(len(all), maxPageFindings)]), Artifacts: artifacts, Times: expiryChoices(r)}
	p.Data.Rules, p.Data.Domains = choices(p.Data)
	return parsedPage().Execute(w, p)
}

// cspHash returns the source expression that allows one inline script or style.
func cspHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// mark is the sign of a verdict.
func mark(r Report) string {
	return map[Conclusion]string{Success: "✓", Neutral: "!", Failure: "✗", Partial: "◐"}[r.Conclusion]
}

// visibleLines are texts that are safe to print, each in one line.
func visibleLines(lines []string) []string {
	safe := make([]string, len(lines))
	for i, line := range lines {
		safe[i] = Terminal(line)
	}
	return safe
}

// verdictLines say more about the verdict, unescaped.
func verdictLines(r Report) []string {
	var lines []string
	for _, line := range []string{usesLine(r), validUntil(r)} {
		if line != "" {
			lines = append(lines, strings.ToUpper(line[:1])+line[1:])
		}
	}
	return lines
}

func pageCounts(r Report) []pageCount {
	c := r.Counts
	return []pageCount{{c.Artifacts, "artifacts"}, {c.Trusted, "trusted"}, {c.Deny, "denials"}, {c.Warn, "warnings"}, {c.Excepted, "excepted"}}
}

func pageFacts(r Report) []pageFact {
	head, base := judgedCommits(r)
	facts := []pageFact{
		{"Level", r.Level}, {"Scope", r.Scope}, {"Judged", head}, {"Compared with", base}, {"Trusted base", r.TrustedBase}, {"As of", r.EffectiveTime},
		{"Rules", Count(r.Policy.Rules, "rule") + " (" + r.Policy.Source + ")"}, {"Rules digest", r.Policy.Digest},
	}
	facts = slices.DeleteFunc(facts, func(f pageFact) bool { return f.Value == "" })
	for i := range facts {
		facts[i].Value = Terminal(facts[i].Value)
	}
	return facts
}

// rulesByCode are the described rules of a report.
func rulesByCode(r Report) map[string]decision.FoundRule {
	about := make(map[string]decision.FoundRule, len(r.Rules))
	for _, rule := range r.Rules {
		about[rule.Code] = rule
	}
	return about
}

func pageRules(r Report) []pageRule {
	n := map[string]int{}
	for _, f := range r.Findings {
		n[f.Rule]++
	}
	about := rulesByCode(r)
	var rules []pageRule
	for _, code := range slices.Sorted(maps.Keys(n)) {
		rule := about[code]
		rules = append(rules, pageRule{Rule: Terminal(code), Title: Terminal(rule.Title), Page: webPage(rule.Page), N: n[code]})
	}
	return rules
}

func pageFindings(r Report, all []cause) []pageFinding {
	about := rulesByCode(r)
	findings := make([]pageFinding, 0, len(all))
	for _, c := range all {
		rule := about[c.Rule]
		f := pageFinding{
			Severity: stateOf(c), Rule: Terminal(c.Rule), Rules: []string{Terminal(c.Rule)}, Title: Terminal(rule.Title), Page: webPage(rule.Page),
			Requirement: Terminal(c.Requirement), Artifact: Terminal(c.Artifact), Subject: Terminal(subject(c.Finding)),
			At: Terminal(place(c.Finding)), Message: Terminal(c.Message), Hints: visibleLines(c.hints()),
		}
		if l, ok := marked.Of(c.Finding, 0); ok {
			f.Source = &pageSource{l.Number, l.Before, l.Marked, l.After, strings.Repeat(" ", len(l.Number)) + " | " + l.Indent + l.Under}
		}
		for _, other := range c.also {
			f.Also = append(f.Also, Terminal(alsoLine(other)))
			if code := Terminal(other.Rule); !slices.Contains(f.Rules, code) {
				f.Rules = append(f.Rules, code)
			}
		}
		if c.Excepted {
			f.Notes = visibleLines(c.suppressions())
		}
		findings = append(findings, f)
	}
	return findings
}

// stateRank orders states, the worst first.
var stateRank = map[string]int{"deny": 0, "warn": 1, "excepted": 2, "trusted": 3}

// stateOf returns what a cause does to the verdict.
func stateOf(c cause) string {
	switch {
	case c.Excepted:
		return "excepted"
	case denies(c.Finding):
		return "deny"
	}
	return "warn"
}

func pageArtifacts(r Report, all []cause) []pageArtifact {
	state, count := map[string]string{}, map[string]int{}
	for _, c := range all {
		s := stateOf(c)
		if old, known := state[c.Artifact]; !known || stateRank[s] < stateRank[old] {
			state[c.Artifact] = s
		}
		count[c.Artifact]++
	}
	trusted := r.Trusted()
	artifacts := make([]pageArtifact, 0, len(r.Artifacts))
	for _, a := range r.Artifacts {
		one := pageArtifact{
			Path: Terminal(a.Path), State: cmp.Or(state[a.Path], "trusted"), Change: Terminal(a.Change), Domain: Terminal(a.TrustDomain),
			Level: a.Level.String(), Expires: utcTime(a.ExpiresAt), Findings: count[a.Path],
		}
		if !trusted(a) { // a denial of the whole change is one of every artifact
			one.State = "deny"
		}
		artifacts = append(artifacts, one)
	}
	return artifacts
}

// choices are the values of the filters by rule and by domain.
func choices(d pageData) (rules, domains []string) {
	codes, names := map[string]bool{}, map[string]bool{}
	for _, f := range d.Findings {
		for _, code := range f.Rules {
			codes[code] = true
		}
	}
	for _, a := range d.Artifacts {
		if a.Domain != "" {
			names[a.Domain] = true
		}
	}
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(codes)))), slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(names))))
}

// expiries returns when the artifacts of a report expire, as a picture; nil if none does, or
// the report has no time.
func expiries(r Report) *timeline.Timeline {
	now, err := time.Parse(time.RFC3339, utcTime(r.EffectiveTime))
	if err != nil {
		return nil
	}
	var ends []time.Time
	for _, a := range r.Artifacts {
		if end, err := time.Parse(time.RFC3339, utcTime(a.ExpiresAt)); err == nil {
			ends = append(ends, end)
		}
	}
	return timeline.Of(now, ends)
}

// expiryChoices are the choices of the filter by expiry: what is over, or soon will be.
func expiryChoices(r Report) []pageTime {
	now, err := time.Parse(time.RFC3339, utcTime(r.EffectiveTime))
	if err != nil {
		return []pageTime{}
	}
	times := []pageTime{{Label: "expired", Until: now.UTC().Format(time.RFC3339)}}
	for _, hours := range []int{1, 6, 12, 24, 72, 168, 720} {
		times = append(times, pageTime{Label: fmt.Sprintf("within %d h", hours), Until: now.Add(time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)})
	}
	return append(times, pageTime{Label: "no record", Until: "none"})
}
