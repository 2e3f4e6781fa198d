// Package keys reads the keys of trust domains from the places in the base commit's
// configuration (key: in codexlock.yaml), and from nowhere else: a record cannot choose a
// variable, and no domain uses another domain's key. Credentials of a key store come only
// from the environment. Each kind of place is a provider, a package below this one; see
// the list of providers in this file.
package keys

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/keys/env"
	"github.com/codexlock/codexlock/internal/keys/transit"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// OldSuffix ends the variable of the key before the current one, while a key that is
// kept in the environment is rotated.
const OldSuffix = env.OldSuffix

// A Provider reads keys from one kind of place. A place is written SCHEME:NAME in the
// configuration; the methods get the name. getenv looks up a variable of this run's
// environment.
type Provider interface {
	// Scheme returns what key: begins with.
	Scheme() string
	// Form returns a regular expression (RE2, not anchored) of the names that there may
	// be, and the same in words, such as MOUNT/NAME. schemas/config.json repeats both.
	Form() (pattern, words string)
	// Refuse returns why the configuration may not use this name, as what follows "key of
	// trust domain X is", and the next step. An empty problem allows it.
	Refuse(getenv func(string) (string, bool), name string) (problem, hint string)
	// Keys returns the key that signs and the earlier ones, the zero Key where this run
	// has none. file reads the key in a file that a variable of the environment names. An error means that nobody knows whether it has one.
	Keys(ctx context.Context, getenv func(string) (string, bool), file func(name string) ([]byte, error), name string) (latest vaulttime.Key, old []vaulttime.Key, err error)
	// Missing returns why a run has no key, as what follows "no key for trust domain X:",
	// and the next step.
	Missing(name string) (problem, hint string)
	// NoOldKey returns what a rotation needs in addition to the current key.
	NoOldKey(name string) string
	// Workflow returns the secrets that a workflow passes on as variables of the same
	// name, and the variables that it sets to a fixed value.
	Workflow(name string) (secrets []string, settings map[string]string)
}

// providers are all providers. A new one is added only here.
var providers = []Provider{
	env.Provider{},
	transit.Provider{},
}

// providerOf returns the provider of a place. An unknown scheme is an error: no other place is
// used instead.
func providerOf(p config.KeyPlace) (Provider, error) {
	for _, provider := range providers {
		if provider.Scheme() == p.Scheme {
			return provider, nil
		}
	}
	return nil, fmt.Errorf("key %q is kept where no provider of keys looks", p.String())
}

// Ring takes the keys of all domains of a configuration; file reads the key in a file that
// the environment names. Its error is a *config.Error where the configuration names a place
// that it may not use.
func Ring(ctx context.Context, c config.Config, getenv func(string) (string, bool), file func(name string) ([]byte, error)) (*vaulttime.Keyring, error) {
	ring := vaulttime.NewKeyring(c.Domains == nil)
	if c.Domains == nil {
		key, old, err := take(ctx, config.DefaultKey, getenv, file)
		ring.Default(key, old...)
		return ring, err
	}
	if err := Check(c, getenv); err != nil { // before any store is opened
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Domains)) {
		d := c.Domains[name]
		key, old, err := take(ctx, d.Key, getenv, file)
		if err != nil {
			return nil, err
		}
		ring.Add(name, key, old...)
		for _, p := range d.PublicKeys {
			public, err := vaulttime.ParsePublicKey(p.Key)
			if err != nil {
				return nil, err
			}
			ring.List(name, p.ID, public, vaulttime.Epoch(p.State))
		}
	}
	return ring, nil
}

func take(ctx context.Context, p config.KeyPlace, getenv func(string) (string, bool), file func(string) ([]byte, error)) (latest vaulttime.Key, old []vaulttime.Key, err error) {
	provider, err := providerOf(p)
	if err != nil {
		return latest, nil, err
	}
	return provider.Keys(ctx, getenv, file, p.Name)
}

// Check refuses a configuration whose domains name a place that it may not use. Its
// error is then a *config.Error. No key is read.
func Check(c config.Config, getenv func(string) (string, bool)) error {
	for _, domain := range slices.Sorted(maps.Keys(c.Domains)) {
		p := c.Domains[domain].Key
		provider, err := providerOf(p)
		if err != nil {
			return err
		}
		if problem, hint := provider.Refuse(getenv, p.Name); problem != "" {
			return c.Problem("/trust_domains/"+domain+"/key", hint, "key of trust domain %q is %s", domain, problem)
		}
	}
	return nil
}

