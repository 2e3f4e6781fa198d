// Package env is the provider of keys in environment variables. It reads only the variables
// that the configuration names.
package env

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// OldSuffix makes of a key's variable the one that holds the key before it, while a
// key is rotated. It is a convention, so that neither a record nor a change can say
// which variable is read.
const OldSuffix = "_OLD"

// ListVariable is where whoever runs codexlock lists variables that hold keys and whose
// names do not begin with VAULTTIME_KEY.
const ListVariable = "CODEXLOCK_KEY_VARIABLES"

// A Provider takes keys from environment variables.
type Provider struct{}

// Scheme returns env.
func (Provider) Scheme() string { return config.EnvScheme }

// Form returns the form of a variable's name.
func (Provider) Form() (pattern, words string) {
	return "[A-Za-z_][A-Za-z0-9_]{0,254}", "the name of an environment variable"
}

// Refuse refuses a variable that nobody made a key: a value that anyone can know,
// GITHUB_SHA for instance, signs whatever its author likes.
func (Provider) Refuse(getenv func(string) (string, bool), name string) (problem, hint string) {
	if IsKeyVariable(name) || slices.Contains(Listed(getenv), name) {
		return "", ""
	}
	return fmt.Sprintf("the variable %q, want a name that begins with %s", name, config.DefaultKeyEnv),
		fmt.Sprintf("rename the variable to %s_%s, here and where it is set; or have whoever runs codexlock list it: %s=%s", config.DefaultKeyEnv, name, ListVariable, name)
}

// Keys reads a variable, and the one of the key before it while it is rotated.
func (Provider) Keys(_ context.Context, getenv func(string) (string, bool), name string) (key vaulttime.Key, old []vaulttime.Key, err error) {
	if key, _, err = Read(getenv, name); err != nil {
		return key, nil, err
	}
	before, ok, err := Read(getenv, name+OldSuffix)
	if ok {
		old = append(old, before)
	}
	return key, old, err
}

// Missing names the variable that is not set.
func (Provider) Missing(name string) (problem, hint string) {
	return fmt.Sprintf("the environment variable %s is not set, or empty", name),
		fmt.Sprintf("set %s to the trust domain's key; to make a new one: codexlock keys generate", name)
}

// NoOldKey names both variables.
func (Provider) NoOldKey(name string) string {
	return fmt.Sprintf("want the new one in %s, and the one before it in %s%s", name, name, OldSuffix)
}

// Workflow returns the variable, and lists it where its name does not say that it holds
// a key.
func (Provider) Workflow(name string) (secrets []string, settings map[string]string) {
	if IsKeyVariable(name) {
		return []string{name}, nil
	}
	return []string{name}, map[string]string{ListVariable: name}
}

// IsKeyVariable reports whether a variable's name alone says that it holds a key.
func IsKeyVariable(name string) bool { return strings.HasPrefix(name, config.DefaultKeyEnv) }

// Listed returns the names that whoever runs codexlock lists, separated by whatever is
// no part of a name.
func Listed(getenv func(string) (string, bool)) []string {
	listed, _ := getenv(ListVariable)
	return strings.FieldsFunc(listed, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Read reads a key; an unset or empty variable is no key.
func Read(getenv func(string) (string, bool), name string) (vaulttime.Key, bool, error) {
	secret, ok := getenv(name)
	if !ok || secret == "" {
		return vaulttime.Key{}, false, nil
	}
	key, err := vaulttime.NewKey([]byte(secret))
	if err != nil {
		return vaulttime.Key{}, false, fmt.Errorf("key in %s: %w", name, err)
	}
	return key, true, nil
}
