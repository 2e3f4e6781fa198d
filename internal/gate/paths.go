package gate

import (
	"path/filepath"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/repo"
)

// Paths returns paths of the command line, seen from dir, as paths of the repository.
func Paths(r *repo.Repository, dir string, written ...string) ([]artifact.Path, error) {
	var paths []artifact.Path
	for _, name := range written {
		p, err := InRepository(r.Root(), dir, name)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// InRepository returns a path as it was written, seen from dir, as one of the repository at
// root; "." is its root. A path outside is a usage error.
func InRepository(root, dir, written string) (artifact.Path, error) {
	full := written
	if !filepath.IsAbs(full) {
		full = filepath.Join(dir, written)
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(full)); err == nil {
		full = filepath.Join(real, filepath.Base(full))
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	rel, err := filepath.Rel(root, full)
	if err != nil {
		return "", exit.Usagef("%q is not in the repository %s", written, root)
	}
	if rel == "." {
		return ".", nil
	}
	p, err := artifact.ParsePath(filepath.ToSlash(rel))
	if err != nil {
		return "", exit.Usagef("%q is not a path in the repository %s: %w", written, root, err)
	}
	return p, nil
}
