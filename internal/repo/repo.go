// Package repo opens a Git repository with its trees and its work tree. It reads the files of
// the work tree as they are on the disk, through no symlink and no filter, and finds what a
// commit of them would omit or change. It uses the index only for the files that a sparse
// checkout omits. The trees of commits are those of internal/trees. It judges nothing and
// writes nothing.
package repo

import (
	"context"

	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/trees"
)

// A Repository is an open Git repository with its trees. Its methods are safe for concurrent
// use.
type Repository struct {
	*trees.Reader
	top *top // of the work tree
}

// Open opens the repository of the folder dir. Its errors are *NotARepositoryError and
// *GitVersionError.
func Open(ctx context.Context, dir string) (*Repository, error) {
	r, err := git.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	return withTrees(r), nil
}

// OpenPushed opens the repository that a push goes to, as git.OpenPushed does.
func OpenPushed(ctx context.Context, dir string, env func(string) (string, bool)) (*Repository, error) {
	r, err := git.OpenPushed(ctx, dir, env)
	if err != nil {
		return nil, err
	}
	return withTrees(r), nil
}

// withTrees is an open repository whose trees are read.
func withTrees(r *git.Repository) *Repository {
	return &Repository{Reader: trees.NewReader(r), top: newTop(r.Root())}
}

// Create makes an empty repository in a folder and opens it: the temporary one of a demo.
func Create(ctx context.Context, dir string) (*Repository, error) {
	if err := git.Init(ctx, dir); err != nil {
		return nil, err
	}
	return Open(ctx, dir)
}

// Close ends the git processes that read objects, and closes the work tree.
func (r *Repository) Close() error {
	r.top.close()
	return r.Reader.Close()
}

// A Fetched is a repository of its own, in a temporary folder, that holds one fetched ref.
// Close removes it.
type Fetched struct {
	*Repository
	fetched git.Fetched
}

// FetchApart fetches one ref of a source, one commit deep, into a temporary repository.
// Nothing is written to this one. Blobs of more than limit bytes are left out where the
// other side can do that.
func (r *Repository) FetchApart(ctx context.Context, from git.Source, ref string, limit int64) (Fetched, error) {
	f, err := r.Reader.FetchApart(ctx, from, ref, limit)
	if err != nil {
		return Fetched{}, err
	}
	return Fetched{withTrees(f.Repository), f}, nil
}

// Close ends the use of the repository and removes it.
func (f Fetched) Close() error {
	f.top.close()
	return f.fetched.Close()
}

// A Supplement is a repository with the objects of a clone, and with those that were fetched
// because the clone lacks them (git.Supplement). Close removes it; the clone stays as it was,
// and stays open.
type Supplement struct {
	*Repository
	fetched *git.Supplement
}

// Supplement makes a supplement of the clone. It fetches nothing yet.
func (r *Repository) Supplement(ctx context.Context, from git.Source) (*Supplement, error) {
	s, err := r.Reader.Supplement(ctx, from)
	if err != nil {
		return nil, err
	}
	return &Supplement{withTrees(s.Repository), s}, nil
}

// Fetch fetches a commit with its files, by its id or by the full name of a ref of the
// source, and has a ref of the supplement name it.
func (s *Supplement) Fetch(ctx context.Context, revision, into string) (git.Commit, error) {
	c, err := s.fetched.Fetch(ctx, revision, into)
	s.reopened()
	return c, err
}

// FetchMergeBases fetches as much of the history of two commits as it takes to know their
// merge bases, as git.Supplement.FetchMergeBases does. It has to be called last.
func (s *Supplement) FetchMergeBases(ctx context.Context, a, b git.Commit) ([]git.Commit, error) {
	bases, err := s.fetched.FetchMergeBases(ctx, a, b)
	s.reopened()
	return bases, err
}

// reopened takes the repository that a fetch has opened anew.
func (s *Supplement) reopened() {
	if s.Repository.Reader.Repository != s.fetched.Repository {
		s.top.close()
		s.Repository = withTrees(s.fetched.Repository)
	}
}

// Close ends the use of the supplement and removes it.
func (s *Supplement) Close() error {
	s.top.close()
	return s.fetched.Close()
}
