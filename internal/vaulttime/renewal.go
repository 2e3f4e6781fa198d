package vaulttime

import (
	"reflect"

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
	case len(renewed.Chain) != len(r.Chain) || len(r.Chain) > 0 && !reflect.DeepEqual(renewed.Chain, r.Chain):
		return "it has another chain"
	}
	return ""
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
