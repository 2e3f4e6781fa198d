package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/transit"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A keyStore is where keys are kept: it gives the one that seals, the zero Key
// where it has none, and those before it.
type keyStore interface {
	Keys(ctx context.Context, place string) (latest vaulttime.Key, old []vaulttime.Key, err error)
}

// keyring takes the keys of the domains from where the configuration says that they
// are, and no others: a record cannot choose a variable, and no key stands in for
// another domain's. What opens a store comes from the environment alone.
func keyring(ctx context.Context, c config.Config, env func(string) (string, bool)) (*vaulttime.Keyring, error) {
	keys := vaulttime.NewKeyring(c.Domains == nil)
	if c.Domains == nil {
		key, old, err := variables{env}.Keys(ctx, config.DefaultKeyEnv)
		keys.Default(key, old...)
		return keys, err
	}
	if err := checkKeyVariables(c, env); err != nil {
		return nil, err
	}
	vault := newVault(env)
	for name, d := range c.Domains {
		var store keyStore = variables{env}
		place := d.KeyEnv
		if d.Transit != "" {
			store, place = vault, d.Transit
		}
		key, old, err := store.Keys(ctx, place)
		if err != nil {
			return nil, err
		}
		keys.Add(name, key, old...)
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

// keyVariablesEnv is where the operator lists variables that hold keys and have
// another name than VAULTTIME_KEY….
const keyVariablesEnv = "CODEXLOCK_KEY_VARIABLES"

// checkKeyVariables refuses a configuration that names a variable as a key which
// nobody made one: a value that anyone can know, GITHUB_SHA for instance, signs
// whatever its author likes.
func checkKeyVariables(c config.Config, env func(string) (string, bool)) error {
	allowed := keyVariables(env)
	for _, name := range slices.Sorted(maps.Keys(c.Domains)) {
		d := c.Domains[name]
		if d.Transit != "" || isKeyVariable(d.KeyEnv) || slices.Contains(allowed, d.KeyEnv) {
			continue
		}
		return c.Fault("/trust_domains/"+name+"/key",
			fmt.Sprintf("rename the variable to %s_%s, here and where it is set; or have whoever runs codexlock list it: %s=%s", config.DefaultKeyEnv, d.KeyEnv, keyVariablesEnv, d.KeyEnv),
			"key of trust domain %q is the variable %q, want a name that begins with %s", name, d.KeyEnv, config.DefaultKeyEnv)
	}
	return nil
}

// keyVariables are the names that the operator lists, separated by whatever is no
// part of a name.
func keyVariables(env func(string) (string, bool)) []string {
	listed, _ := env(keyVariablesEnv)
	return strings.FieldsFunc(listed, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// isKeyVariable reports whether a variable's name alone says that it holds a key.
func isKeyVariable(name string) bool { return strings.HasPrefix(name, config.DefaultKeyEnv) }

// variables are the environment as a store of keys.
type variables struct {
	env func(string) (string, bool)
}

// Keys reads a variable, and the one of the key before it while it is rotated.
func (v variables) Keys(_ context.Context, name string) (key vaulttime.Key, old []vaulttime.Key, err error) {
	if key, _, err = keyFrom(v.env, name); err != nil {
		return key, nil, err
	}
	before, ok, err := keyFrom(v.env, name+config.OldKeySuffix)
	if ok {
		old = append(old, before)
	}
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

// noStore is a store that this run cannot open, and so one without keys: a fork's
// pull request has no token as it has no key.
type noStore struct{}

func (noStore) Keys(context.Context, string) (vaulttime.Key, []vaulttime.Key, error) {
	return vaulttime.Key{}, nil, nil
}

// newVault is HashiCorp Vault, by the variables that its own program reads.
func newVault(env func(string) (string, bool)) keyStore {
	get := func(name string) string { v, _ := env(name); return v }
	c := transit.Client{Address: get("VAULT_ADDR"), Token: get("VAULT_TOKEN"), Namespace: get("VAULT_NAMESPACE")}
	if c.Address == "" || c.Token == "" {
		return noStore{}
	}
	return c
}
