// Package env is the provider of keys in environment variables, and in files that
// environment variables name. It reads only the variables that the configuration names.
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

// A Provider takes keys from environment variables, and from files that they name.
type Provider struct{}

// Scheme returns env.
func (Provider) Scheme() string { return config.EnvScheme }

// Form returns the form of a variable's name.
func (Provider) Form() (pattern, words string) {
	return "[A-Za-z_][A-Za-z0-9_]{0,254}", "the name of an environment variable"
}

// Refuse refuses a variable that nobody made a key: a value that anyone can know,
// GITHUB_SHA for instance, signs whatever its author likes. It refuses a variable that
// names a file, too.
func (Provider) Refuse(getenv func(string) (string, bool), name string) (problem, hint string) {
	if IsFileVariable(name) {
		return fmt.Sprintf("the variable %q, which names the file of a key and is not the key", name),
			fmt.Sprintf("name the variable without FILE: codexlock reads the file that %s_FILE… names where that variable is not set", config.DefaultKeyEnv)
	}
	if IsKeyVariable(name) || slices.Contains(Listed(getenv), name) {
		return "", ""
	}
	return fmt.Sprintf("the variable %q, want a name that begins with %s", name, config.DefaultKeyEnv),
		fmt.Sprintf("rename the variable to %s_%s, here and where it is set; or have whoever runs codexlock list it: %s=%s", config.DefaultKeyEnv, name, ListVariable, name)
}

// Keys reads a variable or the file that another one names, and the same of the key before
// it while it is rotated.
func (Provider) Keys(_ context.Context, getenv func(string) (string, bool), file func(string) ([]byte, error), name string) (key vaulttime.Key, old []vaulttime.Key, err error) {
	if key, _, err = Read(getenv, file, name); err != nil {
		return key, nil, err
	}
	before, ok, err := Read(getenv, file, name+OldSuffix)
	if ok {
		old = append(old, before)
	}
	return key, old, err
}

// Missing names the variables that are not set, and says what somebody does who is not
// meant to have the key.
func (Provider) Missing(name string) (problem, hint string) {
	unset := fmt.Sprintf("the environment variable %s is not set, or empty", name)
	if file := FileVariable(name); file != "" {
		unset += fmt.Sprintf(", and neither is %s, which names a file", file)
	}
	return unset, fmt.Sprintf("set %s to the trust domain's key; to make a new one: codexlock keys generate; if you are not meant to have the key, push your change without attesting it: a maintainer reviews it and attests it with the workflow attest.yml (Actions, Attest, Run workflow)", name)
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

// fileWord comes after VAULTTIME_KEY in the name of the variable that names a key's file.
const fileWord = "_FILE"

// FileVariable returns the variable that names the file of the key that another variable
// holds: VAULTTIME_KEY_FILE for VAULTTIME_KEY, VAULTTIME_KEY_FILE_RELEASE for
// VAULTTIME_KEY_RELEASE. It is "" for a variable with another name.
func FileVariable(name string) string {
	rest, ok := strings.CutPrefix(name, config.DefaultKeyEnv)
	if !ok || rest != "" && rest[0] != '_' || IsFileVariable(name) {
		return ""
	}
	return config.DefaultKeyEnv + fileWord + rest
}

// IsFileVariable reports whether a variable names the file of a key.
func IsFileVariable(name string) bool {
	rest, ok := strings.CutPrefix(name, config.DefaultKeyEnv+fileWord)
	return ok && (rest == "" || rest[0] == '_')
}

// A TwoKeysError is a variable and a file with different keys: nobody knows which one is
// meant.
type TwoKeysError struct{ Variable, File string }

func (e *TwoKeysError) Error() string {
	return fmt.Sprintf("%s and the file that %s names hold different keys, want one key", e.Variable, e.File)
}

// Hint is the next step.
func (e *TwoKeysError) Hint() string { return fmt.Sprintf("unset %s or %s", e.Variable, e.File) }

// Usage says that the user corrects it.
func (e *TwoKeysError) Usage() bool { return true }

// Read reads the key that a variable holds, or the file that another one names; file reads
// that. Variables that are unset or empty are no key, and ok is false. Both set to
// different keys is a *TwoKeysError.
func Read(getenv func(string) (string, bool), file func(string) ([]byte, error), name string) (key vaulttime.Key, ok bool, err error) {
	secret, _ := getenv(name)
	source := name
	if variable := FileVariable(name); variable != "" {
		if path, _ := getenv(variable); path != "" {
			text, err := file(path)
			switch {
			case err != nil:
				return vaulttime.Key{}, false, fmt.Errorf("%s: %w", variable, err)
			case secret != "" && secret != string(text):
				return vaulttime.Key{}, false, &TwoKeysError{Variable: name, File: variable}
			}
			secret, source = string(text), variable
		}
	}
	if secret == "" {
		return vaulttime.Key{}, false, nil
	}
	key, err = vaulttime.NewKey([]byte(secret))
	if err != nil {
		return vaulttime.Key{}, false, fmt.Errorf("key in %s: %w", source, err)
	}
	return key, true, nil
}
