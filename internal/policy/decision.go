// Package policy compiles Rego in a sandbox, evaluates every rule for every artifact and returns
// a decision. Only this package and internal/workbench import OPA. It fails closed: a rule
// without an answer is an error, never a pass.
package policy

import (
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A Severity is what a finding does to the conclusion.
type Severity string

// The severities.
const (
	Deny Severity = "deny"
	Warn Severity = "warn"
)

// A Kind is what a rule's findings mean to the commands that act on them
// (custom.kind). A rule without one means nothing to them but a denial.
type Kind string

// The kinds.
const (
	KindDrift      Kind = "drift"      // the bytes are not those that were recorded (ZT-2.5)
	KindExpiry     Kind = "expiry"     // the record's time is over, and that is all
	KindRecord     Kind = "record"     // another reason why the artifact is not attested
	KindManifest   Kind = "manifest"   // the manifest is not the one that the record signs
	KindTest       Kind = "test"       // the test is not the one that the record signs
	KindIncomplete Kind = "incomplete" // the manifest leaves something out
	KindUnbound    Kind = "unbound"    // the record has a MAC, and no proof
	KindUnchecked  Kind = "unchecked"  // nobody could check the record's MAC
)

var kinds = []string{string(KindDrift), string(KindExpiry), string(KindRecord), string(KindManifest), string(KindTest), string(KindIncomplete), string(KindUnbound), string(KindUnchecked)}

func isKind(s string) bool { return slices.Contains(kinds, s) }

// Unattested reports whether a denial means that the artifact is not attested as it
// is. Its test is not executed then, whatever excepts the finding. A test that is not
// the one that the record signs is another matter: it may be attested itself.
func (k Kind) Unattested() bool {
	return k == KindDrift || k == KindExpiry || k == KindRecord || k == KindManifest || k == KindUnbound || k == KindUnchecked
}

// A Rule is what a policy package says of itself in its METADATA.
type Rule struct {
	Code        string         `json:"code"`        // area.rule: the package path without "codexlock."
	Requirement string         `json:"requirement"` // ZT-n.m
	Severity    Severity       `json:"severity"`    // the worst that it can say
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Fix         string         `json:"fix"`     // the next step; {artifact} stands for the path
	Subject     string         `json:"subject"` // artifact, repository, exceptions
	Level       artifact.Level `json:"level"`   // what is left of an artifact's level when the rule denies
	Source      string         `json:"source"`  // embedded, or the file that it was read from
	// EffectiveOn is from when on the rule's denials deny (RFC 3339, UTC); absent: always.
	EffectiveOn string `json:"effective_on,omitempty"`
	// Excepted is never where no exception, baseline or setting covers the rule's findings, because others rely on them.
	Excepted string `json:"excepted,omitempty"`
	// Kind is what its findings mean to commands, where they mean something to them.
	Kind Kind `json:"kind,omitempty"`
	// Optional is true where the configuration may set the rule to off or warn.
	Optional bool `json:"optional"`
}

// A Finding is a proof that is absent.
type Finding struct {
	Rule        string       `json:"rule"`
	Kind        Kind         `json:"kind,omitempty"` // the rule's
	Term        string       `json:"term,omitempty"` // what of the rule, as in script.shellcheck:SC2086
	Severity    Severity     `json:"severity"`
	Requirement string       `json:"requirement"`
	Artifact    string       `json:"artifact,omitempty"` // absent: the finding is about the whole change
	File        string       `json:"file"`
	Line        int          `json:"line"`   // counts from 1
	Column      int          `json:"column"` // counts from 1, in characters
	Message     string       `json:"message"`
	Fix         string       `json:"fix"`
	EffectiveOn string       `json:"effective_on,omitempty"` // a warning that denies from then on (RFC 3339)
	Fingerprint string       `json:"fingerprint"`            // 32 hex characters over rule, term, path, content and pointer: not the line
	Excepted    bool         `json:"excepted"`
	Suppression *Suppression `json:"exception,omitempty"` // what covers it, if it is excepted

	lowered   bool   // a setting made a warning of a denial
	statement string // SHA-256 of the offending statement, where a baseline may name it
}

// An Artifact is what was decided about one artifact.
type Artifact struct {
	Path        string         `json:"path"`
	Change      string         `json:"change"` // added, modified, removed, unchanged
	SHA256      string         `json:"sha256,omitempty"`
	TrustDomain string         `json:"trust_domain,omitempty"`
	Level       artifact.Level `json:"level"`
	Proof       string         `json:"proof,omitempty"` // content, lfs-oid
	Signature   string         `json:"-"`               // the HMAC that its record holds, for the log of verifications
}

// A Decision is every rule's answer about every artifact.
type Decision struct {
	Source    string     // embedded, base, or the words of a --policy flag
	Digest    string     // sha256:…, over every module's name and text
	Rules     int        // how many rules there are
	Answers   int        // rules x artifacts: a rule about the whole change answers for each of them
	Artifacts []Artifact // by path
	Findings  []Finding  // denials first, then by file, line, column, rule, message
	Unjudged  int        // artifacts that were left out after too many denials: never a pass
}
