package policy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/suppression"
	"github.com/open-policy-agent/opa/v1/ast"
)

// ledgerFile is where a finding about the whole change stands that names no file.
const ledgerFile = "Codex-Lock.json"

// judge turns the answers about one subject into findings and a level.
func (r *run) judge(ctx context.Context, m *facts.Measurement, q *query, answers []*ast.Term) (verdict, error) {
	v := verdict{level: artifact.APlus, borne: artifact.APlus}
	file := ledgerFile
	switch {
	case m.Input.Artifact != nil:
		v.artifact = artifactOf(&m.Input)
		v.artifact.Signature = m.Signature
		file = v.artifact.Path
	case m.Input.Exceptions != nil:
		file = cmp.Or(m.Input.Exceptions.File, ledgerFile)
	}
	for at, answer := range answers {
		all, err := ruleset.Members(q.slots[at], answer)
		if err != nil {
			return verdict{}, err
		}
		for _, one := range all {
			f, err := r.finding(ctx, one, &v.artifact, file, m)
			if err != nil {
				return verdict{}, err
			}
			if f.Severity == decision.Deny || f.Lowered {
				v.level = min(v.level, one.Rule.Level)
				if !f.Excepted && !f.Lowered {
					v.borne = min(v.borne, one.Rule.Level)
				}
			}
			v.findings = append(v.findings, f)
		}
		if at+1 == len(q.slots) || q.slots[at+1].Rule != q.slots[at].Rule {
			v.answers++ // the rule's last set: it has answered
		}
	}
	return v, nil
}

// artifactOf takes from the facts what a decision says of an artifact.
func artifactOf(in *facts.Input) decision.Artifact {
	a := decision.Artifact{Path: in.Artifact.Path, Change: string(in.Artifact.Change), SHA256: in.Artifact.SHA256, Proof: string(in.Artifact.Proof)}
	if in.Domain != nil {
		a.TrustDomain = in.Domain.Name
	}
	a.Renewed = in.Renewal != nil && in.Renewal.State == facts.RenewalCounts
	if in.VaultTime != nil && in.Artifact.SHA256 != "" {
		a.ExpiresAt = in.VaultTime.ExpiresAt
	}
	return a
}

// finding places what a rule said.
func (r *run) finding(ctx context.Context, one ruleset.Member, a *decision.Artifact, file string, m *facts.Measurement) (decision.Finding, error) {
	f := decision.Finding{
		Rule: one.Rule.Code, Kind: one.Rule.Kind, Cause: one.Rule.Cause, Term: one.Term, Severity: one.Severity, Requirement: one.Rule.Requirement,
		Artifact: a.Path, File: cmp.Or(one.File, file), Line: max(one.Line, 1), Column: max(one.Column, 1), Message: one.Message, Count: one.Count,
	}
	f.Placed, f.Insert = one.Line > 0, one.Insert
	if one.HasPointer && m.Locate != nil {
		if line, column, ok := m.Locate(f.File, one.Pointer); ok {
			f.Line, f.Column = max(line, 1), max(column, 1)
			// Exceptions and the baseline are those of the trusted base, and a renewed
			// record is in another ref: neither is a file that is judged.
			f.Placed = m.Input.Exceptions == nil && !a.Renewed
		}
	}
	subject := cmp.Or(a.Path, f.File)
	f.Fix = strings.NewReplacer("{artifact}", shellquote.Path(subject), "{file}", shellquote.Path(f.File)).Replace(cmp.Or(one.Fix, one.Rule.Fix))
	f.Fingerprint = fingerprint(f.Selector().String(), a.Path, a.SHA256, f.File, one.Pointer)
	if one.Severity == decision.Deny && r.options.Now.Before(one.Rule.EffectiveAt) {
		f.Severity, f.EffectiveOn = decision.Warn, one.Rule.EffectiveOn
		f.Message += fmt.Sprintf(" (a warning until %s, a denial from then on)", f.EffectiveOn)
	}
	about := suppression.Subject{
		Path: subject, SHA256: a.SHA256, Measured: m, Statement: one.Statement,
		At: facts.Place{File: f.File, Pointer: one.Pointer, Pointed: one.HasPointer, Line: one.Line, Column: one.Column},
	}
	if err := r.suppressions.Apply(ctx, &one.Rule.Rule, &f, about); err != nil {
		return decision.Finding{}, err
	}
	return f, nil
}

// fingerprintLength is how many of a digest's hexadecimal characters name a
// finding: 128 bits.
const fingerprintLength = 32

// fingerprint is the same as long as rule, artifact, content and place are,
// wherever in the file the place has moved to.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:fingerprintLength]
}
