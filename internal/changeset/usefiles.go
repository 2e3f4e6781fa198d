package changeset

import (
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
)

// UseSite returns the site of a file in which uses of artifacts are looked for, among those of
// the configuration; "" for any other file.
func UseSite(c *config.Config, name string) facts.UseSite {
	site := useSite(name)
	if site != "" && slices.Contains(c.UseSites, string(site)) {
		return site
	}
	return ""
}

// useSite returns what a file is by its name. This runs for every name of a change, so it
// allocates nothing.
func useSite(name string) facts.UseSite {
	dir, base := path.Split(name)
	yml := strings.HasSuffix(base, ".yml") || strings.HasSuffix(base, ".yaml")
	switch {
	case yml && (dir == ".github/workflows/" || base == "action.yml" || base == "action.yaml"):
		return facts.UseSiteWorkflows
	case isNamed(base, "Dockerfile"), isNamed(base, "Containerfile"):
		return facts.UseSiteDocker
	case base == "makefile", base == "GNUmakefile", strings.HasSuffix(base, ".mk"), base == "Makefile", strings.HasPrefix(base, "Makefile."):
		return facts.UseSiteMake
	case yml && (isNamed(base, "compose") || isNamed(base, "docker-compose")):
		return facts.UseSiteCompose
	case name == ".pre-commit-config.yaml":
		return facts.UseSitePreCommit
	}
	return ""
}

// isNamed reports whether a file is NAME, NAME.something or something.NAME.
func isNamed(base, name string) bool {
	return base == name || len(base) > len(name) && (strings.HasPrefix(base, name) && base[len(name)] == '.' ||
		strings.HasSuffix(base, name) && base[len(base)-len(name)-1] == '.')
}

// Protects reports whether a path is one of an artifact: the configuration includes it, or the
// ledger of the head or of the base lists it.
func (s *Set) Protects(p artifact.Path) bool {
	return s.listed(p) || s.Config.Matches(p.String())
}
