package vaulttime

import (
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
)

// DiffersFrom returns why another record is no renewal of r, the record of the artifact at
// path in a tree, or "" if it says nothing else but a time. manifest and test are the digests
// of the companions that are there. Whoever writes renewed records must not be able to say
// more by them than that the tree's record was renewed; signatures and the order of the
// times are for the caller to check.
func (r Record) DiffersFrom(renewed Record, path artifact.Path, manifest, test artifact.Digest) (reason string) {
	switch {
	case renewed.SHA256 != r.SHA256:
		return "it is of other content"
	case renewed.TrustDomain != r.TrustDomain:
		return "it is of another trust domain"
	case r.Path != nil && *r.Path != path:
		return "the record in the tree is of another path"
	case !sameDigest(renewed.ManifestSHA256, r.ManifestSHA256, manifest):
		return "it signs another manifest"
	case !sameDigest(renewed.TestSHA256, r.TestSHA256, test):
		return "it signs another test"
	case renewed.AttestedAt == nil || !renewed.AttestedAt.Equal(r.ApprovedAt().Time):
		return "it is of another attestation"
	case !slices.EqualFunc(renewed.Chain, r.Chain, sameLink):
		return "it has another chain"
	}
	return ""
}

// sameLink reports whether two links have equal fields.
func sameLink(a, b Link) bool {
	same := samePointed(a.Path, b.Path) && samePointed(a.ManifestSHA256, b.ManifestSHA256) && samePointed(a.TestSHA256, b.TestSHA256) && samePointed(a.AttestedAt, b.AttestedAt)
	a.Path, b.Path, a.Signed, b.Signed = nil, nil, Signed{}, Signed{}
	return same && a == b
}

// samePointed reports whether two pointers are nil, or lead to equal values.
func samePointed[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// sameDigest reports whether a renewed record signs the companion that the record in the
// tree signs or, where that one signs none, the one that is there.
func sameDigest(renewed, inTree *artifact.Digest, there artifact.Digest) bool {
	switch {
	case renewed == nil:
		return false
	case inTree != nil:
		return *renewed == *inTree
	}
	return *renewed == there
}
