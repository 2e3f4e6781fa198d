package action

import (
	"context"
	"errors"
	"strings"

	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
)

// renewals fetches the renewed records of the repository of this run, once: never a fork's.
// A ref that is missing or cannot be fetched is a store without records, with a note.
func (a *action) renewals(ctx context.Context, r *repo.Repository) (*renewals.Store, error) {
	if a.store != nil {
		return a.store, nil
	}
	fetched, err := r.FetchApart(ctx, a.commits.source, renewals.Ref, renewals.MaxRecordBytes)
	var failed *git.GitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &failed) && strings.Contains(failed.Stderr, "couldn't find remote ref"):
		a.store = renewals.Missing(a.commits.source.URL)
	case err != nil:
		a.store = renewals.None(err.Error())
	default:
		a.fetched = &fetched
		a.store, err = renewals.Open(ctx, fetched.Repository, true)
		return a.store, err
	}
	return a.store, nil
}

// forget closes what was opened, and removes what was fetched.
func (a *action) forget() {
	if a.fetched != nil {
		_ = a.fetched.Close()
	}
	if a.commits != nil {
		a.commits.close()
	}
}
