package measure

import (
	"context"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// measureRenewal looks for a record that renews the one in the tree, and has the artifact
// measured by it where it is proved and says nothing else but that it is later. Whether it
// counts, the rules say.
func (c *Collector) measureRenewal(ctx context.Context, s *subject) error {
	if c.o.Renewals == nil {
		return nil
	}
	found, err := c.o.Renewals.Record(ctx, s.path)
	if err != nil {
		return err
	}
	n := &facts.Renewal{State: facts.RenewalAbsent, Reason: document.Printable(found.Reason)}
	s.in.Renewal = n
	switch found.State {
	case renewals.Unreadable:
		n.State = facts.RenewalUnreadable
	case renewals.Foreign:
		n.State = facts.RenewalForeign
	case renewals.Readable:
		r := &found.Record
		n.Timestamp, n.ExpiresAt = r.Timestamp.String(), vaulttime.FormatTime(r.ExpiresAt())
		if n.State, n.Reason = c.compareRenewal(s, r); n.State == facts.RenewalCounts {
			s.record = r
			c.describeRecord(s)
		}
	}
	return nil
}

// compareRenewal compares a record in the ref with the one in the tree. Whoever writes the
// ref must not be able to say more by it than that the tree's record was renewed.
func (c *Collector) compareRenewal(s *subject, r *vaulttime.Record) (state facts.RenewalState, reason string) {
	tree := s.inTree
	switch {
	case tree == nil:
		return facts.RenewalDiffers, "the tree has no record that can be read"
	}
	if reason := tree.DiffersFrom(*r, s.path, s.digestOfManifest(), s.testDigest); reason != "" {
		return facts.RenewalDiffers, reason
	}
	if !r.Timestamp.After(tree.Timestamp.Time) {
		return facts.RenewalOlder, ""
	}
	if _, known := c.o.Config.Domain(r.TrustDomain); !known {
		return facts.RenewalUnproved, "its trust domain is unknown"
	}
	epoch := c.o.Keys.Epoch(r.TrustDomain, r.KeyID)
	switch epoch {
	case vaulttime.EpochCurrent, vaulttime.EpochUnlisted, vaulttime.EpochRetiring:
	default:
		return facts.RenewalRetired, ""
	}
	switch valid, known := c.o.Keys.VerifyProof(*r); {
	case !known:
		return facts.RenewalUnproved, "there is no key to check its proof with"
	case !valid:
		return facts.RenewalUnproved, "its proof does not hold"
	case !c.isSigned(s, tree):
		return facts.RenewalDiffers, "the record in the tree is not signed as it is"
	case epoch == vaulttime.EpochRetiring && r.TimeState(c.o.Now) == vaulttime.Current:
		return facts.RenewalRetiring, "renew it with the current key: codexlock renew"
	case epoch == vaulttime.EpochRetiring:
		return facts.RenewalRetired, ""
	}
	return facts.RenewalCounts, ""
}

// isSigned reports whether a record is as it was signed, by a key that was not revoked: by its
// proof or, where none is required and none was removed, by its HMAC. A renewal of a record that
// was edited would hide the edit, and one of a revoked key's record that the key was revoked.
func (c *Collector) isSigned(s *subject, r *vaulttime.Record) bool {
	if r.Proof != "" {
		switch c.o.Keys.Epoch(r.TrustDomain, r.KeyID) {
		case vaulttime.EpochRevoked, vaulttime.EpochUnknown:
			return false
		}
		valid, known := c.o.Keys.VerifyProof(*r)
		return known && valid
	}
	if c.o.Config.RequireProof || s.in.Base != nil && s.in.Base.Proof != facts.FieldStateAbsent {
		return false
	}
	_, valid := c.o.Keys.Maker(r.TrustDomain, *r)
	return valid
}

// digestOfManifest is the digest of the manifest's bytes, computed once.
func (s *subject) digestOfManifest() artifact.Digest {
	if s.manifestDigest.IsZero() && s.manifestFile.State == "valid" {
		s.manifestDigest = artifact.HashBytes(s.manifestFile.Data)
	}
	return s.manifestDigest
}

// refuseRenewal measures an artifact by the record in the tree.
func (c *Collector) refuseRenewal(renewed *subject) func() (facts.Measurement, error) {
	return func() (facts.Measurement, error) {
		copied := *renewed
		s, renewal, v := &copied, *renewed.in.Renewal, *renewed.in.VaultTime
		renewal.State, renewal.Reason = facts.RenewalRefused, "a rule about records finds something in it"
		s.in.Renewal, s.in.VaultTime, s.record = &renewal, &v, s.inTree
		c.describeRecord(s)
		s.in.Checks = c.check(s)
		m := c.measured(s)
		if c.hasSecondPhase(s) {
			m.Second = c.secondPhase(s)
		}
		return m, nil
	}
}

// recordText is the text of the record by which the artifact is measured.
func (s *subject) recordText() []byte {
	if s.record == s.inTree {
		return s.recordFile.Data
	}
	return s.record.Encode()
}
