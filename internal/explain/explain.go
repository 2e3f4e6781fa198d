// Package explain explains the gate's result for one path: whether it is an artifact, its
// companions, its trust domain and key, how long it is valid, which rules hold, and the
// next step. It only describes facts and a decision; it measures and decides nothing.
package explain

import (
	"fmt"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/shellquote"
)

// A Case is the input of an explanation.
type Case struct {
	Requested   string // the path of the question, in the repository
	Base        string // the base commit; "": none
	Now         time.Time
	Config      *config.Config
	Eligibility facts.Eligibility
	Locate      func(file, pointer string) (line, column int, ok bool)
	Input       facts.Input
	Rules       []decision.Rule
	Decision    decision.Decision // about this one artifact
}

// An Explanation is the gate's result for one path.
type Explanation struct {
	Path       string      `json:"path"`
	Asked      string      `json:"asked,omitempty"` // the companion that the user named, if not the artifact
	Artifact   Eligibility `json:"artifact"`
	Content    *Content    `json:"content,omitempty"`
	Companions []Companion `json:"companions,omitempty"`
	Domain     *Domain     `json:"domain,omitempty"`
	DomainFor  string      `json:"domain_for,omitempty"` // the domain whose paths match, if nothing names its domain yet
	Key        *Key        `json:"key,omitempty"`
	Record     *Record     `json:"record,omitempty"`
	Exceptions []Exception `json:"exceptions,omitempty"`
	Settings   []Exception `json:"settings,omitempty"` // rules that the configuration turns down
	Rules      []Rule      `json:"rules,omitempty"`
	Level      *Level      `json:"level,omitempty"`
	Next       string      `json:"next"`
}

// An Eligibility says whether the path is an artifact, and why.
type Eligibility struct {
	facts.Eligibility
	Config string `json:"config,omitempty"` // the file with the pattern; absent: the default
	Line   int    `json:"line,omitempty"`   // of its entry in the ledger
}

// A Content is what the gate read of the file.
type Content struct {
	Kind   facts.Kind       `json:"kind"`
	SHA256 string           `json:"sha256,omitempty"`
	Size   *int64           `json:"size,omitempty"`
	Proof  facts.HashSource `json:"proof,omitempty"`
	Change facts.FileChange `json:"change"`
	Base   string           `json:"base,omitempty"` // the commit that the content was compared with
}

// A Companion is one of the three companions of an artifact.
type Companion struct {
	Kind  string              `json:"kind"` // manifest, vaulttime, test
	Path  string              `json:"path"`
	Also  string              `json:"also,omitempty"`
	State facts.DocumentState `json:"state"`
}

// A Domain is the trust domain, and the file that names it.
type Domain struct {
	Name    string            `json:"name"`
	Because string            `json:"because"` // record, ledger
	State   facts.DomainState `json:"state"`
	Paths   facts.DomainPaths `json:"paths"`
}

// A Key describes the key that this run needs, never its value.
type Key struct {
	Variable  string          `json:"variable,omitempty"` // of the environment, if it holds the key
	Source    string          `json:"source"`             // the source of the key: the variable, or a path in Vault
	Held      bool            `json:"held"`
	Hint      string          `json:"hint,omitempty"`      // what to do if this run does not have it
	ID        string          `json:"id,omitempty"`        // of the key that this run has
	Record    string          `json:"record,omitempty"`    // the key id that the record names
	Signature facts.Signature `json:"signature,omitempty"` // the result of checking the record with it
}

// A Record says how long the artifact's record is valid.
type Record struct {
	Signed   string `json:"signed"`
	TTLHours int64  `json:"ttl_hours"`
	Expires  string `json:"expires"`
	Left     int64  `json:"left_seconds"` // negative: the time since it expired
	// Renewal is what the ref of renewed records has of the artifact; absent: the trusted
	// base does not say renewals: ref.
	Renewal *facts.Renewal `json:"renewal,omitempty"`
}

