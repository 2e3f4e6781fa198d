// Package decision has the values that a decision consists of: rules, findings and artifacts,
// the selectors that name findings, and how two decisions differ. It evaluates nothing:
// internal/policy makes decisions, and internal/report renders them.
package decision

import (
	"slices"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A Severity is the effect of a finding on the conclusion.
type Severity string

// The severities.
const (
	Deny Severity = "deny"
	Warn Severity = "warn"
)

// A Kind says what a rule's findings mean to commands (custom.kind). The findings of a rule
// without a kind are only denials to them.
type Kind string

// The kinds.
const (
	KindDrift      Kind = "drift"      // the bytes differ from the recorded ones (ZT-2.5)
	KindExpiry     Kind = "expiry"     // only the record's time to live is over
	KindRecord     Kind = "record"     // another reason why the artifact is not attested
	KindManifest   Kind = "manifest"   // the manifest is not the one that the record signs
	KindTest       Kind = "test"       // the test is not the one that the record signs
	KindIncomplete Kind = "incomplete" // the manifest is incomplete
	KindUnbound    Kind = "unbound"    // the record has a MAC but no proof
	KindUnchecked  Kind = "unchecked"  // the record's MAC could not be checked
)

// Kinds lists the kinds.
var Kinds = []string{string(KindDrift), string(KindExpiry), string(KindRecord), string(KindManifest), string(KindTest), string(KindIncomplete), string(KindUnbound), string(KindUnchecked)}

// IsKind reports whether a text is one of the kinds.
func IsKind(s string) bool { return slices.Contains(Kinds, s) }

// Unattested reports whether a denial means that the artifact is not attested as it
// is. Its test is not executed then, whatever excepts the finding. A test that is not
// the one that the record signs is another matter: it may be attested itself.
func (k Kind) Unattested() bool {
	return k == KindDrift || k == KindExpiry || k == KindRecord || k == KindManifest || k == KindUnbound || k == KindUnchecked
}

// ExceptedNever is the value of custom.excepted in the METADATA of a rule on whose findings
// other rules rely: if it were silenced, they would be silent too.
const ExceptedNever = "never"

// ExcerptNever is the value of custom.excerpt in the METADATA of a rule that finds secrets: no
// line of a file that it has a finding about is in a report.
const ExcerptNever = "never"

// A Rule is the METADATA of a policy package.
type Rule struct {
	Code        string         `json:"code"`        // area.rule: the package path without "codexlock."
	Requirement string         `json:"requirement"` // ZT-n.m
	Severity    Severity       `json:"severity"`    // the worst severity of its findings
	Title       string         `json:"title"`
	Problem     string         `json:"problem,omitempty"` // what is wrong where it does not hold, in at most MaxProblemWords
	Line        string         `json:"line,omitempty"`    // the one line that fixes a finding, whatever the file
	Description string         `json:"description"`
	Fix         string         `json:"fix"`     // the next step; {artifact} and {file} stand for the paths of artifact and finding
	Subject     string         `json:"subject"` // artifact, repository, exceptions
	Level       artifact.Level `json:"level"`   // the artifact's highest level when the rule denies
	Source      string         `json:"source"`  // embedded, or the file that it was read from
	// EffectiveOn is the time from which the rule denies (RFC 3339, UTC); absent: always.
	EffectiveOn string `json:"effective_on,omitempty"`
	// Excepted is never if no exception, baseline or setting may cover the rule's findings, because other rules rely on them.
	Excepted string `json:"excepted,omitempty"`
	// Excerpt is never if no line of a file that the rule has a finding about may be shown.
	Excerpt string `json:"excerpt,omitempty"`
	// Kind says what its findings mean to commands; absent: nothing special.
	Kind Kind `json:"kind,omitempty"`
	// Cause is the code of the rule that leads where several findings about one subject have one cause.
	Cause string `json:"cause,omitempty"`
	// Optional is true if the configuration may set the rule to off or warn.
	Optional bool `json:"optional"`
}

// A Finding is a requirement that is not shown to hold.
type Finding struct {
	Rule        string       `json:"rule"`
	Kind        Kind         `json:"kind,omitempty"`  // the rule's
	Cause       string       `json:"cause,omitempty"` // the rule's
	Term        string       `json:"term,omitempty"`  // the kind of problem, as in script.shellcheck:SC2086
	Severity    Severity     `json:"severity"`
	Requirement string       `json:"requirement"`
	Artifact    string       `json:"artifact,omitempty"` // absent: the finding is about the whole change
	File        string       `json:"file"`
	Line        int          `json:"line"`   // counts from 1
	Column      int          `json:"column"` // counts from 1, in characters
	Message     string       `json:"message"`
	Fix         string       `json:"fix"`
	EffectiveOn string       `json:"effective_on,omitempty"` // a warning that denies from this time on (RFC 3339)
	Fingerprint string       `json:"fingerprint"`            // 32 hex characters over rule, term, path, content and pointer: not the line
	Excepted    bool         `json:"excepted"`
	Suppression *Suppression `json:"exception,omitempty"` // what covers it, if it is excepted
	Excerpt     *Excerpt     `json:"excerpt,omitempty"`   // the line; absent: no position, or it is not shown

	// Placed is whether Line and Column are where the rule or a value of the document put
	// them in the judged file, and not the start of the file.
	Placed bool `json:"-"`

	// Insert is the line that fixes the finding when it is inserted before Line, where the
	// rule says that this is safe; "": there is none.
	Insert string `json:"-"`

	Count     int    `json:"-"` // the number with which the message begins, of things that are counted in the shard of each; 0: it counts none
	Lowered   bool   `json:"-"` // a setting turned a denial into a warning
	Statement string `json:"-"` // SHA-256 of the offending statement, where a baseline may name it
}

// A Suppression is the exception, setting or baseline entry that covers a finding.
type Suppression struct {
	By      string `json:"by"` // exception, baseline, rules (a setting)
	Reason  string `json:"reason,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Expires string `json:"expires,omitempty"` // RFC 3339; absent: when the content changes
}

// Selector returns the selector that names the finding.
func (f *Finding) Selector() Selector { return Selector{f.Rule, f.Term} }

// An Artifact is the decision about one artifact.
type Artifact struct {
	Path        string         `json:"path"`
	Change      string         `json:"change"` // added, modified, removed, unchanged
	SHA256      string         `json:"sha256,omitempty"`
	TrustDomain string         `json:"trust_domain,omitempty"`
	Level       artifact.Level `json:"level"`
	Proof       string         `json:"proof,omitempty"`      // content, lfs-oid
	ExpiresAt   string         `json:"expires_at,omitempty"` // of its record (RFC 3339, UTC); absent: no record that can be read
	Renewed     bool           `json:"-"`                    // it was judged by a renewed record from the ref
	Signature   string         `json:"-"`                    // the HMAC of its record, for the audit log
}

// A Decision has the findings of every rule for every artifact.
type Decision struct {
	Source    string       // embedded, base, or the words of a --policy flag
	Digest    string       // sha256:…, over every module's name and text
	Rules     int          // number of rules
	Answers   int          // rules x artifacts: a rule about the whole change answers for each of them
	Artifacts []Artifact   // by path
	Findings  []Finding    // denials first, then by file, line, column, rule, message
	Settings  []TurnedDown // optional rules that a setting in force turns down, as configured
	Found     []FoundRule  // the rules of the findings, by code
	Part      Part         // of a shard: what the merge needs
	Unjudged  int          // artifacts that were not judged after too many denials: never a pass
	Uses      *Uses        // of artifacts in workflows and other files; nil: there are none, or they were not read
}

// Uses are the numbers of the places that use an artifact.
type Uses struct {
	Total    int `json:"total"`
	Verified int `json:"verified"` // at the use, or earlier in the same job
}

// TurnedDown is an optional rule that the configuration sets to off or warn.
type TurnedDown struct {
	Rule    string `json:"rule"`
	Level   string `json:"level"` // off, warn
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"` // RFC 3339, UTC
}

// MaxProblemWords bounds the words of a rule's problem: it is the title of an annotation.
const MaxProblemWords = 6

// A FoundRule describes a rule that has findings, for readers of a report.
type FoundRule struct {
	Code        string `json:"code"`
	Title       string `json:"title"`
	Problem     string `json:"problem,omitempty"` // what its findings are, in a few words; absent: the rule does not say it
	Line        string `json:"line,omitempty"`    // the line that fixes a finding; absent: there is no such line
	Excerpt     string `json:"excerpt,omitempty"` // never: no line of the files of its findings is shown
	Description string `json:"description,omitempty"`
	Page        string `json:"page,omitempty"` // the address of its page; absent: it is an owner's rule
}

// PageURL returns the address of the page of an embedded rule.
func PageURL(code string) string {
	return pagesURL + strings.ReplaceAll(code, ".", "/") + "/README.md"
}

// pagesURL is where the pages of the embedded rules are.
const pagesURL = "https://github.com/codexlock/codexlock/blob/main/policies/"

// TimeText formats a time as facts and reports have it.
func TimeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
