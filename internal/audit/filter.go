package audit

import "github.com/bmatcuk/doublestar/v4"

// A Filter picks entries. What it does not say is not asked.
type Filter struct {
	Artifact string // a doublestar pattern
	Domain   string
	Result   string // Pass, Fail
	Since    string // RFC 3339, UTC, whole seconds; both ends belong to it
	Until    string
}

// Picks reports whether the entry is one that was asked for. Times are of one
// form, in which their order is that of their letters.
func (f Filter) Picks(e Entry) bool {
	return (f.Artifact == "" || doublestar.MatchUnvalidated(f.Artifact, e.Artifact)) &&
		(f.Domain == "" || f.Domain == e.TrustDomain) &&
		(f.Result == "" || f.Result == e.Result) &&
		(f.Since == "" || f.Since <= e.VerifiedAt) &&
		(f.Until == "" || e.VerifiedAt <= f.Until)
}
