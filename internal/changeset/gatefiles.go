package changeset

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
)

// GateKind returns the part of the gate that a file belongs to: config, baseline, policy,
// schema, workflow, or "" for none.
func GateKind(c *config.Config, name string) facts.GateFile {
	for _, p := range config.Paths {
		if name == p.String() {
			return "config"
		}
	}
	if name == c.File.String() && name != "" {
		return "config"
	}
	if name == c.Baseline.String() && name != "" {
		return "baseline"
	}
	// This runs for every name of a repository, so it allocates nothing.
	isPolicy := func(dir string) bool { return strings.HasPrefix(name, dir) || isAbove(name, dir) }
	if isPolicy(config.DefaultDirectory) || slices.ContainsFunc(c.Policies, isPolicy) || c.HoldsBundle(name) {
		return "policy"
	}
	isSchema := func(dir string) bool {
		return strings.HasPrefix(name, dir) && strings.HasSuffix(name, ".json") || isAbove(name, dir)
	}
	if isSchema("schemas/") || slices.ContainsFunc(c.Schemas, isSchema) {
		return "schema"
	}
	if dir, _ := path.Split(name); dir == ".github/workflows/" {
		return "workflow"
	}
	return ""
}

// isAbove reports whether a name is that of a folder, which ends in "/", or of a folder above it.
// A file there hides everything below.
func isAbove(name, dir string) bool {
	return len(dir) > len(name) && dir[len(name)] == '/' && dir[:len(name)] == name
}

// GateEdits returns the files of the gate that the change edits, without workflows.
func (s *Set) GateEdits() []string {
	var names []string
	for name := range s.Changes.All() {
		if kind := GateKind(&s.Config, name); kind != "" && kind != "workflow" {
			names = append(names, document.Printable(name))
		}
	}
	sort.Strings(names)
	return names
}

// concernsLog reports whether a file is the log or its checkpoint.
func concernsLog(name string) bool {
	return artifact.Path(name) == audit.Path || artifact.Path(name) == audit.CheckpointPath
}
