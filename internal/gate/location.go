package gate

import (
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/exit"
)

// A Place says where files that a flag or an input names are read.
type Place uint8

// The places.
const (
	Anywhere      Place = iota // the disk for users who verify their own work tree, else the trusted commit
	TrustedCommit              // always: an input of the action
	Disk                       // always: a file that somebody works on
)

// A location is the location of a file that --config or --policy names.
type location uint8

// The locations.
const (
	inTree  location = iota // in the trusted commit
	onDisk                  // on the disk
	nowhere                 // outside the repository, where only files of the repository count
)

// locate returns where a file that a flag or an input names is read. Users who verify their
// own work tree mean the file that they edit. If commits are judged, in a hook, and on a
// runner, a path inside the repository is read from the trusted commit, because the
// checkout may be that of the change.
func (l baseLoader) locate(written string) (at location, p artifact.Path, err error) {
	rel, inside := repositoryPath(l.repository.Root(), l.gate.world.Dir, written)
	switch {
	case l.gate.readsDisk():
		return onDisk, artifact.Path(rel), nil
	case !inside && l.gate.options.Sources.Place == TrustedCommit:
		return nowhere, "", nil
	case !inside:
		return onDisk, "", nil
	}
	p, err = artifact.ParsePath(rel)
	if err != nil {
		return inTree, "", exit.Usagef("%q is not a path in the repository: %w", written, err)
	}
	return inTree, p, nil
}

// readsDisk reports whether files that flags name are read from the disk, even inside the
// repository.
func (g *Gate) readsDisk() bool {
	switch g.options.Sources.Place {
	case Disk:
		return true
	case TrustedCommit:
		return false
	}
	return g.ReadsWorkTree() && !unattended(g.world.Env)
}

// unattended reports whether the program runs in CI or as a Git hook.
func unattended(env environment) bool {
	for _, name := range []string{"CI", "GITHUB_ACTIONS"} {
		if env.isOn(name) {
			return true
		}
	}
	for _, name := range []string{"GIT_DIR", "GIT_INDEX_FILE", "GIT_QUARANTINE_PATH"} { // githooks(5)
		if v, _ := env(name); v != "" {
			return true
		}
	}
	return false
}

// repositoryPath returns a path, which is relative to dir, relative to the repository's root,
// and whether it is inside. It decides by the text of the path before it resolves links,
// because a change may have added them.
func repositoryPath(root, dir, written string) (rel string, inside bool) {
	full := written
	if !filepath.IsAbs(full) {
		full = filepath.Join(resolved(dir), written)
	}
	for _, from := range []string{root, resolved(root)} {
		for _, to := range []string{full, resolved(full)} {
			rel, err := filepath.Rel(from, to)
			if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
				return filepath.ToSlash(rel), true
			}
		}
	}
	return "", false
}

// resolved returns a path without links, or unchanged if it does not exist.
func resolved(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return name
}
