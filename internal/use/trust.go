package use

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/keyfile"
	"github.com/codexlock/codexlock/internal/keys/env"
	"github.com/codexlock/codexlock/internal/owned"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// DefaultTrustFile is the trust file that is used without being named, if it exists.
const DefaultTrustFile = "/etc/codexlock/trust.yaml"

// maxTrustBytes bounds a configuration, as the strict decoder does.
const maxTrustBytes = 1 << 20

// A trust says which trust domains there are, with which keys. It never comes from the
// checkout that is verified.
type trust struct {
	config config.Config
	keys   *vaulttime.Keyring
	source string // what messages call it
	file   string // the trust file; "" for a commit
	text   []byte // of the configuration; nil for the defaults
	commit string // that the artifacts are compared with; "" for none
}

// noTrust is the next step where nothing says whom to trust.
const noTrust = "name whom to trust: --trust FILE, --base COMMIT, or the key in VAULTTIME_KEY"

// readTrustFile reads a trust file: a codexlock.yaml that nobody but root and this user can
// have written.
func readTrustFile(name string, getenv func(string) (string, bool)) (trust, error) {
	f, err := owned.Open(name)
	if hint := interface{ Hint() string }(nil); errors.As(err, &hint) {
		return trust{}, fmt.Errorf("trust file: %w", err) // it has a next step of its own
	}
	if err != nil {
		return trust{}, hinted(noTrust, "trust file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTrustBytes+1))
	if err != nil {
		return trust{}, fmt.Errorf("trust file: %w", err)
	}
	c, err := config.Parse(artifact.Path(filepath.ToSlash(name)), text)
	if err != nil {
		return trust{}, err
	}
	t, err := newTrust(c, name, getenv)
	t.file, t.text = name, text
	return t, err
}

// commitTrust reads the configuration of a commit. One that the caller names by its full id
// is trusted. HEAD, without a name, is what a change may have written: it is trusted as far
// as the key in the environment goes, and nothing in it can loosen what the key proves.
func commitTrust(ctx context.Context, sibling Sibling, root, base string, getenv func(string) (string, bool)) (trust, error) {
	if base == "" && !holdsKey(getenv) {
		return trust{}, hinted(noTrust, "nothing outside the repository says whom to trust")
	}
	answer, err := sibling(ctx, nil, "configuration", root, cmp.Or(base, "HEAD"))
	if err != nil {
		return trust{}, err
	}
	// The first line is the full id of the commit and the path of the file, "" for none.
	first, text, _ := bytes.Cut(answer, []byte("\n"))
	commit, file, _ := strings.Cut(string(first), " ")
	if base != "" && commit != base || len(commit) < minCommit {
		return trust{}, hinted("name it by its full id: git rev-parse COMMIT", "--base %s: is not the full id of a commit, and a name can be moved", base)
	}
	c := config.Default()
	if file != "" {
		if c, err = config.Parse(artifact.Path(file), text); err != nil {
			return trust{}, err
		}
	}
	if base == "" {
		c = tightened(c, getenv)
	}
	t, err := newTrust(c, "commit "+commit[:12], getenv)
	t.text, t.commit = text, commit
	return t, err
}

// minCommit is the length of a commit's id, in SHA-1.
const minCommit = 40

// holdsKey reports whether the environment holds a key or names the file of one.
func holdsKey(getenv func(string) (string, bool)) bool {
	set := func(name string) bool { v, _ := getenv(name); return v != "" }
	return set(config.DefaultKeyEnv) || set(env.FileVariable(config.DefaultKeyEnv)) || set(anyKey)
}

// anyKey is a name that Environment answers with a value if a variable of the process holds
// the key of a trust domain, VAULTTIME_KEY_<DOMAIN>.
const anyKey = config.DefaultKeyEnv + "_"

// Environment returns a lookup in variables as os.Environ lists them.
func Environment(variables []string) func(name string) (string, bool) {
	all := map[string]string{}
	for _, pair := range variables {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		all[name] = value
		if strings.HasPrefix(name, anyKey) && value != "" {
			all[anyKey] = "set"
		}
	}
	return func(name string) (string, bool) { v, ok := all[name]; return v, ok }
}

// tightened returns a configuration of which only what is strict counts: the key of a domain
// is VAULTTIME_KEY_<DOMAIN> if it is set, else VAULTTIME_KEY; a record needs a proof of that
// key and lives for a day; no listed key verifies anything, and where keys are listed the
// key is refused unless it is one of them; no domain accepts from another; the interpreters
// are the system's.
func tightened(c config.Config, getenv func(string) (string, bool)) config.Config {
	c.RequireProof, c.Keyless, c.Root, c.Interpreters = true, "deny", "", nil
	domains := make(map[string]config.Domain, len(c.Domains))
	for name, d := range c.Domains {
		own := KeyVariable(name)
		if v, _ := getenv(own); v == "" {
			if v, _ = getenv(env.FileVariable(own)); v == "" {
				own = config.DefaultKeyEnv
			}
		}
		d.Key = config.KeyPlace{Scheme: config.EnvScheme, Name: own}
		d.MaxTTLHours = min(d.MaxTTLHours, config.DefaultTTLHours)
		d.AcceptsFrom = nil
		domains[name] = d
	}
	if c.Domains != nil {
		c.Domains = domains
	}
	return c
}

// KeyVariable returns the environment variable of a trust domain's own key, such as
// VAULTTIME_KEY_RUNTIME_CORE for runtime-core.
func KeyVariable(domain string) string {
	return anyKey + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, domain)
}

// newTrust takes the keys of a configuration's domains from the environment. It asks no
// server: a domain whose key is elsewhere needs a public key.
func newTrust(c config.Config, source string, getenv func(string) (string, bool)) (trust, error) {
	file := func(name string) ([]byte, error) { return keyfile.Read(name, name) }
	ring := vaulttime.NewKeyring(c.Domains == nil)
	t := trust{config: c, keys: ring, source: source}
	if c.Domains == nil {
		key, old, err := env.Provider{}.Keys(context.Background(), getenv, file, config.DefaultKeyEnv)
		ring.Default(key, old...)
		return t, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Domains)) {
		d := c.Domains[name]
		if err := addKeys(ring, c, name, d, getenv, file); err != nil {
			return trust{}, err
		}
	}
	return t, nil
}

