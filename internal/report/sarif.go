package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/report/marked"
)

// Limits of SARIF files that GitHub's code scanning accepts
// (docs.github.com, "SARIF support for code scanning").
const (
	maxSARIFResults = 25_000 // a run with more is refused; it shows the first 5,000
	maxSARIFTags    = 10     // of a rule; more are not shown
	// maxSARIFBytes bounds the results: 10 MB of gzip are accepted. What is smaller
	// before it is compressed is smaller afterwards too, whatever its text.
	maxSARIFBytes   = 9_500_000
	maxSARIFMessage = 4096 // our own limit: of one message, bytes
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	projectURL  = "https://github.com/codexlock/codexlock"
)

// The parts of a SARIF log that are written (OASIS SARIF 2.1.0), by their names there.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool              sarifTool         `json:"tool"`
		AutomationDetails sarifAutomation   `json:"automationDetails"`
		Invocations       []sarifInvocation `json:"invocations"`
		ColumnKind        string            `json:"columnKind"`
		Properties        map[string]any    `json:"properties"`
		Results           []sarifResult     `json:"results"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string         `json:"id"`
		ShortDescription sarifText      `json:"shortDescription"`
		FullDescription  sarifText      `json:"fullDescription"`
		HelpURI          string         `json:"helpUri,omitempty"`
		Help             sarifText      `json:"help"`
		Configuration    sarifLevel     `json:"defaultConfiguration"`
		Properties       map[string]any `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		EndTimeUTC          string              `json:"endTimeUtc,omitempty"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
		Context  *sarifContext `json:"contextRegion,omitempty"`
	}
	sarifContext struct {
		StartLine int       `json:"startLine"`
		EndLine   int       `json:"endLine"`
		Snippet   sarifText `json:"snippet"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

