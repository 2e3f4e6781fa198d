// Package kinds has the kinds of documents that codexlock reads and codexlock-use does not,
// and gives internal/schemas their schemas. Whoever names such a kind imports this package:
// so the schemas, most of them large, are in no program that reads none of these documents.
package kinds

import (
	"slices"

	"github.com/codexlock/codexlock"
	"github.com/codexlock/codexlock/internal/schemas"
)

// The documents.
const (
	Integrity schemas.Kind = "integrity" // one line of MANIFEST.integrity.json
	Facts     schemas.Kind = "facts"     // what a rule sees as its input
	Report    schemas.Kind = "report"    // codexlock.report/v1
	Proof     schemas.Kind = "proof"     // of an entry of the log, as codexlock audit prove writes it
	Baseline  schemas.Kind = "baseline"  // codexlock-baseline.json

	Quarantine schemas.Kind = "quarantine" // reason.json of a quarantine
	Release    schemas.Kind = "release"    // released.json next to it
	Status     schemas.Kind = "status"     // codexlock.status/v1
)

// grow are the kinds whose documents grow with the repository.
var grow = []schemas.Kind{Report, Baseline, Status}

// All are all kinds, those of internal/schemas included.
var All = append(slices.Clone(schemas.AtUse), Integrity, Facts, Report, Proof, Baseline, Quarantine, Release, Status)

func init() {
	for _, kind := range All[len(schemas.AtUse):] {
		limit := schemas.MaxBytes
		if slices.Contains(grow, kind) {
			limit = schemas.MaxRepositoryBytes
		}
		schemas.Register(kind, codexlock.Schemas, limit)
	}
}
