// Package status tells when the records of a repository's artifacts expire, and how old its
// keys are. It verifies nothing: a record counts as it stands, and the gate says whether it
// is trusted.
package status

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Schema names the form of the JSON.
const Schema = "codexlock.status/v1"

// A Record is what is known of an artifact's record: when it expires, and who signed it. A
// zero Expires is an artifact without a record that can be read.
type Record struct {
	Path    artifact.Path
	Domain  string
	KeyID   string
	Expires time.Time
}

// A Status is what expires when.
type Status struct {
	Schema        string `json:"schema"`
	EffectiveTime string `json:"effective_time"`
	Artifacts     int    `json:"artifacts"`
	Expired       int    `json:"expired"`
	// Unrecorded are the artifacts without a record that can be read.
	Unrecorded int `json:"unrecorded"`
	// ValidUntil is when the first record expires; absent where there is none.
	ValidUntil string `json:"valid_until,omitempty"`
	// RenewalSlackSeconds is how long the renewal job may be dead before the first record
	// expires, and the gate denies; 0 where one has expired or there is none.
	RenewalSlackSeconds int64    `json:"renewal_slack_seconds"`
	MinimumLevel        string   `json:"minimum_level"`
	Domains             []Domain `json:"domains"`
}

// A Domain is a trust domain's part.
type Domain struct {
	Name        string   `json:"name"`
	Artifacts   int      `json:"artifacts"`
	Expired     int      `json:"expired"`
	Unrecorded  int      `json:"unrecorded"`
	ValidUntil  string   `json:"valid_until,omitempty"`
	MaxTTLHours int64    `json:"max_ttl_hours,omitempty"` // absent where the configuration does not know the domain
	Expiries    []Expiry `json:"expiries"`                // the earliest first
	Keys        []Key    `json:"keys"`
	without     []string // the artifacts without a record
}

// An Expiry is a time and the artifacts whose records expire then.
type Expiry struct {
	At    string   `json:"at"`
	Paths []string `json:"paths"`
	at    time.Time
}

// A Key is a public key of a domain, as the configuration lists it, or one that is named in
// a record and not listed.
type Key struct {
	ID          string `json:"id"`
	State       string `json:"state"` // current, retiring, revoked, unlisted
	CreatedAt   string `json:"created_at,omitempty"`
	AgeDays     *int   `json:"age_days,omitempty"`
	RotationDue string `json:"rotation_due,omitempty"` // ZT-14.4
	Records     int    `json:"records"`                // that it signed
	createdAt   time.Time
}

// unlisted is the state of a key that records name and the configuration does not list.
const unlisted = "unlisted"

// New groups records by trust domain and by the time at which they expire. rotation is how
// old a key may get.
func New(c config.Config, records []Record, now time.Time, rotation time.Duration) Status {
	s := Status{Schema: Schema, EffectiveTime: vaulttime.FormatTime(now), MinimumLevel: c.MinimumLevel.String(), Artifacts: len(records), Domains: []Domain{}}
	byDomain := map[string][]Record{}
	for name := range c.Domains {
		byDomain[name] = nil
	}
	for _, r := range records {
		byDomain[r.Domain] = append(byDomain[r.Domain], r)
	}
	var first time.Time
	for _, name := range slices.Sorted(maps.Keys(byDomain)) {
		settings, known := c.Domain(name)
		d := newDomain(name, byDomain[name], now)
		if known {
			d.MaxTTLHours = settings.MaxTTLHours
		}
		d.Keys = keysOf(settings.PublicKeys, byDomain[name], now, rotation)
		s.Expired += d.Expired
		s.Unrecorded += d.Unrecorded
		if len(d.Expiries) > 0 && (first.IsZero() || d.Expiries[0].at.Before(first)) {
			first = d.Expiries[0].at
		}
		s.Domains = append(s.Domains, d)
	}
	if !first.IsZero() {
		s.ValidUntil = vaulttime.FormatTime(first)
		if s.Unrecorded == 0 && first.After(now) {
			s.RenewalSlackSeconds = int64(first.Sub(now) / time.Second)
		}
	}
	return s
}

func newDomain(name string, records []Record, now time.Time) Domain {
	d := Domain{Name: name, Artifacts: len(records), Expiries: []Expiry{}}
	at := map[time.Time][]string{}
	for _, r := range records {
		if r.Expires.IsZero() {
			d.Unrecorded++
			d.without = append(d.without, r.Path.String())
			continue
		}
		if now.After(r.Expires) {
			d.Expired++
		}
		at[r.Expires] = append(at[r.Expires], r.Path.String())
	}
	for _, t := range slices.SortedFunc(maps.Keys(at), time.Time.Compare) {
		slices.Sort(at[t])
		d.Expiries = append(d.Expiries, Expiry{At: vaulttime.FormatTime(t), Paths: at[t], at: t})
	}
	if len(d.Expiries) > 0 {
		d.ValidUntil = d.Expiries[0].At
	}
	return d
}

// keysOf are the listed keys in the order of the list, and after them the others that
// records name.
func keysOf(listed []config.PublicKey, records []Record, now time.Time, rotation time.Duration) []Key {
	signed := map[string]int{}
	for _, r := range records {
		if r.KeyID != "" {
			signed[r.KeyID]++
		}
	}
	keys := []Key{}
	for _, p := range listed {
		k := Key{ID: p.ID, State: cmp.Or(p.State, "current"), Records: signed[p.ID], createdAt: p.CreatedAt}
		if days, known := p.Age(now); known {
			k.AgeDays, k.CreatedAt = &days, vaulttime.FormatTime(p.CreatedAt)
			if k.State == "current" {
				k.RotationDue = vaulttime.FormatTime(p.CreatedAt.Add(rotation))
			}
		}
		delete(signed, p.ID)
		keys = append(keys, k)
	}
	for _, id := range slices.Sorted(maps.Keys(signed)) {
		keys = append(keys, Key{ID: id, State: unlisted, Records: signed[id]})
	}
	return keys
}

// Within returns how many artifacts are not valid until a time: their record expires
// before it, or there is none.
func (s Status) Within(until time.Time) int {
	n := s.Unrecorded
	for _, d := range s.Domains {
		for _, e := range d.Expiries {
			if until.After(e.at) {
				n += len(e.Paths)
			}
		}
	}
	return n
}
