package decision

// PerStretch is the number of subjects that are judged between two counts of denials: it does
// not depend on the number of workers, so that the same subjects are judged.
const PerStretch = 2000

// MaxDenials is the number of denials that ends an evaluation: the verdict is certain, and more
// would not be read. A finding costs twenty times what a trusted artifact does. It leaves room
// for a repository of 20,000 artifacts of which every one has expired.
const MaxDenials = 20_000

// A Limit ends the judging after too many denials. Subject 0 is the change as a whole, the
// others are the artifacts by path. The subjects are judged in stretches of PerStretch, so
// which ones are judged depends on nothing but their denials.
type Limit struct {
	Max   int // how many denials are not too many; 0: there is no limit
	Count int // the subjects, that of the whole change included
	Until int // the subjects before this one are judged

	denials int
}

// Next moves Until to the end of the next stretch, and returns the first subject of it. It
// reports false if all are judged, or there are too many denials.
func (l *Limit) Next() (first int, more bool) {
	if l.Until >= l.Count || l.Reached() {
		return l.Until, false
	}
	first = l.Until
	l.Until = min(l.Until+PerStretch, l.Count)
	return first, true
}

// Add counts denials of a subject before Until.
func (l *Limit) Add(denials int) { l.denials += denials }

// Reached reports whether there are too many denials.
func (l *Limit) Reached() bool { return l.Max > 0 && l.denials > l.Max }

// A Part is what a shard knows that only the merge of all shards can use.
type Part struct {
	// Unneeded are findings about exceptions that cover nothing in this shard. They hold if
	// no other shard needs the exception.
	Unneeded []Finding `json:"unneeded,omitempty"`
	// Counted are findings that count things, each of which is counted in one shard.
	Counted []Counted `json:"counted,omitempty"`
	// WholeDenials are the denials of the change as a whole that count towards the limit.
	WholeDenials int `json:"whole_denials,omitempty"`
	// Uncounted are the paths of artifacts whose denials do not count towards the limit.
	Uncounted []string `json:"uncounted,omitempty"`
}

// A Counted is a finding whose message begins with the number of what it counts. It is about
// the first of these.
type Counted struct {
	Count   int     `json:"count"`
	Finding Finding `json:"finding"`
}
