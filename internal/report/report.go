// Package report renders a finished decision. It writes to io.Writers and
// decides nothing. Text from outside (paths, messages) is data until a writer
// of this package escapes it, once, for the form it writes.
package report

import (
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
)

// Schema names this version of the report, published as schemas/report.json.
const Schema = "codexlock.report/v1"

// A Conclusion is the verdict on a change, by the names of GitHub's check runs. Partial is
// none of them.
type Conclusion string

// The conclusions.
const (
	Success Conclusion = "success"
	Neutral Conclusion = "neutral" // warnings only
	Failure Conclusion = "failure"
	Partial Conclusion = "partial" // a shard without denials: no verdict without the other shards
)

// A Report is a decision with everything that is needed to render it.
type Report struct {
	Schema        string                `json:"schema"`
	Conclusion    Conclusion            `json:"conclusion"`
	Level         string                `json:"level"` // id of ZT-13, or none if no artifact changed
	Scope         string                `json:"scope"` // changed, all, paths
	Base          string                `json:"base,omitempty"`
	TrustedBase   string                `json:"trusted_base,omitempty"` // absent: equals Base
	Head          string                `json:"head,omitempty"`         // absent: the work tree, or what is staged
	Staged        bool                  `json:"staged,omitempty"`       // what Git's index holds was judged
	EffectiveTime string                `json:"effective_time"`
	ValidUntil    string                `json:"valid_until,omitempty"` // earliest expiry of the judged artifacts (RFC 3339, UTC); absent: none expires
	Policy        Policy                `json:"policy"`
	Counts        Counts                `json:"counts"`
	Unjudged      int                   `json:"unjudged,omitempty"` // artifacts that were not judged after too many denials
	Shard         *Shard                `json:"shard,omitempty"`    // absent: the report is about all artifacts
	Uses          *decision.Uses        `json:"uses,omitempty"`     // of artifacts in workflows and other files; absent: none
	Artifacts     []decision.Artifact   `json:"artifacts"`
	Findings      []decision.Finding    `json:"findings"`
	Rules         []decision.FoundRule  `json:"rules,omitempty"`    // the rules of the findings, by code
	Settings      []decision.TurnedDown `json:"settings,omitempty"` // optional rules that the configuration turns down
	Notes         []string              `json:"notes,omitempty"`    // what else the verdict depends on
	Preview       *decision.Preview     `json:"preview,omitempty"`  // of edits of the gate; not the verdict
}

// A Policy names the rules that judged.
type Policy struct {
	Source  string `json:"source"`
	Digest  string `json:"digest"`
	Rules   int    `json:"rules"`
	Answers int    `json:"answers"`
}

// Counts are over artifacts (the first two) and findings.
type Counts struct {
	Artifacts int `json:"artifacts"`
	Trusted   int `json:"trusted"` // without a denial, and without one of the whole change
	Deny      int `json:"deny"`
	Warn      int `json:"warn"`
	Excepted  int `json:"excepted"`
}

// Meta is the part of a report that is not in the decision.
type Meta struct {
	Scope, Base, Head string
	EffectiveTime     string // RFC 3339
	FailOnWarn        bool   // warnings fail the change
	Staged            bool   // what Git's index holds was judged
	TrustedBase       string // commit; "": equals Base
	Notes             []string
	Preview           *decision.Preview
	Shard             *Shard // nil: all artifacts were judged
}

// Trusted returns a function that reports whether nothing denies an artifact: neither a
// finding about it nor one about the whole change.
func (r Report) Trusted() func(decision.Artifact) bool {
	denied, whole := map[string]bool{}, false
	for _, f := range r.Findings {
		if !f.Excepted && f.Severity != decision.Warn {
			denied[f.Artifact] = true
			whole = whole || f.Artifact == ""
		}
	}
	return func(a decision.Artifact) bool { return !whole && !denied[a.Path] }
}

// unjudgedNote says that artifacts were not judged.
func (r Report) unjudgedNote() string {
	return fmt.Sprintf("%d of %d artifacts were not judged: the artifacts before them have %d denials, the most that is reported. Fix those, then verify again.",
		r.Unjudged, r.Unjudged+len(r.Artifacts), r.Counts.Deny)
}

// New makes a report of a decision.
func New(d decision.Decision, m Meta) Report {
	r := Report{
		Schema: Schema, Scope: m.Scope, Base: m.Base, Head: m.Head, EffectiveTime: m.EffectiveTime,
		Policy:    Policy{Source: d.Source, Digest: d.Digest, Rules: d.Rules, Answers: d.Answers},
		Artifacts: append([]decision.Artifact{}, d.Artifacts...),
		Findings:  append([]decision.Finding{}, d.Findings...),
		Rules:     d.Found,
		Settings:  d.Settings,
		Level:     "none",
		Staged:    m.Staged, TrustedBase: m.TrustedBase, Notes: m.Notes, Preview: m.Preview,
		Unjudged: d.Unjudged, Shard: m.Shard, Uses: d.Uses,
	}
	denied, whole := map[string]bool{}, false
	for _, f := range r.Findings {
		switch {
		case f.Excepted:
			r.Counts.Excepted++
		case f.Severity == decision.Warn:
			r.Counts.Warn++
		default: // every severity but warn denies
			r.Counts.Deny++
			denied[f.Artifact] = true
			whole = whole || f.Artifact == ""
		}
	}
	r.Counts.Artifacts = len(r.Artifacts)
	lowest := artifact.APlus
	for _, a := range r.Artifacts {
		lowest = min(lowest, a.Level)
		if a.ExpiresAt != "" && (r.ValidUntil == "" || a.ExpiresAt < r.ValidUntil) {
			r.ValidUntil = a.ExpiresAt
		}
		if !whole && !denied[a.Path] {
			r.Counts.Trusted++
		}
	}
	if len(r.Artifacts) > 0 || r.Counts.Deny > 0 {
		if whole || r.Counts.Deny > 0 && lowest == artifact.APlus {
			lowest = artifact.NonCompliant
		}
		r.Level = lowest.String()
	}
	if d.Unjudged > 0 {
		r.Level = artifact.NonCompliant.String()
		r.Notes = append(slices.Clone(r.Notes), r.unjudgedNote())
	}
	switch {
	case r.Counts.Deny > 0, d.Unjudged > 0, m.FailOnWarn && r.Counts.Warn > 0:
		r.Conclusion = Failure
	case m.Shard != nil:
		r.Conclusion = Partial
	case r.Counts.Warn > 0:
		r.Conclusion = Neutral
	default:
		r.Conclusion = Success
	}
	return r
}
