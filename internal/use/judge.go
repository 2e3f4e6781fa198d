package use

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/keys/env"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// changed is the next step where a record or a companion does not fit: nobody knows yet
// whether a mistake or an attack changed it, and an attestation would approve it.
const changed = "find out who changed it: git log -p -- %[1]s; do not attest %[2]s until you know"

// judge makes the checks about the held bytes, in the order of ZT-7.1.
func (v *Verifier) judge(ctx context.Context, h *Held) error {
	if dir := config.Untrusted(h.Path.String()); dir != "" {
		return v.deny(h, "layout.consumed", "let it in first: codexlock ingest", "is in %s, from where nothing may be used", dir)
	}
	for _, check := range []func(context.Context, *Held) error{v.readCompanions, v.judgeRecord, v.judgeManifest, v.judgeTest, v.judgeLedger, v.judgeRetiring} {
		if err := check(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// deny returns a Denial of an artifact.
func (v *Verifier) deny(h *Held, rule, next, format string, args ...any) *Denial {
	if next == changed {
		next = fmt.Sprintf(changed, h.fileOf(rule), h.Path)
	}
	return &Denial{Path: h.Path.String(), Rule: rule, Message: fmt.Sprintf(format, args...), Next: next}
}

// fileOf returns the file that a rule's denial is about.
func (h *Held) fileOf(rule string) artifact.Path {
	area, _, _ := strings.Cut(rule, ".")
	i, known := map[string]int{"vaulttime": 0, "chain": 0, "manifest": 1, "test": 2}[area]
	switch {
	case area == "lock":
		return ledger.Path
	case known && i < len(h.companions):
		return h.companions[i].path
	}
	return h.Path
}

// A companion is the file of an artifact's companion.
type companion struct {
	path artifact.Path
	data []byte
}

// companion reads a companion, from the one of its two places where it is.
func (v *Verifier) companion(h *Held, kind artifact.Companion) (companion, error) {
	noun, rule := "VaultTime record", "vaulttime.missing"
	switch kind {
	case artifact.Manifest:
		noun, rule = "manifest", "manifest.missing"
	case artifact.Test:
		noun, rule = "test", "test.missing"
	}
	var found []companion
	paths := h.Path.CompanionPaths(kind)
	for _, p := range paths {
		data, err := v.root.read(p, maxCompanionBytes)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, errIrregular):
			return companion{}, v.deny(h, rule, "", "%s %v, want its %s there", p, err, noun)
		case err != nil:
			return companion{}, v.deny(h, rule, "", "its %s %s cannot be read: %v", noun, p, err)
		}
		found = append(found, companion{p, data})
	}
	switch len(found) {
	case 0:
		return companion{}, v.deny(h, rule, "attest it: codexlock attest "+h.Path.String(), "has no %s, want %s", noun, paths[0])
	case 1:
		return found[0], nil
	}
	return companion{}, v.deny(h, rule, "find out who put the second one there", "has two files for its %s, %s and %s, want one", noun, paths[0], paths[1])
}

// readCompanions reads all companions, and decodes the record.
func (v *Verifier) readCompanions(_ context.Context, h *Held) error {
	record, err := v.companion(h, artifact.VaultTime)
	if err != nil {
		return err
	}
	h.companions, h.recordInTree = append(h.companions[:0], record), record.data
	r, _, err := vaulttime.DecodeRecord(record.data)
	if err != nil {
		return v.deny(h, "vaulttime.schema", changed, "%s:%v", record.path, err)
	}
	h.Record = r
	for _, kind := range []artifact.Companion{artifact.Manifest, artifact.Test} {
		c, err := v.companion(h, kind)
		if err != nil {
			return err
		}
		h.companions = append(h.companions, c)
	}
	return nil
}

// record, manifest and test are the companions that readCompanions read.
func (h *Held) manifest() companion { return h.companions[1] }
func (h *Held) test() companion     { return h.companions[2] }

// judgeRecord judges the record in the tree, or a fresher one of it.
func (v *Verifier) judgeRecord(ctx context.Context, h *Held) error {
	fresher, text, err := v.fresher(ctx, h, h.Record)
	if err != nil {
		return err
	}
	if fresher != nil {
		h.Record, h.companions[0].data = *fresher, text
	}
	if err := v.checkRecord(h, h.Record, fresher != nil); err != nil {
		return err
	}
	if err := v.checkTime(h, h.Record); err != nil {
		return err
	}
	return v.checkRollback(h)
}

// checkRecord makes the checks of a record that do not depend on the time.
func (v *Verifier) checkRecord(h *Held, r vaulttime.Record, renewed bool) error {
	if r.SHA256 != h.SHA256 {
		return v.denyContent(h, r)
	}
	if r.Path != nil && *r.Path != h.Path {
		return v.deny(h, "vaulttime.proof", changed, "its VaultTime record is for %q", r.Path.String())
	}
	d, known := v.trust.config.Domain(r.TrustDomain)
	if !known {
		return v.deny(h, "trust.unknown_domain", "", "trust domain %q is not in %s", r.TrustDomain, v.trust.source)
	}
	if !v.owns(r.TrustDomain, d, h.Path.String()) {
		return v.deny(h, "trust.paths", "", "trust domain %q does not own this path in %s", r.TrustDomain, v.trust.source)
	}
	if r.TTLHours < 1 || r.TTLHours > d.MaxTTLHours {
		return v.deny(h, "vaulttime.ttl", "", "ttl_hours is %d, want at most %d in trust domain %q", r.TTLHours, d.MaxTTLHours, r.TrustDomain)
	}
	if err := v.checkKey(h, r, d, renewed); err != nil {
		return err
	}
	return v.checkChain(h, r)
}

// denyContent denies an artifact whose bytes are not those of its record: by the ledger,
// where it records other bytes too, for then it is the artifact that was changed.
func (v *Verifier) denyContent(h *Held, r vaulttime.Record) error {
	restore := "restore the file: git checkout -- " + h.Path.String() + "; or attest it again: codexlock attest " + h.Path.String()
	if head, err := h.Head(artifact.MaxPointerBytes); err == nil {
		if _, _, pointer := artifact.ParsePointer(head); pointer {
			return v.deny(h, "lock.drift", "get its content: git lfs pull", "is a Git LFS pointer, not its content")
		}
	}
	if entries, err := v.entries(h); err == nil && len(entries) > 0 && entries[0].SHA256 != h.SHA256 {
		return v.deny(h, "lock.drift", restore, "sha256 is %s, %s records %s", short(h.SHA256), ledger.Path, short(entries[0].SHA256))
	}
	return v.deny(h, "vaulttime.hash", changed, "sha256 is %s, its VaultTime record is of %s", short(h.SHA256), short(r.SHA256))
}

// owns reports whether a domain may sign a path: one that it names or, if it names none, one
// that no other domain names.
func (v *Verifier) owns(name string, d config.Domain, path string) bool {
	if len(d.Paths) > 0 {
		return config.MatchAny(d.Paths, path)
	}
	return !v.trust.config.NamedByOther(name, path)
}

// checkKey checks who signed a record: the HMAC, the state of the key and the proof.
func (v *Verifier) checkKey(h *Held, r vaulttime.Record, d config.Domain, renewed bool) error {
	keys, domain, id := v.trust.keys, r.TrustDomain, r.KeyID
	key, held := keys.Key(domain)
	if weakness := key.Weakness(); held && weakness != "" && v.trust.config.RequireProof {
		return v.deny(h, "trust.weak_key", "make a key: codexlock keys generate", "the key in %s %s", d.KeySource(), weakness)
	}
	// A run may hold the key before this one too, while it is rotated.
	signer, authenticated := keys.ByID(domain, id)
	if id == "" {
		signer, authenticated = keys.Maker(domain, r)
	}
	switch {
	case authenticated && signer.Valid(r):
		id = signer.ID()
	case authenticated, id == "" && held:
		return v.deny(h, "vaulttime.signature", changed, "its VaultTime signature does not match the key of trust domain %q", domain)
	case held && keys.Epoch(domain, id) != vaulttime.EpochRetiring:
		return v.deny(h, "vaulttime.signature", "", "its record names key %s, this run has key %s for trust domain %q", id, key.ID(), domain)
	}
	switch keys.Epoch(domain, id) {
	case vaulttime.EpochCurrent, vaulttime.EpochUnlisted:
	case vaulttime.EpochRetiring:
		if renewed {
			return v.deny(h, "trust.epoch", "renew it with the current key: codexlock renew", "key %s of trust domain %q, which renewed its record, is retiring", id, domain)
		}
		h.retiring = id
	case vaulttime.EpochRevoked:
		return v.deny(h, "trust.epoch", "find out what else key "+id+" signed; attest what is correct with the current key: codexlock attest PATH", "key %s of trust domain %q is revoked", id, domain)
	default:
		return v.deny(h, "trust.epoch", "", "key %s is not listed for trust domain %q in %s", id, domain, v.trust.source)
	}
	return v.checkProof(h, r, d, authenticated, renewed)
}

// checkProof checks a record's proof wherever it can be checked. authenticated says that the
// HMAC was.
func (v *Verifier) checkProof(h *Held, r vaulttime.Record, d config.Domain, authenticated, renewed bool) error {
	valid, known := v.trust.keys.VerifyProof(r)
	switch {
	case r.Proof != "" && known && !valid:
		return v.deny(h, "vaulttime.proof", changed, "the proof of its VaultTime record is not valid: the record was changed after it was signed")
	case r.Proof != "" && !known && authenticated:
		return v.deny(h, "vaulttime.proof", changed, "the proof of its VaultTime record was made with none of the keys of trust domain %q", r.TrustDomain)
	case r.Proof == "" && (v.trust.config.RequireProof || renewed):
		return v.deny(h, "vaulttime.unbound", "attest it: codexlock attest "+h.Path.String(), "its VaultTime record has no proof: path, timestamp, ttl_hours and trust_domain are not signed")
	case authenticated, valid && v.trust.config.Keyless == "proof":
		return nil
	case len(v.trust.keys.Held(r.TrustDomain)) > 0: // another one than that of the record
		return v.deny(h, "vaulttime.unverifiable", "set it in "+d.KeySource()+"; while the key is rotated, set the one before it in "+d.KeySource()+env.OldSuffix,
			"this run does not have key %s of trust domain %q, and %s accepts no proof without it", r.KeyID, r.TrustDomain, v.trust.source)
	case valid:
		return v.deny(h, "vaulttime.unverifiable", "set the key, or trust proofs without it: keyless: proof in the trust file", "this run has no key in %s for trust domain %q, and %s accepts no proof without it", d.KeySource(), r.TrustDomain, v.trust.source)
	}
	return v.deny(h, "vaulttime.unverifiable", "set the key, or list the domain's public key in the trust file: codexlock keys public", "this run has no key in %s for trust domain %q, and no public key of it", d.KeySource(), r.TrustDomain)
}

// checkChain checks the earlier records, one of each domain that the artifact went through.
func (v *Verifier) checkChain(h *Held, r vaulttime.Record) error {
	earlier := r.Earlier()
	domains := []string{r.TrustDomain}
	for i, link := range earlier {
		next := r
		if i+1 < len(earlier) {
			next = earlier[i+1]
		}
		from := link.TrustDomain
		switch {
		case link.SHA256 != r.SHA256 || link.Path == nil || *link.Path != h.Path:
			return v.deny(h, "chain.broken", changed, "the link of trust domain %q in its chain is of another artifact or content", from)
		case link.Timestamp.After(next.Timestamp.Time):
			return v.deny(h, "chain.broken", changed, "the link of trust domain %q in its chain is later than what comes after it", from)
		case slices.Contains(domains, from):
			return v.deny(h, "chain.broken", changed, "the link of trust domain %q stands in its chain more than once", from)
		}
		domains = append(domains, from)
		_, known := v.trust.config.Domain(from)
		if valid, checked := v.trust.keys.VerifyProof(link); !known || !checked || !valid || v.trust.keys.Epoch(from, link.KeyID) == vaulttime.EpochRevoked {
			return v.deny(h, "chain.signature", "", "the proof of trust domain %q in its chain is not valid, or there is no key to check it", from)
		}
		if d, _ := v.trust.config.Domain(next.TrustDomain); v.trust.config.Domains != nil && !slices.Contains(d.AcceptsFrom, from) {
			return v.deny(h, "chain.domain", "", "trust domain %q does not accept artifacts from %q in %s", next.TrustDomain, from, v.trust.source)
		}
	}
	return nil
}

// checkTime checks that a record is valid now.
func (v *Verifier) checkTime(h *Held, r vaulttime.Record) error {
	now := vaulttime.FormatTime(v.o.Now)
	switch r.TimeState(v.o.Now) {
	case vaulttime.Expired:
		if v.noRef != nil {
			return v.deny(h, "vaulttime.expired", "name the folder with the renewed records: --records DIR", "its VaultTime record expired at %s, and it is %s; a renewed one cannot be read: %v", vaulttime.FormatTime(r.ExpiresAt()), now, v.noRef)
		}
		return v.deny(h, "vaulttime.expired", "renew it: codexlock renew --expired; or name where fresher records are: --records", "its VaultTime record expired at %s, and it is %s", vaulttime.FormatTime(r.ExpiresAt()), now)
	case vaulttime.Future:
		return v.deny(h, "vaulttime.future", "correct the clock of the machine that is wrong", "its VaultTime record is dated %s, more than five minutes after %s", r.Timestamp, now)
	}
	return nil
}

// judgeManifest checks the manifest against the bytes and the record.
func (v *Verifier) judgeManifest(ctx context.Context, h *Held) error {
	file := h.manifest()
	m, _, err := manifest.Decode(file.data)
	signed := h.Record.ManifestSHA256
	switch {
	case err != nil:
		return v.deny(h, "manifest.schema", changed, "%s:%v", file.path, err)
	case m.SHA256 != h.SHA256:
		return v.deny(h, "manifest.hash", changed, "sha256 is %s, its manifest records %s", short(h.SHA256), short(m.SHA256))
	case m.Artifact != "" && m.Artifact != h.Path.String() && m.Artifact != h.Path.Base():
		return v.deny(h, "manifest.provenance", changed, "its manifest describes artifact %q", m.Artifact)
	case signed != nil && *signed != artifact.HashBytes(file.data):
		return v.deny(h, "manifest.unsigned", changed, "its manifest differs from the one that the record signs")
	case signed == nil:
		return v.judgeUnsigned(ctx, h, artifact.Manifest)
	}
	return nil
}

// judgeTest checks the test against the record.
func (v *Verifier) judgeTest(ctx context.Context, h *Held) error {
	digest := artifact.HashBytes(h.test().data)
	switch signed := h.Record.TestSHA256; {
	case signed == nil:
		return v.judgeUnsigned(ctx, h, artifact.Test)
	case *signed == digest:
		return nil
	}
	// It counts all the same where it is an artifact itself, and verified as one.
	var denied *Denial
	if err := v.readLedger(); err == nil && v.ledger.Has(h.test().path.String()) {
		own, err := v.verify(ctx, h.test().path, Private)
		own.Close()
		if err == nil && own.SHA256 == digest {
			return nil
		}
		if err != nil && !errors.As(err, &denied) {
			return err
		}
	}
	return v.deny(h, "test.unsigned", changed, "its test differs from the one that the record signs")
}

// signsCompanions reports whether every record must sign the manifest and the test.
func (v *Verifier) signsCompanions() bool {
	return v.trust.config.RequireProof && v.trust.config.SignsCompanions()
}

// judgeLedger checks that the ledger has one entry for the artifact, which fits.
func (v *Verifier) judgeLedger(_ context.Context, h *Held) error {
	entries, err := v.entries(h)
	switch {
	case err != nil:
		return err
	case len(entries) == 0:
		return v.deny(h, "lock.entry_missing", "attest it: codexlock attest "+h.Path.String(), "has no entry in %s, want one with its sha256", ledger.Path)
	case len(entries) > 1:
		return v.deny(h, "lock.duplicate", changed, "is listed %d times in %s, want once", len(entries), ledger.Path)
	}
	e := entries[0]
	at, err := vaulttime.ParseTime(e.VerifiedAt)
	switch {
	case e.SHA256 != h.SHA256:
		return v.deny(h, "lock.drift", changed, "sha256 is %s, %s records %s", short(h.SHA256), ledger.Path, short(e.SHA256))
	case e.DriftTolerance != ledger.Zero && e.DriftTolerance != "0":
		return v.deny(h, "lock.tolerance", changed, "drift_tolerance is %s, want 0.0", e.DriftTolerance)
	case e.TrustDomain != h.Record.TrustDomain:
		return v.deny(h, "vaulttime.domain", changed, "trust_domain of its record is %q, %s records %q", h.Record.TrustDomain, ledger.Path, e.TrustDomain)
	case err == nil && at.Before(h.Record.ApprovedAt().Time):
		return v.deny(h, "lock.verified_at", changed, "verified_at is %s, before its content was attested at %s", e.VerifiedAt, h.Record.ApprovedAt())
	case err != nil || at.After(v.o.Now.Add(vaulttime.MaxFuture)):
		return v.deny(h, "lock.verified_at", "correct the clock of the machine that attests", "verified_at is %s, more than five minutes after %s", e.VerifiedAt, vaulttime.FormatTime(v.o.Now))
	}
	return nil
}

// entries are the entries of an artifact in the ledger, which is read once.
func (v *Verifier) entries(h *Held) ([]ledger.Entry, error) {
	if err := v.readLedger(); err != nil {
		var denied *Denial
		if errors.As(err, &denied) {
			return nil, &Denial{Path: h.Path.String(), Rule: denied.Rule, Message: denied.Message, Next: denied.Next}
		}
		return nil, err
	}
	var entries []ledger.Entry
	for _, i := range v.ledger.All(h.Path.String()) {
		entries = append(entries, v.ledger.Entry(i))
	}
	return entries, nil
}

func (v *Verifier) readLedger() error {
	if v.ledger != nil {
		return nil
	}
	if v.unread != nil {
		return v.unread
	}
	data, err := v.root.read(ledger.Path, ledger.MaxBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.unread = &Denial{Rule: "lock.missing", Message: v.root.name + " has no " + ledger.Path.String(), Next: "name the repository's top folder: --root DIR"}
	case errors.Is(err, errIrregular):
		v.unread = &Denial{Rule: "lock.missing", Message: ledger.Path.String() + " is not a regular file"}
	case err != nil:
		return fmt.Errorf("%s: %w", ledger.Path, err)
	default:
		file, _, err := ledger.Read(data)
		if bad := (*schemas.Error)(nil); errors.As(err, &bad) {
			v.unread = &Denial{Rule: "lock.schema", Message: fmt.Sprintf("%s:%v", ledger.Path, bad)}
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", ledger.Path, err)
		}
		v.ledger = file
	}
	if v.unread != nil {
		return v.unread
	}
	return nil
}

// Protects reports whether the ledger lists a path. Where the ledger cannot be read, every
// path is protected.
func (v *Verifier) Protects(path string) bool {
	return v.readLedger() != nil || v.ledger.Has(path)
}

// short is an abbreviated SHA-256, long enough to distinguish two.
func short(d artifact.Digest) string { return d.String()[:12] + "…" }

// Head returns at most n bytes from the beginning.
func (h *Held) Head(n int) ([]byte, error) {
	data := make([]byte, min(int64(n), h.Size))
	_, err := h.content.ReadAt(data, 0)
	if int64(len(data)) == h.Size && errors.Is(err, io.EOF) {
		err = nil
	}
	return data, err
}