// writeSARIF writes the findings as a SARIF 2.1.0 log, a result for each cause, the worst
// first, within the limits of GitHub's code scanning. What is left out is counted in a
// notification.
func writeSARIF(w io.Writer, r Report, _ Options) error {
	rules, index := sarifRules(r)
	run := sarifRun{
		Tool:              sarifTool{sarifDriver{Name: "Codexlock", InformationURI: projectURL, Rules: rules}},
		AutomationDetails: sarifAutomation{ID: "codexlock/"},
		Invocations:       []sarifInvocation{{ExecutionSuccessful: true, EndTimeUTC: utcTime(r.EffectiveTime)}},
		ColumnKind:        "unicodeCodePoints",
		Properties:        sarifProperties(r),
		Results:           []sarifResult{},
	}
	if s := r.Shard; s != nil { // a part must not replace the whole
		run.AutomationDetails.ID = fmt.Sprintf("codexlock/shard-%d-of-%d/", s.Index, s.Total)
	}
	all := causes(r.Findings)
	size, seen := 0, map[string]int{}
	for i, c := range all {
		result := sarifResultOf(c, index, seen)
		text, err := json.Marshal(result)
		if err != nil {
			return err
		}
		if size += len(text); i == maxSARIFResults || size > maxSARIFBytes {
			run.Invocations[0].Notifications = []sarifNotification{{Level: "warning", Message: sarifText{fmt.Sprintf(
				"%s left out, to stay within the limits of code scanning: the JSON report has all %d", Count(len(all)-i, "finding"), len(all))}}}
			break
		}
		run.Results = append(run.Results, result)
	}
	e := json.NewEncoder(JSON(w))
	e.SetEscapeHTML(false)
	return e.Encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// utcTime returns a time in UTC and whole seconds, or "" for any other text.
func utcTime(s string) string {
	const form = "2006-01-02T15:04:05Z"
	if t, err := time.Parse(form, s); err == nil && t.Format(form) == s {
		return s
	}
	return ""
}

// sarifProperties are what a report says as a whole.
func sarifProperties(r Report) map[string]any {
	p := map[string]any{
		"conclusion": r.Conclusion, "level": r.Level, "scope": r.Scope, "title": Title(r),
		"counts": r.Counts, "policyDigest": r.Policy.Digest,
	}
	for name, value := range map[string]string{"base": r.Base, "head": r.Head, "validUntil": r.ValidUntil} {
		if value != "" {
			p[name] = value
		}
	}
	return p
}

// sarifRules describes the rules of the findings, and returns the index of each.
func sarifRules(r Report) ([]sarifRule, map[string]int) {
	about, rules, index := rulesByCode(r), []sarifRule{}, map[string]int{}
	for _, f := range r.Findings {
		if _, known := index[f.Rule]; known {
			continue
		}
		index[f.Rule] = len(rules)
		rule, title := about[f.Rule], f.Rule
		if rule.Title != "" {
			title = rule.Title
		}
		description := rule.Description
		if description == "" {
			description = title
		}
		help := description
		if f.Requirement != "" {
			help += "\n\nRequirement: " + f.Requirement
		}
		tags := []string{"supply-chain"}
		if f.Requirement != "" {
			tags = append(tags, Terminal(f.Requirement))
		}
		rules = append(rules, sarifRule{
			ID: Terminal(f.Rule), ShortDescription: sarifMessage(title), FullDescription: sarifMessage(description),
			HelpURI: webPage(rule.Page), Help: sarifMessage(help),
			Configuration: sarifLevel{sarifLevelOf(decision.Finding{Severity: f.Severity})},
			Properties:    map[string]any{"tags": tags[:min(len(tags), maxSARIFTags)]},
		})
	}
	return rules, index
}

// webPage returns an address of a page, or "" for any text that is none.
func webPage(page string) string {
	if pagePattern.MatchString(page) {
		return page
	}
	return ""
}

var pagePattern = lazyregexp.New(`^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/-]*)?$`)

// sarifLevelOf returns the level of a finding.
func sarifLevelOf(f decision.Finding) string {
	switch {
	case f.Excepted:
		return "note"
	case f.Severity == decision.Warn:
		return "warning"
	}
	return "error"
}

// sarifResultOf returns a cause as a result. seen counts the fingerprints: two findings
// of one rule about one content have the same one.
func sarifResultOf(c cause, index map[string]int, seen map[string]int) sarifResult {
	seen[c.Fingerprint]++
	result := sarifResult{
		RuleID: Terminal(c.Rule), RuleIndex: index[c.Rule], Level: sarifLevelOf(c.Finding),
		Message:   sarifMessage(message(c)),
		Locations: []sarifLocation{sarifLocationOf(c.Finding)},
		Fingerprints: map[string]string{
			"codexlock/v1": Terminal(c.Fingerprint),
			// The one that code scanning reads. Its own ones are made from the line's text.
			"primaryLocationLineHash": fmt.Sprintf("%s:%d", Terminal(c.Fingerprint), seen[c.Fingerprint]),
		},
	}
	for i, f := range c.also {
		at := sarifLocationOf(f)
		text := sarifMessage(f.Rule + ": " + f.Message)
		at.ID, at.Message = i+1, &text
		result.Related = append(result.Related, at)
	}
	if c.Excepted {
		result.Suppressions = []sarifSuppression{{Kind: "external", Status: "accepted", Justification: sarifMessage(strings.Join(c.suppressions(), "\n")).Text}}
	}
	return result
}

func sarifLocationOf(f decision.Finding) sarifLocation {
	file := f.File
	if file == "" {
		file = subject(f)
	}
	at := sarifPhysical{
		Artifact: sarifArtifact{URI: relativeURI(file), URIBaseID: "%SRCROOT%"},
		Region:   sarifRegion{StartLine: max(f.Line, 1), StartColumn: max(f.Column, 1)},
	}
	if l, ok := marked.Of(f, 0); ok {
		at.Region.EndColumn = at.Region.StartColumn + max(f.Excerpt.Width, 1)
		at.Context = &sarifContext{at.Region.StartLine, at.Region.StartLine, sarifText{l.Before + l.Marked + l.After}}
	}
	return sarifLocation{Physical: at}
}

// relativeURI returns a path of the repository as a relative reference (RFC 3986). Every
// byte that is not unreserved is escaped, so that no path can be another kind of
// reference.
func relativeURI(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c == '/' && i > 0 && name[i-1] != '/', c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() == 0 {
		return "."
	}
	return b.String()
}

// sarifMessage formats lines of text as a message. Text from outside has no link and no
// placeholder in it (SARIF 2.1.0, 3.11.5 and 3.11.6).
func sarifMessage(text string) sarifText {
	text = clip(terminalLines(strings.Split(text, "\n")), maxSARIFMessage)
	text = strings.ReplaceAll(text, "](", "] (")
	return sarifText{placeholder.ReplaceAllString(text, "{{$1}}")}
}

var placeholder = lazyregexp.New(`\{([0-9]+)\}`)
