package measure

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Keys are the facts about the keys of trust domains and nothing else: no tree
// is read, and there are no artifacts. Rules that ask for more find nothing to
// judge by; it is for those of the area trust.
type Keys struct {
	c    *Collector
	only string // the one domain; "" for all
}

// NewKeys measures the keys of a configuration, or those of one of its domains;
// of the options it takes Config, Keys and Now.
func NewKeys(o Options, only string) Keys {
	return Keys{&Collector{o: o, settings: settingsOf(o), now: vaulttime.FormatTime(o.Now)}, only}
}

// Len is none.
func (k Keys) Len() int { return 0 }

// Artifact is never asked for.
func (k Keys) Artifact(context.Context, int) (facts.Measurement, error) {
	return facts.Measurement{}, errors.New("there are no artifacts")
}

// Repository are the keys.
func (k Keys) Repository(context.Context) (facts.Measurement, error) {
	docs := document.Positions{}
	file := k.c.o.Config.File.String()
	if file != "" {
		docs.Add(file, k.c.o.Config.Document)
	}
	keys := k.Domains()
	r := &facts.Repository{Scope: facts.Paths, Config: file, Keys: keys, KeyChecks: CheckKeys(keys), TrustedBase: facts.TrustedCommit, EditedGate: "unedited", GateProblems: []facts.GateProblem{}}
	return facts.Measurement{Input: facts.Input{EffectiveTime: k.c.now, Settings: k.c.settings, Repository: r}, Locate: docs.Locate}, nil
}

// Domains state what holds of every trust domain's keys.
func (k Keys) Domains() []facts.DomainKey {
	return slices.DeleteFunc(k.c.domainKeys(), func(d facts.DomainKey) bool { return k.only != "" && d.Domain != "" && d.Domain != k.only })
}

// CheckKeys states what holds of some domains' keys together.
func CheckKeys(keys []facts.DomainKey) *facts.KeyChecks {
	c := &facts.KeyChecks{Strength: "strong", Sharing: "apart", Listing: "listed", Age: "fresh"}
	for _, k := range keys {
		if k.Strength != "strong" && k.Strength != "absent" {
			c.Strength = "weak"
		}
		if len(k.SharedWith) > 0 {
			c.Sharing = "shared"
		}
		if k.Listed != "current" && k.Listed != "none" && k.Listed != "absent" {
			c.Listing = "unlisted"
		}
		for _, p := range k.PublicKeys {
			if p.Age != "fresh" && p.State != "retiring" && p.State != "revoked" {
				c.Age = "due"
			}
		}
	}
	return c
}

// DomainNames are those of a configuration, sorted; "" where it has none, for
// then any name is one.
func DomainNames(c config.Config) []string {
	if c.Domains == nil {
		return []string{""}
	}
	return slices.Sorted(maps.Keys(c.Domains))
}