// addKeys adds the keys of one domain.
func addKeys(ring *vaulttime.Keyring, c config.Config, name string, d config.Domain, getenv func(string) (string, bool), file func(string) ([]byte, error)) error {
	var key vaulttime.Key
	var old []vaulttime.Key
	if d.Key.Scheme == config.EnvScheme {
		if problem, hint := (env.Provider{}).Refuse(getenv, d.Key.Name); problem != "" {
			return c.Problem("/trust_domains/"+name+"/key", hint, "key of trust domain %q is %s", name, problem)
		}
		var err error
		if key, old, err = (env.Provider{}).Keys(context.Background(), getenv, file, d.Key.Name); err != nil {
			return err
		}
	} else if len(d.PublicKeys) == 0 {
		return c.Problem("/trust_domains/"+name, "list the domain's public keys in a trust file: codexlock keys public", "the key of trust domain %q is kept in %s, and its public keys are not listed", name, d.Key)
	}
	ring.Add(name, key, old...)
	for _, p := range d.PublicKeys {
		public, err := vaulttime.ParsePublicKey(p.Key)
		if err != nil {
			return err
		}
		if key.ID() == p.ID && !bytes.Equal(key.PublicKey(), public) {
			return errors.New("the key of trust domain " + name + " differs from the public key that is listed under its id")
		}
		ring.List(name, p.ID, public, vaulttime.Epoch(p.State))
	}
	return nil
}

// KeyVariables reports which variables of the environment hold keys, or lead to them: the
// child of a run gets none.
func (v *Verifier) KeyVariables() func(name string) bool {
	named := map[string]bool{}
	elsewhere := false
	for _, d := range v.trust.config.Domains {
		named[d.Key.Name], named[d.Key.Name+env.OldSuffix] = true, true
		elsewhere = elsewhere || d.Key.Scheme != config.EnvScheme
	}
	for _, name := range env.Listed(v.o.Getenv) {
		named[name] = true
	}
	return func(name string) bool {
		return named[name] || env.IsKeyVariable(name) || elsewhere && strings.HasPrefix(name, "VAULT_")
	}
}

// Interpreter returns where a trust file says that an interpreter is, and its digest.
func (v *Verifier) Interpreter(name string) (config.Interpreter, bool) {
	i, ok := v.trust.config.Interpreters[name]
	return i, ok
}

// TrustFile returns the trust file, "" where another word is trusted.
func (v *Verifier) TrustFile() string { return v.trust.file }
