package measure

import (
	"context"
	"errors"
	"slices"

	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
	"github.com/codexlock/codexlock/internal/wholechange"
)

// Keys measures the keys of trust domains and nothing else: it reads no tree, and there are no
// artifacts. It is for the rules of the area trust; others have no facts to judge by.
type Keys struct {
	o    Options
	only string // the one domain; "" for all
}

// NewKeys returns the Keys of a configuration, or of one of its domains. Of the options it uses
// Config, Keys and Now.
func NewKeys(o Options, only string) Keys {
	return Keys{o, only}
}

// Len returns 0.
func (k Keys) Len() int { return 0 }

// Artifact fails: there are no artifacts.
func (k Keys) Artifact(context.Context, int) (facts.Measurement, error) {
	return facts.Measurement{}, errors.New("there are no artifacts")
}

// Repository returns the facts about the keys.
func (k Keys) Repository(context.Context) (facts.Measurement, error) {
	docs := document.Positions{}
	file := k.o.Config.File.String()
	if file != "" {
		docs.Add(file, k.o.Config.Document)
	}
	keys := k.Domains()
	r := &facts.Repository{Scope: facts.Paths, Config: file, Keys: keys, KeyChecks: wholechange.CheckKeys(keys), TrustedBase: facts.TrustedCommit, EditedGate: "unedited", GateProblems: []facts.GateProblem{}}
	return facts.Measurement{Input: facts.Input{EffectiveTime: vaulttime.FormatTime(k.o.Now), Settings: settingsOf(k.o), Repository: r}, Locate: docs.Locate}, nil
}

// Domains returns the facts about the keys of each trust domain.
func (k Keys) Domains() []facts.DomainKey {
	return slices.DeleteFunc(wholechange.NewKeys(k.o.Config, k.o.Keys, k.o.Now).Domains(), func(d facts.DomainKey) bool { return k.only != "" && d.Domain != "" && d.Domain != k.only })
}
