package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A Supplement is a repository in a temporary folder: it reads the objects of a clone, and
// those that were fetched because the clone lacks them. Its refs are only those that were
// fetched, so that none of the clone's counts. Close removes it; the clone stays as it was,
// and stays open.
type Supplement struct {
	*Repository
	clone  *Repository
	source Source
	dir    string
	git    *Runner // fetches into it
}

// cloneRef names the commit that the clone has checked out.
const cloneRef = "refs/codexlock/clone"

// historyDepths are how many commits deep the history of two commits is fetched, one after
// the other, until their merge base is certain. A commit without its files is some 300
// bytes, so that the last step is below 100 MB.
var historyDepths = []int{64, 4096, 262144}

// Supplement makes a supplement of the clone. It fetches nothing yet.
func (r *Repository) Supplement(ctx context.Context, from Source) (s *Supplement, err error) {
	s = &Supplement{clone: r, source: from}
	if s.dir, err = os.MkdirTemp("", "codexlock-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(s.dir)
		}
	}()
	if s.git, err = from.start(ctx, r, s.dir); err != nil {
		return nil, err
	}
	if err := s.borrow(r.CommonDir()); err != nil {
		return nil, err
	}
	// What the clone has need not be sent again, as far as its history goes.
	if err := addShallow(r.CommonDir(), s.gitFolder()); err != nil {
		return nil, err
	}
	if head, err := r.resolve(ctx, "HEAD"); err == nil {
		if _, err := s.git.output(ctx, "update-ref", "--no-deref", cloneRef, string(head)); err != nil {
			return nil, err
		}
	}
	return s, s.open(ctx)
}

// gitFolder is the Git folder of the supplement.
func (s *Supplement) gitFolder() string { return filepath.Join(s.dir, ".git") }

// borrow adds the objects of another repository to those that are read.
func (s *Supplement) borrow(gitDir string) error {
	objects, err := filepath.Abs(filepath.Join(gitDir, "objects"))
	if err != nil || strings.ContainsAny(objects, "\n") {
		return fmt.Errorf("read the objects in %q: want a folder without a newline in its name", gitDir)
	}
	return appendTo(filepath.Join(s.gitFolder(), "objects", "info", "alternates"), []byte(objects+"\n"))
}

// addShallow adds to where the history of a repository ends where another's ends.
func addShallow(from, to string) error {
	data, err := readShallow(from)
	if err != nil || len(data) == 0 {
		return err
	}
	return appendTo(filepath.Join(to, "shallow"), data)
}

