package gate

import (
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/exit"
)

// A Place is where a file is read that a flag or an input names.
type Place uint8

// The places.
const (
	Anywhere      Place = iota // the disk, where somebody verifies a work tree of their own; else the trusted commit
	TrustedCommit              // always: it is an input of the action
	Disk                       // always: it is named to somebody who works on it
)

// A location is where a file is that --config or --policy names.
type location uint8

// The locations.
const (
	inTree  location = iota // in the commit that is trusted
	onDisk                  // on the disk
	nowhere                 // outside the repository, where only files of the repository count
)

// locate says where a file is read that a flag or an input names. Whoever verifies
// a work tree of their own means the file that they edit. Where commits are judged,
// in a hook, and on a runner, a path inside the repository is the trusted commit's:
// the checkout may be the change's.
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

// readsDisk reports whether what flags name is read from the disk, inside the
// repository too.
func (g *Gate) readsDisk() bool {
	switch g.options.Sources.Place {
	case Disk:
		return true
	case TrustedCommit:
		return false
	}
	return g.ReadsWorkTree() && !unattended(g.world.Env)
}

// unattended reports whether nobody's own work tree is verified: this runs in CI, or
// is started by Git as a hook.
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

// repositoryPath is a path, as it was written and seen from dir, from the
// repository's root, and whether it is inside. What its words say counts before the
// links on its way: those may be the change's.
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

// resolved is a path without links, or as it is where it leads nowhere.
func resolved(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return name
}
