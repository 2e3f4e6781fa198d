package audit

import "github.com/bmatcuk/doublestar/v4"

// A Filter selects entries. An empty field selects all.
type Filter struct {
	Artifact string // a doublestar pattern
	Domain   string
	Result   string // Pass, Fail
	Since    string // RFC 3339, UTC, whole seconds, inclusive
	Until    string
}

// Picks reports whether the filter selects an entry. All times have one format, in which
// they sort as text.
func (f Filter) Picks(e Entry) bool {
	return (f.Artifact == "" || doublestar.MatchUnvalidated(f.Artifact, e.Artifact)) &&
		(f.Domain == "" || f.Domain == e.TrustDomain) &&
		(f.Result == "" || f.Result == e.Result) &&
		(f.Since == "" || f.Since <= e.VerifiedAt) &&
		(f.Until == "" || e.VerifiedAt <= f.Until)
}
