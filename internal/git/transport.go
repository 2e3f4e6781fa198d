package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A Remote is another repository, which refs are fetched from and pushed to as the user
// who runs the program does it: with the user's own configuration, credential helpers and
// environment. No hook runs.
type Remote struct {
	Name string // as the clone's configuration has it
	r    *Repository
	git  *Runner
}

// Remote returns the remote that the checked-out branch tracks, or else origin, or else the
// only one. ok is false where there is none. environment are the variables that git gets,
// as NAME=VALUE.
func (r *Repository) Remote(ctx context.Context, environment []string) (remote Remote, ok bool, err error) {
	out, err := r.git.output(ctx, "config", "--local", "--name-only", "--get-regexp", `^remote\..*\.url$`)
	switch {
	case IsNone(err):
		return Remote{}, false, nil
	case err != nil:
		return Remote{}, false, fmt.Errorf("read the remotes: %w", err)
	}
	known, names := map[string]bool{}, []string{}
	for line := range strings.Lines(string(out)) {
		name := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "remote."), ".url")
		if !known[name] && name != "" && !strings.HasPrefix(name, "-") {
			known[name] = true
			names = append(names, name)
		}
	}
	remote = Remote{r: r, git: &Runner{path: r.git.path, place: r.git.place, dir: r.git.dir, transport: true, user: withoutGit(environment)}}
	if branch, err := r.git.output(ctx, "symbolic-ref", "--quiet", "--short", "HEAD"); err == nil {
		tracked, _ := r.git.output(ctx, "config", "--local", "--get", "branch."+strings.TrimSpace(string(branch))+".remote")
		remote.Name = strings.TrimSpace(string(tracked))
	}
	switch {
	case known[remote.Name]:
	case known["origin"]:
		remote.Name = "origin"
	case len(names) == 1:
		remote.Name = names[0]
	default:
		return Remote{}, false, nil
	}
	return remote, true, nil
}

// withoutGit leaves out the variables that say to git where the repository is: they are
// set where a hook runs, and mean that hook's repository.
func withoutGit(environment []string) []string {
	kept := []string{}
	for _, pair := range environment {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_QUARANTINE_PATH":
		default:
			kept = append(kept, pair)
		}
	}
	return kept
}

// Refs returns what the remote's HEAD and one of its refs name; "" where there is none.
func (m Remote) Refs(ctx context.Context, ref string) (head, at Commit, err error) {
	out, err := m.git.output(ctx, "ls-remote", "--quiet", "--", m.Name, "HEAD", ref)
	if err != nil {
		return "", "", m.failed("read the refs of", err)
	}
	for line := range strings.Lines(string(out)) {
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case !m.r.format.valid(id):
			return "", "", fmt.Errorf("read the refs of the remote %q: git answers %q", m.Name, id)
		case name == "HEAD":
			head = Commit(id)
		case name == ref:
			at = Commit(id)
		}
	}
	return head, at, nil
}

// Fetch fetches a ref of the remote, without tags, and has the ref into name the same.
func (m Remote) Fetch(ctx context.Context, ref, into string) error {
	_, err := m.git.output(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--", m.Name, "+"+ref+":"+into)
	return m.failed("fetch from", err)
}

// Push has a ref of the remote name a commit, where it still names old, "" for nothing.
// Where it does not, or another push was faster, the error is a *RefMovedError.
func (m Remote) Push(ctx context.Context, ref string, old, c Commit) error {
	_, err := m.git.output(ctx, "push", "--quiet", "--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no", "--force-with-lease="+ref+":"+string(old), "--", m.Name, string(c)+":"+ref)
	var failed *GitError
	if errors.As(err, &failed) && ctx.Err() == nil {
		// The remote alone knows why, and says so in words; its ref says whether it moved.
		if _, now, readErr := m.Refs(ctx, ref); readErr == nil && now == c {
			return nil
		} else if readErr == nil && now != old {
			return &RefMovedError{Ref: ref, Stderr: failed.Stderr}
		}
	}
	return m.failed("push to", err)
}

func (m Remote) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return &RemoteError{Name: m.Name, What: what, Err: err}
}

// A RemoteError is a remote that could not be read or written.
type RemoteError struct {
	Name string
	What string // read the refs of, fetch from, push to
	Err  error
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("%s the remote %q: %v", e.What, e.Name, e.Err)
}
func (e *RemoteError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *RemoteError) Hint() string {
	return fmt.Sprintf("check that git can reach it: git ls-remote %s", e.Name)
}
