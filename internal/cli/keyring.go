package cli

import (
	"fmt"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// keyring takes from the environment the keys of the domains, and no others: a
// record cannot choose a variable, and no key stands in for another domain's.
func keyring(c config.Config, env func(string) (string, bool)) (*vaulttime.Keyring, error) {
	keys := vaulttime.NewKeyring(c.Domains == nil)
	if c.Domains == nil {
		key, old, err := keysFrom(env, config.DefaultKeyEnv)
		keys.Default(key, old)
		return keys, err
	}
	for name, d := range c.Domains {
		key, old, err := keysFrom(env, d.KeyEnv)
		if err != nil {
			return nil, err
		}
		keys.Add(name, key, old)
		for _, p := range d.PublicKeys {
			public, err := vaulttime.ParsePublicKey(p.Key)
			if err != nil {
				return nil, err
			}
			keys.List(name, p.ID, public, vaulttime.Epoch(p.State))
		}
	}
	return keys, nil
}

// keysFrom reads a key, and the one before it while it is rotated.
func keysFrom(env func(string) (string, bool), name string) (key, old vaulttime.Key, err error) {
	if key, _, err = keyFrom(env, name); err != nil {
		return key, old, err
	}
	old, _, err = keyFrom(env, name+config.OldKeySuffix)
	return key, old, err
}

// keyFrom reads a key; an unset or empty variable is no key.
func keyFrom(env func(string) (string, bool), name string) (vaulttime.Key, bool, error) {
	secret, ok := env(name)
	if !ok || secret == "" {
		return vaulttime.Key{}, false, nil
	}
	key, err := vaulttime.NewKey([]byte(secret))
	if err != nil {
		return vaulttime.Key{}, false, fmt.Errorf("key in %s: %w", name, err)
	}
	return key, true, nil
}