// An Exception is an exception of the configuration whose paths match the artifact.
type Exception struct {
	Rule    string `json:"rule"`
	Level   string `json:"level,omitempty"` // of a setting: off, warn
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`
	Expired bool   `json:"expired"`
}

// The verdicts of a rule.
const (
	Holds    = "holds"
	Found    = "found"
	Excepted = "excepted"
)

// A Rule is a rule that was evaluated, with its result.
type Rule struct {
	Code     string             `json:"code"`
	Title    string             `json:"title"`
	Subject  string             `json:"subject"`
	Verdict  string             `json:"verdict"`
	Findings []decision.Finding `json:"findings,omitempty"`
}

// A Level is the artifact's compliance level, and the rules that lowered it.
type Level struct {
	Level   artifact.Level `json:"level"`
	Minimum artifact.Level `json:"minimum"`
	Cost    []string       `json:"cost"`
}

// New returns the explanation of a case.
func New(c Case) Explanation {
	e := Explanation{
		Path:     c.Input.Artifact.Path,
		Artifact: Eligibility{Eligibility: c.Eligibility, Config: c.Config.File.String()},
	}
	if c.Requested != e.Path {
		e.Asked = c.Requested
	}
	if !c.Eligibility.Artifact {
		e.Next = fmt.Sprintf("to protect it, attest it: codexlock attest %s", shellquote.Path(e.Path))
		if e.Path == string(ledger.Path) {
			e.Next = "nothing: it is the ledger itself, which every verification reads"
		}
		return e
	}
	if l := c.Input.Ledger; l != nil && l.Entry != nil && c.Locate != nil {
		e.Artifact.Line, _, _ = c.Locate(l.Path, l.Entry.Pointer)
	}
	a := c.Input.Artifact
	e.Content = &Content{Kind: a.Kind, SHA256: a.SHA256, Size: a.Size, Proof: a.Proof, Change: a.Change, Base: c.Base}
	e.companions(c)
	e.trust(c)
	e.exceptions(c)
	e.settings(c)
	e.rules(c)
	e.level(c)
	e.Next = e.next()
	return e
}

func (e *Explanation) companions(c Case) {
	add := func(kind string, d *facts.Document) {
		e.Companions = append(e.Companions, Companion{Kind: kind, Path: d.Path, Also: d.Also, State: d.State})
	}
	if m := c.Input.Manifest; m != nil {
		add("manifest", &m.Document)
	}
	if v := c.Input.VaultTime; v != nil {
		add("vaulttime", &v.Document)
	}
	if t := c.Input.Test; t != nil {
		add("test", &t.Document)
	}
}

// trust fills in the domain, the key and the remaining time.
func (e *Explanation) trust(c Case) {
	d, v := c.Input.Domain, c.Input.VaultTime
	if d == nil {
		e.DomainFor = c.Config.DomainFor(artifact.Path(e.Path))
		return
	}
	e.Domain = &Domain{Name: d.Name, Because: "ledger", State: d.State, Paths: d.Paths}
	settings, known := c.Config.Domain(d.Name)
	if known {
		e.Key = &Key{Source: settings.KeySource(), Held: d.KeyID != "", ID: d.KeyID}
		if !e.Key.Held {
			e.Key.Hint = keys.Missing(d.Name, settings).Hint()
		}
	}
	if known && settings.Key.Scheme == config.EnvScheme {
		e.Key.Variable = e.Key.Source
	}
	if v == nil || v.TTLHours == nil {
		return
	}
	e.Domain.Because = "record"
	if e.Key != nil {
		e.Key.Record = v.KeyID
		if c.Input.Checks != nil {
			e.Key.Signature = c.Input.Checks.Signature
		}
	}
	e.Record = &Record{Signed: v.Timestamp, TTLHours: *v.TTLHours, Expires: v.ExpiresAt, Renewal: c.Input.Renewal}
	if t, err := time.Parse(time.RFC3339, v.ExpiresAt); err == nil {
		e.Record.Left = int64(t.Sub(c.Now) / time.Second)
	}
}

func (e *Explanation) exceptions(c Case) {
	for _, x := range c.Config.Exceptions {
		if len(x.Paths) > 0 && !config.MatchAny(x.Paths, e.Path) {
			continue
		}
		e.Exceptions = append(e.Exceptions, Exception{
			Rule: x.Rule, Reason: x.Reason, Owner: x.Owner,
			Expires: x.Expires.UTC().Format(time.RFC3339), Expired: c.Now.After(x.Expires),
		})
	}
}

// settings lists the rules that the configuration turns down.
func (e *Explanation) settings(c Case) {
	for _, x := range c.Config.Rules {
		e.Settings = append(e.Settings, Exception{
			Rule: x.Rule, Level: x.Level, Reason: x.Reason, Owner: x.Owner,
			Expires: x.Expires.UTC().Format(time.RFC3339), Expired: c.Now.After(x.Expires),
		})
	}
}

// rules lists every evaluated rule with its result.
func (e *Explanation) rules(c Case) {
	found := map[string][]decision.Finding{}
	for _, f := range c.Decision.Findings {
		found[f.Rule] = append(found[f.Rule], f)
	}
	for _, r := range c.Rules {
		said := Rule{Code: r.Code, Title: r.Title, Subject: r.Subject, Verdict: Holds, Findings: found[r.Code]}
		for _, f := range said.Findings {
			if !f.Excepted {
				said.Verdict = Found
			} else if said.Verdict == Holds {
				said.Verdict = Excepted
			}
		}
		e.Rules = append(e.Rules, said)
	}
}

// level names the rules whose denials set the level.
func (e *Explanation) level(c Case) {
	e.Level = &Level{Level: artifact.APlus, Minimum: c.Config.MinimumLevel, Cost: []string{}}
	if len(c.Decision.Artifacts) > 0 {
		e.Level.Level = c.Decision.Artifacts[0].Level
	}
	leaves := map[string]artifact.Level{}
	for _, r := range c.Rules {
		leaves[r.Code] = r.Level
	}
	for _, r := range e.Rules {
		for _, f := range r.Findings {
			if !f.Excepted && f.Severity == decision.Deny && leaves[r.Code] <= e.Level.Level {
				e.Level.Cost = append(e.Level.Cost, r.Code)
				break
			}
		}
	}
}

// next returns the fix of the worst finding that is not suppressed.
func (e *Explanation) next() string {
	for _, severity := range []decision.Severity{decision.Deny, decision.Warn} {
		for _, r := range e.Rules {
			for _, f := range r.Findings {
				if !f.Excepted && f.Severity == severity && f.Fix != "" {
					return f.Fix
				}
			}
		}
	}
	if e.Record == nil {
		return "nothing: this file needs no attestation"
	}
	return fmt.Sprintf("nothing, until it is to be attested again before %s: codexlock attest %s", e.Record.Expires, shellquote.Path(e.Path))
}
