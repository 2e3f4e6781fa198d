package decision

import "cmp"

// CompareFindings is the order of a report: denials first, then by place.
func CompareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(rank(a.Severity), rank(b.Severity)),
		cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Artifact, b.Artifact), cmp.Compare(a.Fingerprint, b.Fingerprint),
	)
}

func rank(s Severity) int {
	if s == Deny {
		return 0
	}
	return 1
}
