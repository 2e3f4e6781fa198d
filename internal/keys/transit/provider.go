package transit

import (
	"context"
	"fmt"

	"github.com/codexlock/codexlock/internal/vaulttime"
)

// scheme is how key: names a key of Vault's transit engine.
const scheme = "vault-transit"

// A Provider takes keys from the Vault that VAULT_ADDR, VAULT_TOKEN and
// VAULT_NAMESPACE name, the variables that Vault's own program reads.
type Provider struct{}

// Scheme returns vault-transit.
func (Provider) Scheme() string { return scheme }

// Form returns the form of MOUNT/NAME.
func (Provider) Form() (pattern, words string) {
	return "[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,128}", "MOUNT/NAME"
}

// Refuse allows every key: the token says which of them this run may read.
func (Provider) Refuse(func(string) (string, bool), string) (problem, hint string) { return "", "" }

// Keys asks Vault. Without its address or a token this run has no key, as a fork's
// pull request has none: nothing is asked.
func (Provider) Keys(ctx context.Context, getenv func(string) (string, bool), _ func(string) ([]byte, error), name string) (latest vaulttime.Key, old []vaulttime.Key, err error) {
	get := func(name string) string { v, _ := getenv(name); return v }
	c := Client{Address: get("VAULT_ADDR"), Token: get("VAULT_TOKEN"), Namespace: get("VAULT_NAMESPACE")}
	if c.Address == "" || c.Token == "" {
		return vaulttime.Key{}, nil, nil
	}
	return c.Keys(ctx, name)
}

// Missing says that this run has nothing to open Vault with: a Vault that was asked and
// has no key is an error.
func (Provider) Missing(name string) (problem, hint string) {
	return fmt.Sprintf("%s:%s has none", scheme, name), "set VAULT_ADDR and VAULT_TOKEN, as for the program vault"
}

// NoOldKey says how Vault makes the next version.
func (Provider) NoOldKey(name string) string {
	return fmt.Sprintf("%s:%s has one version; make the next one in Vault (POST MOUNT/keys/NAME/rotate)", scheme, name)
}

// Workflow returns the secrets that open Vault.
func (Provider) Workflow(string) (secrets []string, settings map[string]string) {
	return []string{"VAULT_ADDR", "VAULT_TOKEN"}, nil
}