func appendTo(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// maxShallow bounds the file that lists where a history ends.
const maxShallow = 16 << 20

// readShallow reads the ids of the commits whose parents a shallow clone does not have, one
// a line; none where the history is whole.
func readShallow(gitDir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(gitDir, "shallow"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", f.Name())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxShallow+1))
	if err == nil && len(data) > maxShallow {
		err = fmt.Errorf("%s has over %d bytes", f.Name(), maxShallow)
	}
	return data, err
}

// open opens what is there now.
func (s *Supplement) open(ctx context.Context) error {
	if s.Repository != nil {
		_ = s.Repository.Close()
	}
	data, err := readShallow(s.gitFolder())
	if err != nil {
		return err
	}
	git := &Runner{path: s.clone.git.path, dir: s.clone.git.dir, place: []string{"--git-dir=" + s.gitFolder()}}
	if !s.clone.bare {
		git.place = append(git.place, "--work-tree="+s.clone.root)
	}
	s.Repository = &Repository{
		root: s.clone.root, gitDir: s.gitFolder(), bare: s.clone.bare, shallow: len(data) > 0,
		format: s.clone.format, git: git, objects: newObjects(git, s.clone.format),
	}
	return ctx.Err()
}

// Fetch fetches a commit with its files, by its id or by the full name of a ref of the
// source, and has a ref of the supplement name it.
func (s *Supplement) Fetch(ctx context.Context, revision, into string) (Commit, error) {
	err := s.source.fetch(ctx, s.git, []string{"--depth=1"}, "+"+revision+":"+into)
	if err != nil && ctx.Err() == nil {
		// A clone that lacks files of its own commits (a partial one) misled the other side
		// about what need not be sent.
		err = s.fetchWhole(ctx, revision, into)
	}
	if err != nil {
		return "", err
	}
	if err := s.open(ctx); err != nil {
		return "", err
	}
	return s.resolve(ctx, into)
}

// fetchWhole is Fetch that does not use what the clone has.
func (s *Supplement) fetchWhole(ctx context.Context, revision, into string) error {
	dir, err := os.MkdirTemp(s.dir, "whole-")
	if err != nil {
		return err
	}
	git, err := s.source.start(ctx, s.clone, dir)
	if err != nil {
		return err
	}
	if err := s.source.fetch(ctx, git, []string{"--depth=1"}, "+"+revision+":"+into); err != nil {
		return err
	}
	id, err := git.output(ctx, "rev-parse", "--verify", "--end-of-options", into+"^{commit}")
	if err != nil {
		return err
	}
	from := filepath.Join(dir, ".git")
	if err := s.borrow(from); err != nil {
		return err
	}
	if err := addShallow(from, s.gitFolder()); err != nil {
		return err
	}
	_, err = s.git.output(ctx, "update-ref", "--no-deref", into, strings.TrimSpace(string(id)))
	return err
}

// FetchMergeBases fetches as much of the history of two commits as it takes to know their
// merge bases, and the files of the one that there is. MergeBases knows them from then on.
// It has to be called last: the commits of the history are here without their files. A
// history that is too long is a *MissingHistoryError.
func (s *Supplement) FetchMergeBases(ctx context.Context, a, b Commit) ([]Commit, error) {
	dir, err := os.MkdirTemp(s.dir, "history-")
	if err != nil {
		return nil, err
	}
	git, err := s.source.start(ctx, s.clone, dir)
	if err != nil {
		return nil, err
	}
	var bases []Commit
	for _, depth := range historyDepths {
		err := s.source.fetch(ctx, git, []string{fmt.Sprintf("--depth=%d", depth), "--filter=tree:0"},
			"+"+string(a)+":refs/codexlock/a", "+"+string(b)+":refs/codexlock/b")
		if err != nil {
			return nil, err
		}
		r, err := Open(ctx, dir)
		if err != nil {
			return nil, err
		}
		bases, err = r.MergeBases(ctx, a, b)
		_ = r.Close()
		if missing := (*MissingHistoryError)(nil); err == nil {
			break
		} else if !errors.As(err, &missing) || depth == historyDepths[len(historyDepths)-1] {
			return nil, err
		}
	}
	if len(bases) == 1 {
		if _, err := s.resolve(ctx, string(bases[0])); err != nil {
			if _, err := s.Fetch(ctx, string(bases[0]), "refs/codexlock/mergebase"); err != nil {
				return nil, err
			}
		}
	}
	from := filepath.Join(dir, ".git")
	if err := s.borrow(from); err != nil {
		return nil, err
	}
	// From here on, the history of the two ends where this one does.
	if err := os.RemoveAll(filepath.Join(s.gitFolder(), "shallow")); err != nil {
		return nil, err
	}
	if err := addShallow(from, s.gitFolder()); err != nil {
		return nil, err
	}
	return bases, s.open(ctx)
}

// Close ends the use of the supplement and removes it.
func (s *Supplement) Close() error {
	return errors.Join(s.Repository.Close(), os.RemoveAll(s.dir))
}

// endsWithin reports whether the history that this clone has of commits ends before it
// reaches others: whether one of its cut-off commits can be reached from them and not from
// the others.
func (r *Repository) endsWithin(ctx context.Context, commits, others []Commit) (bool, error) {
	data, err := readShallow(r.CommonDir())
	if err != nil {
		return false, err
	}
	cut := map[string]bool{}
	for id := range bytes.Lines(data) {
		cut[strings.TrimSpace(string(id))] = true
	}
	args := []string{"--end-of-options"}
	for _, c := range commits {
		args = append(args, string(c))
	}
	for _, c := range others {
		args = append(args, "^"+string(c))
	}
	found := false
	err = r.git.Stream(ctx, func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			found = found || cut[lines.Text()]
		}
		return lines.Err()
	}, "rev-list", args...)
	return found, err
}
