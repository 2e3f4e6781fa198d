// Package git starts git and reads what it has: revisions, refs, commits and objects. It is
// the only package that runs git, and git starts no other program for it, except those that
// fetch and push a ref. It trusts only objects: it reads them by their ids, checks them
// against the ids, and ignores replacement refs, grafts and filters. It takes no tree apart,
// reads no file of a work tree and judges nothing. It writes only a ref of records (SetRef),
// the setting of the merge driver, and temporary repositories (Init, CommitAll, FetchApart,
// Supplement).
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
)

// A Repository is an open Git repository. Its methods are safe for concurrent use.
type Repository struct {
	root    string // the work tree, or the git folder of a bare repository
	gitDir  string
	bare    bool
	shallow bool
	format  format
	git     *Runner
	objects *Objects
}

// A Commit is the full object id of a commit.
type Commit string

// String is the id in lower-case hex.
func (c Commit) String() string { return string(c) }

// Open opens the repository of the folder dir. Its errors are *NotARepositoryError and
// *GitVersionError.
func Open(ctx context.Context, dir string) (*Repository, error) {
	at, err := discover(dir)
	if err != nil {
		return nil, err
	}
	return openPlace(ctx, dir, at)
}

// openPlace opens the repository at a place. dir is what the user named, for messages.
func openPlace(ctx context.Context, dir string, at place) (*Repository, error) {
	git, err := newRunner(ctx)
	if err != nil {
		return nil, err
	}
	r := &Repository{root: at.root, gitDir: at.gitDir, bare: at.bare, git: git}
	git.dir = at.root
	git.place = []string{"--git-dir=" + at.gitDir}
	if !at.bare {
		git.place = append(git.place, "--work-tree="+at.root)
	}
	out, err := git.output(ctx, "rev-parse", "--show-object-format", "--is-shallow-repository")
	if err != nil {
		if failed := (*GitError)(nil); errors.As(err, &failed) {
			return nil, &NotARepositoryError{Dir: dir, Reason: failed.Stderr}
		}
		return nil, fmt.Errorf("open repository %q: %w", dir, err)
	}
	name, shallow, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if r.format, err = formatOf(name); err != nil {
		return nil, fmt.Errorf("open repository %q: %w", dir, err)
	}
	r.shallow = shallow != "false"
	r.objects = newObjects(git, r.format)
	return r, nil
}

// Root returns the top folder of the work tree, absolute and without symlinks; for a bare
// repository it is the Git folder.
func (r *Repository) Root() string { return r.root }

// GitDir is the folder where git keeps this checkout's state.
func (r *Repository) GitDir() string { return r.gitDir }

// Bare reports whether the repository has no work tree.
func (r *Repository) Bare() bool { return r.bare }

// Runner is the git that runs for this repository.
func (r *Repository) Runner() *Runner { return r.git }

// Objects is what reads the repository's objects.
func (r *Repository) Objects() *Objects { return r.objects }

// ValidID reports whether a text is a full object id of this repository, in hex.
func (r *Repository) ValidID(id string) bool { return r.format.valid(id) }

// IDSize is the number of bytes of an object id.
func (r *Repository) IDSize() int { return r.format.size }

// HashObject is a hash that gives an object's id once it has its bytes.
func (r *Repository) HashObject(kind string, size int64) hash.Hash { return r.format.begin(kind, size) }

// Close ends the git processes that read objects.
func (r *Repository) Close() error { return r.objects.close() }

// Commit resolves a revision as git writes them: a branch, HEAD^1, an id. If a
// name is a tag and something else too, Commit does not take the tag: see Ambiguous. Its errors are *NoCommitsError and *MissingCommitError.
func (r *Repository) Commit(ctx context.Context, rev string) (Commit, error) {
	ambiguous, is, err := r.Ambiguous(ctx, rev)
	if err != nil {
		return "", err
	}
	if is {
		_, rest := cutRevision(rev)
		rev = ambiguous.Taken + rest
	}
	c, err := r.resolve(ctx, rev)
	if missing := (*MissingCommitError)(nil); err == nil || !errors.As(err, &missing) {
		return c, err
	}
	if _, headErr := r.resolve(ctx, "HEAD"); headErr == nil {
		return "", err
	}
	refs, refsErr := r.git.output(ctx, "for-each-ref", "--count=1", "--format=%(objectname)")
	if refsErr == nil && len(bytes.TrimSpace(refs)) == 0 {
		return "", &NoCommitsError{Root: r.root}
	}
	return "", err
}

func (r *Repository) resolve(ctx context.Context, rev string) (Commit, error) {
	missing := &MissingCommitError{Revision: rev, Shallow: r.shallow}
	if rev == "" || strings.ContainsRune(rev, 0) { // a NUL cannot be passed to a program
		return "", missing
	}
	if rev == "HEAD" {
		if id, ok := r.objects.headCommit(ctx); ok {
			return Commit(id), nil
		}
	}
	out, err := r.git.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if ctx.Err() != nil {
		return "", fmt.Errorf("resolve revision %q: %w", rev, ctx.Err())
	}
	if failed := (*GitError)(nil); errors.As(err, &failed) {
		return "", missing
	}
	if err != nil {
		return "", fmt.Errorf("resolve revision %q: %w", rev, err)
	}
	id := strings.TrimSuffix(string(out), "\n")
	if !r.format.valid(id) { // "^x" is answered with "^" and an id
		return "", missing
	}
	return Commit(id), nil
}

