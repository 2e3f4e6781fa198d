package gate

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Keyring reads the keys of a configuration's domains from their places.
func (g *Gate) Keyring(ctx context.Context, c config.Config) (*vaulttime.Keyring, error) {
	return keys.Ring(ctx, c, g.world.Env, g.world.KeyFile)
}

// ConfigurationIn reads the configuration of a tree, and no key.
func (g *Gate) ConfigurationIn(ctx context.Context, r *repo.Repository, tree repo.Tree) (config.Config, error) {
	return baseLoader{gate: g, repository: r, base: tree}.config(ctx)
}

// Configuration reads the configuration of a tree, and the keys of its domains.
func (g *Gate) Configuration(ctx context.Context, r *repo.Repository, tree repo.Tree) (config.Config, *vaulttime.Keyring, error) {
	c, err := g.ConfigurationIn(ctx, r, tree)
	if err != nil {
		return c, nil, err
	}
	ring, err := g.Keyring(ctx, c)
	return c, ring, err
}

// ConfigurationOnDisk reads the configuration as it is on the disk, in a folder where no
// flag or variable names it; without a file it is the default one.
func (g *Gate) ConfigurationOnDisk(root string) (config.Config, error) {
	if named := g.options.Sources.Config.Value; named != "" {
		return readConfiguration(g.world.Path(named), artifact.Path(filepath.ToSlash(named)))
	}
	for _, p := range config.Paths {
		name := filepath.Join(root, p.String())
		if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
			continue
		}
		return readConfiguration(name, p)
	}
	return config.Default(), nil
}

func readConfiguration(name string, p artifact.Path) (config.Config, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return config.Config{}, exit.Usagef("read configuration: %w", err)
	}
	return config.Parse(p, text)
}

// ConfigurationPaths returns where the configuration of a repository may be, the first
// choice first: the file that a flag or a variable names, or else the usual places.
func (g *Gate) ConfigurationPaths(r *repo.Repository) ([]artifact.Path, error) {
	named := g.options.Sources.Config.Value
	if named == "" {
		return config.Paths[:], nil
	}
	return Paths(r, g.world.Dir, named)
}
