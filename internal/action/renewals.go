package action

import (
	"context"
	"errors"
	"strings"

	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
)

// renewals fetches the renewed records of the repository of this run, once: never a fork's.
// A ref that is missing or cannot be fetched is a store without records, which says so.
func (a *action) renewals(ctx context.Context, r *repo.Repository) (*renewals.Store, error) {
	if a.store != nil {
		return a.store, nil
	}
	address, token, err := a.home(ctx, r)
	if err != nil {
		return nil, err
	}
	fetched, err := r.FetchApart(ctx, a.world.Env, address, token, renewals.Ref, renewals.MaxRecordBytes)
	var failed *repo.GitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &failed) && strings.Contains(failed.Stderr, "couldn't find remote ref"):
		a.store = renewals.Missing(address)
	case err != nil:
		a.store = renewals.None(err.Error())
	default:
		a.fetched = &fetched
		a.store, err = renewals.Open(ctx, fetched.Repository, true)
		return a.store, err
	}
	return a.store, nil
}

// home is where refs of this run's repository are fetched from, and the token to do so: the
// repository on the server, whatever the checkout calls origin. An origin with a file: URL
// is used as it is, without the token.
func (a *action) home(ctx context.Context, r *repo.Repository) (address, token string, err error) {
	origin, _, err := r.Remotes(ctx)
	if err != nil {
		return "", "", err
	}
	if len(origin) == 1 && strings.HasPrefix(origin[0], "file:") {
		return origin[0], "", nil
	}
	server, _ := a.world.Env("GITHUB_SERVER_URL")
	return strings.TrimSuffix(server, "/") + "/" + a.event.Owner + "/" + a.event.Repo, a.in.Token, nil
}

// forgetRenewals removes what was fetched.
func (a *action) forgetRenewals() {
	if a.fetched != nil {
		_ = a.fetched.Close()
	}
}
