package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/policykey"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Keyring reads the keys of a configuration's domains from their places.
func (g *Gate) Keyring(ctx context.Context, c config.Config) (*vaulttime.Keyring, error) {
	return keys.Ring(ctx, c, g.world.Env, g.world.KeyFile)
}

// ConfigurationIn reads the configuration of a tree, and no key.
func (g *Gate) ConfigurationIn(ctx context.Context, r *repo.Repository, tree trees.Tree) (config.Config, error) {
	return baseLoader{gate: g, repository: r, base: tree}.config(ctx)
}

// Configuration reads the configuration of a tree, and the keys of its domains.
func (g *Gate) Configuration(ctx context.Context, r *repo.Repository, tree trees.Tree) (config.Config, *vaulttime.Keyring, error) {
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
	return parseConfiguration(p, text)
}

// parseConfiguration reads the text of a configuration, and the keys in it that only rule
// bundles need. Its error is a *config.Error.
func parseConfiguration(p artifact.Path, text []byte) (config.Config, error) {
	c, err := config.Parse(p, text)
	if err != nil {
		return config.Config{}, err
	}
	if _, err := policyKeys(c); err != nil {
		return config.Config{}, err
	}
	return c, nil
}

// policyKeys reads the keys that check the signatures of rule bundles. Its error is a
// *config.Error.
func policyKeys(c config.Config) ([]policykey.Key, error) {
	keys := make([]policykey.Key, 0, len(c.PolicyKeys))
	for i, text := range c.PolicyKeys {
		key, err := policykey.Parse(text)
		if err != nil {
			return nil, c.Problem(fmt.Sprintf("/policy_keys/%d", i), "print the public half: openssl pkey -in KEY.pem -pubout", "policy key %v", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
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
