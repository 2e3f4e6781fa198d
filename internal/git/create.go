package git

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
)

// Init makes an empty repository in a folder: the temporary one of a demo. Nothing
// of the user's git configuration or templates is used.
func Init(ctx context.Context, dir string) error {
	git, err := newRunner(ctx)
	if err != nil {
		return err
	}
	git.dir = dir
	if _, err := git.output(ctx, "init", "-q", "--template=", "-b", "main", dir); err != nil {
		return fmt.Errorf("make a repository in %q: %w", dir, err)
	}
	return nil
}

// CommitAll records every file of the work tree as a commit of the branch, at
// the given time. It is for repositories that Init made.
func (r *Repository) CommitAll(ctx context.Context, message string, at time.Time) (Commit, error) {
	if _, err := r.write(ctx, at, "add", "--all"); err != nil {
		return "", err
	}
	tree, err := r.write(ctx, at, "write-tree")
	if err != nil {
		return "", err
	}
	args := []string{tree, "-m", message}
	if parent, err := r.write(ctx, at, "rev-parse", "-q", "--verify", "HEAD"); err == nil {
		args = append(args, "-p", parent)
	}
	commit, err := r.write(ctx, at, "commit-tree", args...)
	if err != nil {
		return "", err
	}
	if _, err := r.write(ctx, at, "update-ref", "HEAD", commit); err != nil {
		return "", err
	}
	return Commit(commit), nil
}

// write runs one git command that makes objects or refs, and returns its answer.
func (r *Repository) write(ctx context.Context, at time.Time, command string, rest ...string) (string, error) {
	cmd := r.git.command(ctx, command, rest...)
	when := at.UTC().Format(time.RFC3339)
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		cmd.Env = append(cmd.Env, "GIT_"+who+"_NAME=Codexlock", "GIT_"+who+"_EMAIL=codexlock@localhost", "GIT_"+who+"_DATE="+when)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", command, err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
