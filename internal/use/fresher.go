package use

import (
	"context"
	"errors"
	"io/fs"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// fresher returns the text of the renewed record of an artifact that counts instead of the
// one in the tree, nil for none: from the folder of --records or, where the
// trusted configuration keeps renewals in the ref and the tree's record is no longer valid,
// from the ref. Whoever writes there can only withhold: what is no renewal of the tree's
// record is ignored, and the tree's is judged.
func (v *Verifier) fresher(ctx context.Context, h *Held, inTree vaulttime.Record) (*vaulttime.Record, []byte, error) {
	var text []byte
	var err error
	switch {
	case v.o.Records != "":
		text, err = recordIn(absolute(v.o.Dir, v.o.Records), h.Path)
	case v.trust.config.RenewsInRef() && !v.stands(inTree) && inTree.SHA256 == h.SHA256 && v.isSigned(inTree) && isGit(v.root.name+"/.git"):
		// Where nobody can read the ref, the tree's record is judged, and denied.
		text, v.noRef = v.o.Sibling(ctx, nil, "record", v.root.name, h.Path.String())
	}
	if err != nil || len(text) == 0 {
		return nil, nil, err
	}
	r, _, err := vaulttime.DecodeRecord(text)
	if err != nil || r.Path == nil || *r.Path != h.Path {
		return nil, nil, nil
	}
	manifest, test := artifact.HashBytes(h.manifest().data), artifact.HashBytes(h.test().data)
	if inTree.DiffersFrom(r, h.Path, manifest, test) != "" || !r.Timestamp.After(inTree.Timestamp.Time) {
		return nil, nil, nil
	}
	if valid, known := v.trust.keys.VerifyProof(r); !known || !valid || !v.isSigned(inTree) {
		return nil, nil, nil
	}
	return &r, text, nil
}

// stands reports whether a record in the tree may be valid without a renewal: it has not
// expired, and its key may sign.
func (v *Verifier) stands(r vaulttime.Record) bool {
	epoch := v.trust.keys.Epoch(r.TrustDomain, r.KeyID)
	return r.TimeState(v.o.Now) != vaulttime.Expired && (epoch == vaulttime.EpochCurrent || epoch == vaulttime.EpochUnlisted)
}

// isSigned reports whether a record is as it was signed: by its proof or, where none is
// required, by its HMAC. A renewal of a record that was edited would hide the edit.
func (v *Verifier) isSigned(r vaulttime.Record) bool {
	if r.Proof != "" {
		valid, known := v.trust.keys.VerifyProof(r)
		return known && valid
	}
	_, valid := v.trust.keys.Maker(r.TrustDomain, r)
	return valid && !v.trust.config.RequireProof
}

// recordIn reads a record from a folder with the layout of the ref: the path of the artifact
// and .vaulttime.json. It returns nil if no record can be read.
func recordIn(dir string, p artifact.Path) ([]byte, error) {
	records, err := openRoot(dir)
	if err != nil {
		return nil, hinted("name the folder with the records", "--records: %w", err)
	}
	defer records.close()
	data, err := records.read(p.Companion(artifact.VaultTime), maxCompanionBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errIrregular) {
		return nil, err
	}
	return data, nil
}