// Default is the key that every domain has where there is no configuration; ok is
// false where this run has none.
func Default(getenv func(string) (string, bool), file func(name string) ([]byte, error)) (key vaulttime.Key, ok bool, err error) {
	return env.Read(getenv, file, config.DefaultKeyEnv)
}

// Files returns the files that this environment names for the keys of a configuration's
// domains, each once, in the order of the domains' names.
func Files(c config.Config, getenv func(string) (string, bool)) []string {
	places := []config.KeyPlace{}
	for _, name := range slices.Sorted(maps.Keys(c.Domains)) {
		places = append(places, c.Domains[name].Key)
	}
	if c.Domains == nil {
		places = append(places, config.DefaultKey)
	}
	var files []string
	for _, p := range places {
		if p.Scheme != config.EnvScheme {
			continue
		}
		for _, variable := range []string{env.FileVariable(p.Name), env.FileVariable(p.Name + OldSuffix)} {
			if file, _ := getenv(variable); file != "" && !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files
}

// Within returns an environment that shows only the variables that hold keys, by their
// names or because the trusted configuration says so. An edited configuration could
// name any secret there is.
func Within(trusted config.Config, getenv func(string) (string, bool)) func(string) (string, bool) {
	known := map[string]bool{}
	for _, d := range trusted.Domains {
		known[d.Key.Variable()] = true
	}
	return func(name string) (string, bool) {
		if !known[name] && !env.IsKeyVariable(name) {
			return "", false
		}
		return getenv(name)
	}
}

// Secrets returns the keys that the environment's variables hold, or the files that they
// name: those whose names say so, and those that whoever runs codexlock lists. A file that
// cannot be read has none; Ring reports it.
func Secrets(getenv func(string) (string, bool), file func(name string) ([]byte, error), names []string) []string {
	listed := env.Listed(getenv)
	var found []string
	for _, name := range names {
		value, _ := getenv(name)
		switch {
		case value == "":
		case env.IsFileVariable(name):
			if text, err := file(value); err == nil {
				found = append(found, string(text))
			}
		case env.IsKeyVariable(name) || slices.Contains(listed, name):
			found = append(found, value)
		}
	}
	return found
}

// Workflow returns what the keys of all domains need in a workflow: the secrets that
// it passes on as variables of the same name, sorted, and the variables that it sets
// to a fixed value.
func Workflow(c config.Config) (secrets []string, settings map[string]string) {
	places := []config.KeyPlace{}
	for _, name := range slices.Sorted(maps.Keys(c.Domains)) {
		places = append(places, c.Domains[name].Key)
	}
	if len(places) == 0 {
		places = append(places, config.DefaultKey)
	}
	values := map[string][]string{}
	for _, p := range places {
		provider, err := providerOf(p)
		if err != nil {
			continue // whoever takes the keys reports it
		}
		needed, set := provider.Workflow(p.Name)
		secrets = append(secrets, needed...)
		for name, value := range set {
			values[name] = append(values[name], value)
		}
	}
	slices.Sort(secrets)
	settings = map[string]string{}
	for name, all := range values {
		slices.Sort(all)
		settings[name] = strings.Join(slices.Compact(all), " ")
	}
	return slices.Compact(secrets), settings
}

// A MissingError is a domain whose key this run does not have.
type MissingError struct {
	Domain string // "" for any, where there is no configuration
	Place  config.KeyPlace
}

// Missing is the error of a domain whose key this run does not have.
func Missing(domain string, d config.Domain) *MissingError {
	return &MissingError{Domain: domain, Place: d.Key}
}

func (e *MissingError) Error() string {
	of := fmt.Sprintf("trust domain %q", e.Domain)
	if e.Domain == "" {
		of = "any trust domain"
	}
	provider, err := providerOf(e.Place)
	if err != nil {
		return fmt.Sprintf("no key for %s: %v", of, err)
	}
	problem, _ := provider.Missing(e.Place.Name)
	return fmt.Sprintf("no key for %s: %s", of, problem)
}

// Hint is the next step.
func (e *MissingError) Hint() string {
	provider, err := providerOf(e.Place)
	if err != nil {
		return ""
	}
	_, hint := provider.Missing(e.Place.Name)
	return hint
}

// NoOldKey returns what the rotation of a domain's key needs in addition to the
// current key.
func NoOldKey(d config.Domain) string {
	provider, err := providerOf(d.Key)
	if err != nil {
		return err.Error()
	}
	return provider.NoOldKey(d.Key.Name)
}