// CommonDir is the Git folder that all worktrees of a repository share.
func (r *Repository) CommonDir() string {
	data, err := os.ReadFile(filepath.Join(r.gitDir, "commondir"))
	if err != nil {
		return r.gitDir
	}
	dir := strings.TrimSpace(string(data))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(r.gitDir, dir)
	}
	return dir
}

// KeepsModes reports whether the work tree's file system keeps the executable bit,
// as git found out when it made the repository (core.fileMode).
func (r *Repository) KeepsModes(ctx context.Context) (bool, error) {
	out, err := r.git.output(ctx, "config", "--type=bool", "--default=true", "--get", "core.fileMode")
	if err != nil {
		return false, fmt.Errorf("read core.fileMode: %w", err)
	}
	return strings.TrimSpace(string(out)) != "false", nil
}

// FirstParent returns the first parent of c; ok is false for a commit without parents. If this
// clone does not have the parent, the error is a *MissingCommitError: a shallow history is
// never mistaken for a first commit.
func (r *Repository) FirstParent(ctx context.Context, c Commit) (parent Commit, ok bool, err error) {
	header, err := r.ReadCommit(ctx, c)
	if err != nil {
		return "", false, err
	}
	if header.parent == "" {
		return "", false, nil
	}
	var missing *MissingObjectError
	if _, err := r.ReadCommit(ctx, header.parent); errors.As(err, &missing) {
		return "", false, &MissingCommitError{Revision: string(header.parent), Shallow: r.shallow}
	} else if err != nil {
		return "", false, err
	}
	return header.parent, true, nil
}

// A CommitHeader is what a commit names.
type CommitHeader struct {
	Tree   string // the id of its tree
	parent Commit // the first, "" for none
}

// maxCommit bounds a commit object: a message and signatures.
const maxCommit = 16 << 20

// ReadCommit reads a commit's own bytes, in which no shallow boundary and no graft
// has taken a parent away.
func (r *Repository) ReadCommit(ctx context.Context, c Commit) (CommitHeader, error) {
	data, err := r.objects.Read(ctx, Request{OID: string(c), Kind: "commit", Limit: maxCommit})
	if err != nil {
		return CommitHeader{}, fmt.Errorf("read commit %s: %w", c, err)
	}
	line, rest, _ := strings.Cut(string(data), "\n")
	tree, ok := strings.CutPrefix(line, "tree ")
	if !ok || !r.format.valid(tree) {
		return CommitHeader{}, fmt.Errorf("read commit %s: %w", c, &CorruptObjectError{OID: string(c), Reason: "names no tree"})
	}
	header := CommitHeader{Tree: tree}
	line, _, _ = strings.Cut(rest, "\n")
	if parent, ok := strings.CutPrefix(line, "parent "); ok {
		if !r.format.valid(parent) {
			return CommitHeader{}, fmt.Errorf("read commit %s: %w", c, &CorruptObjectError{OID: string(c), Reason: "has a malformed parent"})
		}
		header.parent = Commit(parent)
	}
	return header, nil
}

// A place has the folders of a repository.
type place struct {
	root, gitDir string
	bare         bool
}

// discover finds the repository that dir is in by its work tree: the first folder,
// from dir upwards, that holds a .git. Only without one can dir itself be a
// Git directory, of a bare repository. A folder of a checkout can be made to look
// like one, and git, which looks at each folder once on its way up, would then judge
// the change by objects that the change brought. git also refuses folders of another
// owner, which a checkout in a container always is.
func discover(dir string) (place, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return place{}, &NotARepositoryError{Dir: dir, Reason: err.Error()}
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return place{}, &NotARepositoryError{Dir: dir, Reason: err.Error()}
	}
	for at := abs; ; at = filepath.Dir(at) {
		dotGit := filepath.Join(at, ".git")
		info, err := os.Stat(dotGit)
		switch {
		case err == nil && info.IsDir():
			if isGitDir(dotGit) {
				return place{root: at, gitDir: dotGit}, nil
			}
		case err == nil && info.Mode().IsRegular():
			gitDir, err := readGitFile(dotGit, at)
			if err != nil {
				return place{}, &NotARepositoryError{Dir: dir, Reason: err.Error()}
			}
			return place{root: at, gitDir: gitDir}, nil
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if isGitDir(abs) {
		return place{root: abs, gitDir: abs, bare: true}, nil
	}
	return place{}, &NotARepositoryError{Dir: dir}
}

// isGitDir asks what git asks: a HEAD, and objects and refs or a way to them.
func isGitDir(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, "commondir")); err == nil {
		return true
	}
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// readGitFile follows the .git file of a linked worktree or a submodule.
func readGitFile(name, root string) (string, error) {
	if info, err := os.Stat(name); err != nil || info.Size() > maxAnswer {
		return "", fmt.Errorf("%q is no .git file", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	dir, ok := strings.CutPrefix(strings.TrimRight(string(data), "\r\n"), "gitdir: ")
	if !ok {
		return "", fmt.Errorf("%q does not begin with %q", name, "gitdir: ")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	if !isGitDir(dir) {
		return "", fmt.Errorf("%q leads to %q, which is no git folder", name, dir)
	}
	return filepath.Clean(dir), nil
}
