package action

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/repo"
)

// A commitFinder finds the commits of an event in the checkout. It fetches the missing ones, such
// as in a checkout of a single commit, from the repository of the run.
type commitFinder struct {
	event      github.Event
	source     git.Source
	clone      *repo.Repository
	supplement *repo.Supplement // nil: nothing was missing
	remotes    bool             // the clone has remotes
	trackable  bool             // the remote-tracking refs of the clone are those of the source
	warn       func(error)
}

// openCommits opens the checkout and finds the commits of the event. What it opened is
// closed by forget.
func (a *action) openCommits(ctx context.Context, dir string) (base gate.Base, err error) {
	r, err := repo.Open(ctx, dir)
	if err != nil {
		if none := (*git.NotARepositoryError)(nil); errors.As(err, &none) {
			err = &noCheckoutError{err}
		}
		return base, err
	}
	f := &commitFinder{event: a.event, clone: r, warn: a.world.Warn}
	a.commits = f
	var origin []string
	if origin, f.remotes, err = r.Remotes(ctx); err != nil {
		return base, err
	}
	f.source, f.trackable = a.home(origin), !f.remotes || a.isOrigin(origin)
	return f.find(ctx)
}

// A noCheckoutError is a job that has no clone to read.
type noCheckoutError struct{ err error }

func (e *noCheckoutError) Error() string { return e.err.Error() }
func (e *noCheckoutError) Unwrap() error { return e.err }

// Hint is the next step.
func (e *noCheckoutError) Hint() string {
	return "add a step with actions/checkout before this one; input working-directory is a folder of that checkout"
}

// home returns the repository of the run: the one on the server, with the job's token. The
// checkout's origin does not matter. An origin with a file: URL is used as it is, without the token.
func (a *action) home(origin []string) git.Source {
	if len(origin) == 1 && strings.HasPrefix(origin[0], "file:") {
		return git.Source{URL: origin[0], Env: a.world.Env}
	}
	server, _ := a.world.Env("GITHUB_SERVER_URL")
	return git.Source{URL: strings.TrimSuffix(server, "/") + "/" + a.event.Owner + "/" + a.event.Repo, Token: a.in.Token, Env: a.world.Env}
}

// isOrigin reports whether the remote origin is the repository of this run. In a
// checkout of a fork it is the fork, whose branches are called the same.
func (a *action) isOrigin(urls []string) bool {
	server, _ := a.world.Env("GITHUB_SERVER_URL")
	for _, url := range urls {
		if !github.IsRepository(url, server, a.event.Owner+"/"+a.event.Repo) {
			return false
		}
	}
	return len(urls) > 0
}

// repository returns the one that has all commits that were found.
func (f *commitFinder) repository() *repo.Repository {
	if f.supplement != nil {
		return f.supplement.Repository
	}
	return f.clone
}

// close ends the use of the checkout, and removes what was fetched.
func (f *commitFinder) close() {
	if f.supplement != nil {
		_ = f.supplement.Close()
	}
	_ = f.clone.Close()
}

// find finds the commits of the event, and those that the gate compares.
func (f *commitFinder) find(ctx context.Context) (base gate.Base, err error) {
	e := f.event
	head, err := f.commit(ctx, "the commit to verify", e.Head, "refs/codexlock/head")
	if err != nil {
		return base, err
	}
	base = gate.Base{Head: gate.Given(head.String()), First: e.First}
	switch {
	case e.First:
	case e.BaseBranch != "":
		name, tip, err := f.tip(ctx)
		if err != nil {
			return base, err
		}
		base.Trusted = gate.Given(name)
		return base, f.mergeBases(ctx, tip, head)
	case e.Base == e.Head+"^1":
		parent, err := f.parent(ctx, head)
		base.Exact = gate.Given(parent.String())
		return base, err
	default:
		exact, err := f.commit(ctx, "the base commit", e.Base, "refs/codexlock/base")
		base.Exact = gate.Given(exact.String())
		return base, err
	}
	return base, nil
}

// commit returns a commit by its full id, and fetches it if it is missing.
func (f *commitFinder) commit(ctx context.Context, what, id, into string) (git.Commit, error) {
	c, err := f.repository().Commit(ctx, id)
	if err == nil || !isMissing(err) {
		return c, err
	}
	return f.fetch(ctx, what, id, into)
}

// isMissing reports whether an error is that of a commit which the clone lacks.
func isMissing(err error) bool {
	var absent *git.MissingCommitError
	var empty *git.NoCommitsError
	return errors.As(err, &absent) || errors.As(err, &empty)
}

// parent returns the first parent of a commit.
func (f *commitFinder) parent(ctx context.Context, c git.Commit) (git.Commit, error) {
	parent, ok, err := f.repository().FirstParent(ctx, c)
	var absent *git.MissingCommitError
	switch {
	case errors.As(err, &absent):
		return f.fetch(ctx, "the base commit", absent.Revision, "refs/codexlock/base")
	case err == nil && !ok:
		return "", &github.EventError{Event: f.event.Name, Message: fmt.Sprintf("names %s as the merge commit, which has no parent: the base cannot be determined", c)}
	}
	return parent, err
}

