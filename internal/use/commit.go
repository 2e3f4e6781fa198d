package use

import (
	"bytes"
	"context"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
)

// A comparison says which files of an artifact, in the order of Held.companions, and whether
// its ledger entries are those of the commit that is trusted. Whoever can sign, such as with
// a key that is retiring, cannot put anything into that commit.
type comparison struct {
	content, entries bool
	companions       [3]bool
}

// unchanged reports whether everything is.
func (c comparison) unchanged() bool {
	return c.content && c.entries && c.companions == [3]bool{true, true, true}
}

// judgeRetiring denies a record that a retiring key signed, unless the artifact, its
// companions and its ledger entry are those of the commit (trust.epoch). Without a commit
// nothing shows that, and it is denied.
func (v *Verifier) judgeRetiring(ctx context.Context, h *Held) error {
	domain := h.Record.TrustDomain
	switch {
	case h.retiring == "":
		return nil
	case v.trust.commit == "":
		return v.deny(h, "trust.epoch", "attest it with the current key: codexlock keys rotate; until that is deployed, list both keys as current in "+v.trust.source,
			"key %s of trust domain %q is retiring, and no commit shows that the artifact is unchanged", h.retiring, domain)
	}
	c, err := v.compare(ctx, h)
	if err == nil && !c.unchanged() {
		err = v.deny(h, "trust.epoch", "attest it with the current key: codexlock attest "+h.Path.String(),
			"key %s of trust domain %q is retiring: it is trusted only for artifacts that are unchanged since %s", h.retiring, domain, v.trust.source)
	}
	return err
}

// judgeUnsigned denies a companion that the record does not sign (manifest.unsigned,
// test.unsigned) where every record must sign it, unless record and companion are those of
// the commit.
func (v *Verifier) judgeUnsigned(ctx context.Context, h *Held, kind artifact.Companion) error {
	if !v.signsCompanions() {
		return nil
	}
	noun, i := "manifest", 1
	if kind == artifact.Test {
		noun, i = "test", 2
	}
	if v.trust.commit != "" {
		if c, err := v.compare(ctx, h); err != nil || c.companions[0] && c.companions[i] {
			return err
		}
	}
	return v.deny(h, noun+".unsigned", "attest it, which signs the "+noun+": codexlock attest "+h.Path.String(), "its record does not sign the %s: it has no %s_sha256", noun, noun)
}

// compare asks codexlock what the commit has, once: a line for each file, with its SHA-256,
// and a ledger with the entries of the artifact.
func (v *Verifier) compare(ctx context.Context, h *Held) (c comparison, err error) {
	if h.compared != nil {
		return *h.compared, nil
	}
	if err := v.readLedger(); err != nil {
		return c, err
	}
	args := []string{"unchanged", v.root.name, v.trust.commit, h.Path.String()}
	digests := []artifact.Digest{h.SHA256}
	for i, file := range h.companions {
		data := file.data
		if i == 0 {
			data = h.recordInTree
		}
		args = append(args, file.path.String())
		digests = append(digests, artifact.HashBytes(data))
	}
	answer, err := v.o.Sibling(ctx, nil, args...)
	if err != nil {
		return c, err
	}
	for i, name := range args[3:] {
		line, rest, _ := bytes.Cut(answer, []byte("\n"))
		same := string(line) == digests[i].String()+" "+name
		if answer = rest; i == 0 {
			c.content = same
		} else {
			c.companions[i-1] = same
		}
	}
	file, _, err := ledger.Read(answer)
	if err != nil {
		return c, fmt.Errorf("%s of %s: %w", ledger.Path, v.trust.source, err)
	}
	c.entries = ledger.SameEntries(v.ledger, file, h.Path.String())
	h.compared = &c
	return c, nil
}
