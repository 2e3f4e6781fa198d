package measure

import (
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// check makes the comparisons. Each is absent unless both sides exist.
func (c *Collector) check(s *subject) *facts.Checks {
	k := &facts.Checks{
		Ledger: "absent", Manifest: "absent", VaultTime: "absent", Named: "absent", Signature: "absent", KeyID: "absent", Epoch: "absent",
		Proof: "absent", Path: "absent", Time: "absent", TTL: "absent", Tolerance: "absent", Domain: "absent",
		Rollback: "absent", VerifiedAt: "absent", Inputs: "absent", Outputs: "absent", ManifestSigned: "absent", TestSigned: "absent", LFS: "absent",
		Continuity: c.continuity(s),
	}
	if e := s.entry; e != nil {
		k.Ledger = compare(s.digest, e.SHA256)
		k.Tolerance = tolerance(string(e.DriftTolerance))
		k.VerifiedAt = c.verifiedAt(s)
	}
	if m := s.manifest; m != nil {
		k.Manifest = compare(s.digest, m.SHA256)
		if m.Artifact != "" {
			k.Named = facts.Match(m.Artifact == s.path.String() || m.Artifact == s.path.Base())
		}
		if e := s.entry; e != nil && e.Inputs != "" {
			some := m.Inputs != nil && len(*m.Inputs) > 0
			k.EntryInputs = facts.EntryInputs(facts.Match(some == (e.Inputs == ledger.SomeInputs)))
		}
		k.Inputs, k.Outputs = worst(s.in.Manifest.Inputs), recorded(s.in.Manifest.Outputs)
		if s.lfs != nil && s.in.Artifact.Proof == "lfs-oid" {
			k.LFS = facts.LFSComparison(s.lfs.Compare(s.digest, *s.in.Artifact.Size))
		}
	}
	if s.record != nil {
		c.checkRecord(s, k)
	}
	return k
}

func (c *Collector) checkRecord(s *subject, k *facts.Checks) {
	r := s.record
	k.VaultTime = compare(s.digest, r.SHA256)
	k.Time = facts.RecordTime(r.TimeState(c.o.Now))
	if k.Time == facts.RecordTimeCurrent && r.TimeState(c.o.Now.Add(c.o.ValidFor)) == vaulttime.Expired {
		k.Time = facts.RecordTimeExpiring
	}
	if s.in.Domain != nil {
		k.TTL = "exceeds"
		if r.TTLHours <= s.in.Domain.MaxTTLHours {
			k.TTL = "within"
		}
	}
	if s.entry != nil {
		k.Domain = facts.Match(r.TrustDomain == s.entry.TrustDomain)
	}
	if r.Path != nil {
		k.Path = facts.Match(*r.Path == s.path)
	}
	k.Rollback = c.rollback(s)
	k.ManifestSigned = signedDigest(r.ManifestSHA256, s.manifestFile.State == "valid", s.digestOfManifest())
	k.TestSigned = facts.TestSigned(signedDigest(r.TestSHA256, s.testFile.State == "valid", s.testDigest))
	c.checkKey(s, k)
}

// checkKey checks the HMAC with the key that the record names or, if it names none, with each
// key of its domain; and the proof with that key's public half.
func (c *Collector) checkKey(s *subject, k *facts.Checks) {
	r := s.record
	k.Signature, k.KeyID = "no_key", "absent"
	if r.Proof != "" {
		k.Proof = "no_key"
	}
	if s.in.Domain == nil || s.in.Domain.State == "unknown" {
		return // a domain never uses another domain's key
	}
	keys, id := c.o.Keys, r.KeyID
	held := keys.Held(r.TrustDomain)
	switch named, ok := keys.ByID(r.TrustDomain, id); {
	case ok:
		k.Signature, k.KeyID = validity(named.Valid(*r)), "match"
	case len(held) == 0:
	case id == "":
		maker, ok := keys.Maker(r.TrustDomain, *r)
		k.Signature, id = validity(ok), maker.ID()
	default:
		k.KeyID = "differs"
		// The key before this one may be out of reach already; any other that is
		// named and not held is the wrong one.
		if keys.Epoch(r.TrustDomain, id) != vaulttime.EpochRetiring {
			k.Signature = validity(held[0].Valid(*r))
		}
	}
	if id != "" {
		k.Epoch = facts.KeyEpoch(keys.Epoch(r.TrustDomain, id))
	}
	switch {
	case r.Proof == "":
		return
	case r != s.inTree: // a renewed record is looked at no further without its proof
		k.Proof = "valid"
		return
	}
	if valid, known := keys.VerifyProof(*r); known {
		k.Proof = validity(valid)
	} else if len(held) > 0 {
		k.Proof = "invalid" // made by none of the possible keys
	}
}

func compare(measured, recorded artifact.Digest) facts.Comparison {
	if measured.IsZero() {
		return "absent"
	}
	return facts.Match(measured == recorded)
}

func yes(holds bool) facts.YesNo {
	if holds {
		return "yes"
	}
	return "no"
}

func validity(valid bool) facts.Signature {
	if valid {
		return "valid"
	}
	return "invalid"
}

// tolerance checks the text of the number: 1e-400 and -0 are zero as floats, but not the
// standard's 0.0 (ZT-3.5).
func tolerance(written string) facts.Tolerance {
	if written == "0.0" || written == "0" {
		return "zero"
	}
	return "nonzero"
}

// worst is the worst state over a manifest's inputs.
func worst(inputs *[]facts.Reference) facts.InputsState {
	if inputs == nil {
		return "absent"
	}
	state, rank := facts.InputsStateNone, 0
	order := map[facts.ReferenceState]int{"match": 1, "unrecorded": 2, "differs": 3, "missing": 4, "unsafe": 5}
	for _, ref := range *inputs {
		if order[ref.State] > rank {
			state, rank = facts.InputsState(ref.State), order[ref.State]
		}
	}
	return state
}

// recorded says whether each of a manifest's outputs has a hash.
func recorded(outputs *[]facts.Reference) facts.OutputsState {
	if outputs == nil {
		return "absent"
	}
	state := facts.OutputsStateNone
	for _, ref := range *outputs {
		if ref.SHA256 == "" {
			return "unrecorded"
		}
		state = "recorded"
	}
	return state
}

// verifiedAt returns how the ledger entry's verified_at changed (ZT-3.4).
func (c *Collector) verifiedAt(s *subject) facts.VerifiedAt {
	at, err := vaulttime.ParseTime(s.entry.VerifiedAt)
	if err != nil {
		return "absent"
	}
	if at.After(c.o.Now.Add(vaulttime.MaxFuture)) {
		return "future"
	}
	if s.in.Base == nil || s.in.Base.VerifiedAt == "" {
		return "new"
	}
	before, err := vaulttime.ParseTime(s.in.Base.VerifiedAt)
	switch {
	case err != nil:
		return "absent"
	case at.Equal(before.Time):
		return "kept"
	case at.Before(before.Time) && overtaken(s, at):
		return "attested"
	case at.Before(before.Time):
		return "back"
	case s.inTree == nil:
		return "alone"
	case s.in.Base.Timestamp == "" || s.inTree.Timestamp.After(parsed(s.in.Base.Timestamp)):
		return "attested"
	}
	return "alone"
}

// overtaken reports whether the base's date is that of a renewal of an earlier approval: the
// content was attested after that approval and before the renewal. attested_at, which
// renewals keep, has to state both approvals.
func overtaken(s *subject, at vaulttime.Time) bool {
	now, base := s.inTree, s.before.record
	if now == nil || base == nil || now.AttestedAt == nil || base.AttestedAt == nil {
		return false
	}
	return base.Timestamp.After(base.AttestedAt.Time) && now.AttestedAt.After(base.AttestedAt.Time) && !at.Before(now.AttestedAt.Time)
}

// parsed is a time that was formatted by us.
func parsed(s string) time.Time {
	t, err := vaulttime.ParseTime(s)
	if err != nil {
		return time.Unix(1<<40, 0) // later than any record
	}
	return t.Time
}
