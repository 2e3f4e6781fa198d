package signing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attributes"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/trees"
)

// A Selector finds the artifacts that attest was asked for.
type Selector struct {
	Refused map[artifact.Path]error // arguments that name nothing, by what was written
	Ignored []Ignored               // what was left out: no commit would hold it

	repository *repo.Repository
	work       trees.Tree
	view       *repo.View
	config     config.Config
	dir        string // what arguments are seen from

	listed     *measure.Collector
	candidates []artifact.Path // what is or would be an artifact, sorted
}

// Ignored is a file that Git ignores, and the pattern that says so.
type Ignored struct {
	Path artifact.Path
	By   string
}

// NewSelector selects among the files of a work tree. Arguments are seen from dir.
func NewSelector(dir string, r *repo.Repository, work trees.Tree, view *repo.View, c config.Config) *Selector {
	return &Selector{Refused: map[artifact.Path]error{}, repository: r, work: work, view: view, config: c, dir: dir}
}

// All are all files that are or would be an artifact; none is a usage error.
func (s *Selector) All(ctx context.Context) ([]artifact.Path, error) { return s.below(ctx, ".", ".") }

// Candidates are all files that are or would be an artifact.
func (s *Selector) Candidates(ctx context.Context) ([]artifact.Path, error) {
	err := s.list(ctx)
	return s.candidates, err
}

// Named are the paths of the arguments: a file is itself, artifact or not; a folder
// or a pattern stands for every file under it that is or would be an artifact. An
// argument that names nothing is a path too, and refused with the others.
func (s *Selector) Named(ctx context.Context, args []string) ([]artifact.Path, error) {
	var paths []artifact.Path
	for _, written := range args {
		more, err := s.argument(ctx, written)
		if exit.IsUsage(err) {
			p := artifact.Path(written)
			s.Refused[p], more, err = err, []artifact.Path{p}, nil
		}
		if err != nil {
			return nil, err
		}
		paths = append(paths, more...)
	}
	return paths, nil
}

func (s *Selector) argument(ctx context.Context, written string) ([]artifact.Path, error) {
	pattern := strings.ContainsAny(written, "*?[{")
	p, err := gate.InRepository(s.repository.Root(), s.dir, written)
	switch {
	case err != nil && pattern:
		return s.matching(ctx, written)
	case err != nil:
		return nil, err
	case p == ".":
		return s.below(ctx, p, written)
	}
	entry, ok, err := s.work.Lookup(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case !ok && pattern:
		return s.matching(ctx, written)
	case ok && entry.Kind == trees.Directory:
		return s.below(ctx, p, written)
	}
	return []artifact.Path{p}, nil
}

// below are the artifacts in a folder of the repository.
func (s *Selector) below(ctx context.Context, dir artifact.Path, written string) ([]artifact.Path, error) {
	return s.pick(ctx, fmt.Sprintf("%q is a folder with no artifact in it", written), func(p artifact.Path) bool {
		return dir == "." || strings.HasPrefix(p.String(), dir.String()+"/")
	})
}

// matching are the artifacts that a pattern names, as seen from the working directory.
func (s *Selector) matching(ctx context.Context, written string) ([]artifact.Path, error) {
	if !doublestar.ValidatePattern(written) {
		return nil, exit.Usagef("%q is not a valid pattern", written)
	}
	prefix, err := gate.InRepository(s.repository.Root(), s.dir, ".")
	if err != nil {
		return nil, err
	}
	pattern := strings.TrimPrefix(written, "./")
	if prefix != "." {
		pattern = attributes.Literal(prefix.String()) + "/" + pattern
	}
	return s.pick(ctx, fmt.Sprintf("%q matches no artifact", written), func(p artifact.Path) bool {
		return doublestar.MatchUnvalidated(pattern, p.String())
	})
}

// pick are the candidates that want takes; none is a mistake, and is said to be.
func (s *Selector) pick(ctx context.Context, none string, want func(artifact.Path) bool) ([]artifact.Path, error) {
	if err := s.list(ctx); err != nil {
		return nil, err
	}
	var paths []artifact.Path
	for _, p := range s.candidates {
		if want(p) {
			paths = append(paths, p)
		}
	}
	if len(paths) == 0 {
		return nil, exit.AsUsage(&noCandidateError{none, s.config.Include})
	}
	return paths, nil
}

// A noCandidateError is a folder or a pattern that names no file that is or would be
// an artifact.
type noCandidateError struct {
	what    string
	include []string
}

func (e *noCandidateError) Error() string {
	return fmt.Sprintf("%s: none of its files matches artifacts.include (%s), and %s lists none", e.what, strings.Join(e.include, ", "), ledger.Path)
}

// Hint is the next step.
func (e *noCandidateError) Hint() string {
	return "name the files one by one, or add a pattern to artifacts.include in codexlock.yaml, and run codexlock init again, which sets the attributes of what it matches"
}

// list finds every file of the work tree that is or would be an artifact: what the
// configuration includes or the ledger lists, and is no companion.
func (s *Selector) list(ctx context.Context) error {
	if s.listed != nil {
		return nil
	}
	listed, err := measure.Collect(ctx, measure.Options{
		Options: changeset.Options{
			Repository: s.repository, Base: s.repository.EmptyTree(), Head: s.work, SameCommit: true, Scope: facts.All, Config: s.config,
		},
	})
	if err != nil {
		return err
	}
	s.listed = listed
	var found []artifact.Path
	for i := range listed.Len() {
		p := artifact.Path(listed.Name(i))
		_, there, err := s.work.Lookup(ctx, p)
		if err != nil {
			return err
		}
		place, err := listed.Eligibility(ctx, p.String())
		if err != nil {
			return err
		}
		if there && (place.Pattern != "" && place.Excluded == "" || place.Listed) {
			found = append(found, p)
		}
	}
	s.candidates, err = s.withoutIgnored(ctx, found)
	return err
}

// withoutIgnored leaves out what Git ignores: no commit would hold it, and whoever
// names a folder does not mean its build products.
func (s *Selector) withoutIgnored(ctx context.Context, paths []artifact.Path) ([]artifact.Path, error) {
	found, err := s.view.Ignored(ctx, paths)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(paths, func(p artifact.Path) bool {
		by, ignored := found[p]
		if ignored {
			s.Ignored = append(s.Ignored, Ignored{p, by})
		}
		return ignored
	}), nil
}

// Changed are the artifacts that need to be attested: new ones, and those whose
// content or companions are not what is recorded.
func (s *Selector) Changed(ctx context.Context) ([]artifact.Path, error) {
	if err := s.list(ctx); err != nil {
		return nil, err
	}
	var paths []artifact.Path
	for _, p := range s.candidates {
		current, err := s.listed.Attested(ctx, p)
		if err != nil {
			return nil, err
		}
		if !current {
			paths = append(paths, p)
		}
	}
	return paths, nil
}