// tip is the commit that the base branch ends with, and a revision for it: as the run's
// repository has it now, because the checkout of a machine that is used again may have an
// older one. If that repository cannot be asked, or the checkout has no remote, it is the
// remote-tracking ref of the checkout, or the commit that the event names. Trusting what
// the head itself brings would let it bring its own gate.
func (f *commitFinder) tip(ctx context.Context) (name string, tip git.Commit, err error) {
	branch, ref := "refs/heads/"+f.event.BaseBranch, "refs/remotes/origin/"+f.event.BaseBranch
	var unasked error
	if f.remotes {
		id, ok, err := f.clone.RemoteRef(ctx, f.source, branch)
		switch {
		case err == nil && ok:
			tip, err := f.commit(ctx, "the tip of branch "+f.event.BaseBranch, id.String(), ref)
			return f.name(ctx, tip, ref), tip, err
		case err == nil:
			return "", "", f.missing("the tip of branch", branch, errNoBranch)
		case ctx.Err() != nil:
			return "", "", ctx.Err()
		}
		unasked = err
	}
	candidates := []string{ref, f.event.Tip}
	if !f.trackable {
		candidates = candidates[1:]
	}
	for _, rev := range candidates {
		if rev == "" {
			continue
		}
		c, err := f.clone.Commit(ctx, rev)
		if err != nil && !isMissing(err) {
			return "", "", err
		}
		if err == nil {
			if unasked != nil {
				f.warn(fmt.Errorf("trusted %s of the checkout as the tip of branch %s, because %s could not be asked: %w", rev, f.event.BaseBranch, f.source.URL, unasked))
			}
			return f.name(ctx, c, rev), c, nil
		}
	}
	tip, err = f.fetch(ctx, "the tip of branch", branch, ref)
	return ref, tip, err
}

// errNoBranch is the answer of a repository without the base branch.
var errNoBranch = errors.New("couldn't find remote ref")

// name returns a ref, if it names the commit where the gate looks for it, or else the id.
func (f *commitFinder) name(ctx context.Context, c git.Commit, ref string) string {
	if at, err := f.repository().Commit(ctx, ref); err == nil && at == c {
		return ref
	}
	return c.String()
}

// mergeBases fetches the history between two commits, if the checkout does not have enough
// of it to know where they meet.
func (f *commitFinder) mergeBases(ctx context.Context, a, b git.Commit) error {
	_, err := f.repository().MergeBases(ctx, a, b)
	var missing *git.MissingHistoryError
	if err == nil || f.supplement == nil && !errors.As(err, &missing) {
		return err
	}
	if err := f.start(ctx); err != nil {
		return err
	}
	if _, err = f.supplement.FetchMergeBases(ctx, a, b); err == nil || errors.As(err, &missing) || ctx.Err() != nil {
		return err
	}
	return f.missing("the history of branch", f.event.BaseBranch, err)
}

// start makes the supplement, once.
func (f *commitFinder) start(ctx context.Context) (err error) {
	if f.supplement == nil {
		f.supplement, err = f.clone.Supplement(ctx, f.source)
	}
	return err
}

// fetch fetches a commit, by its id or by the name of a ref.
func (f *commitFinder) fetch(ctx context.Context, what, revision, into string) (git.Commit, error) {
	err := f.start(ctx)
	if err == nil {
		var c git.Commit
		if c, err = f.supplement.Fetch(ctx, revision, into); err == nil {
			return c, nil
		}
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return "", f.missing(what, revision, err)
}

// missing is the error for what could not be fetched.
func (f *commitFinder) missing(what, revision string, err error) error {
	return &fetchError{what: what, revision: strings.TrimPrefix(revision, "refs/heads/"), address: f.source.URL, event: f.event, err: err}
}

// A fetchError is a commit that is not in the checkout and could not be fetched.
type fetchError struct {
	what     string
	revision string // its id, or the name of a branch
	address  string
	event    github.Event
	err      error
}

func (e *fetchError) Error() string {
	return fmt.Sprintf("%s %s is not in this clone, and could not be fetched from %s: %v", e.what, e.revision, e.address, e.err)
}

func (e *fetchError) Unwrap() error { return e.err }

// gone matches the answers of servers for a commit or a ref that they do not have.
var gone = regexp.MustCompile(`not our ref|couldn't find remote ref|unadvertised object|no such remote ref`)

// Hint is the next step: what to do about a commit that no longer exists, or how the job
// gets access to one that does.
func (e *fetchError) Hint() string {
	if !gone.MatchString(e.err.Error()) {
		depth := 0
		if e.event.Name == "pull_request" {
			depth = 2
		}
		return fmt.Sprintf("give the job permissions: contents: read, and check out with actions/checkout and fetch-depth: %d", depth)
	}
	switch e.event.Name {
	case "merge_group":
		return "remove the pull request from the merge queue and add it again"
	case "push":
		if e.event.All {
			return fmt.Sprintf("find out who replaced the history of branch %q (a forced push); then start the workflow by hand (workflow_dispatch), which verifies every artifact", e.event.DefaultBranch)
		}
		return "see the run of the branch's newest commit"
	case "pull_request", "pull_request_target":
		return "see the run of the pull request's newest commit, or push to the pull request again"
	}
	return "start the workflow again, on a commit and a branch that still exist"
}
