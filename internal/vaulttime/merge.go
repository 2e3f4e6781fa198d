package vaulttime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MergeRecords merges two records of one artifact with a common base, which may be nil. A
// record is signed as a whole, so the result is one of the two. If both approve the same,
// it is the later one; if one side approved something else and the other only renewed the
// base, it is the changed one. Otherwise ok is false: choosing would mean trusting one of
// them.
func MergeRecords(base *Record, ours, theirs Record) (merged Record, ok bool) {
	o, t := approvalOf(ours), approvalOf(theirs)
	switch {
	case bytes.Equal(o.what, t.what):
		if t.after(o) {
			return theirs, true
		}
		return ours, true
	case base == nil:
		return Record{}, false
	}
	b := approvalOf(*base)
	if ours.TrustDomain != base.TrustDomain || theirs.TrustDomain != base.TrustDomain {
		return Record{}, false
	}
	switch {
	case bytes.Equal(o.what, b.what):
		return theirs, true
	case bytes.Equal(t.what, b.what):
		return ours, true
	}
	return Record{}, false
}

// An approval is the content of a record without its times and its key.
type approval struct {
	what []byte
	when string // attested_at (else the timestamp), then the timestamp, then the proof
}

// renewed are the fields that a renewal changes.
var renewed = []string{"vaulttime", "timestamp", "ttl_hours", "key_id", "proof", "attested_at"}

func approvalOf(r Record) approval {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(r.Encode(), &fields); err != nil {
		panic(err) // it was just encoded
	}
	text := func(name string) string { return strings.Trim(string(fields[name]), `"`) }
	attested := text("attested_at")
	if attested == "" {
		attested = text("timestamp")
	}
	when := fmt.Sprintf("%s %s %s", attested, text("timestamp"), text("proof"))
	maps.DeleteFunc(fields, func(name string, value json.RawMessage) bool {
		return slices.Contains(renewed, name) || name == "chain" && string(value) == "[]" // the same as none
	})
	what, err := json.Marshal(fields) // in the order of the names
	if err != nil {
		panic(err)
	}
	return approval{what, when}
}

// after compares times. All have one format, in UTC, in which they sort as text.
func (a approval) after(b approval) bool { return a.when > b.when }
