package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

const (
	secret = "a-key-for-the-tests-0123456789abcdef"
	older  = "another-key-for-the-tests-0123456789"
)

func id(t *testing.T, secret string) string {
	t.Helper()
	key, err := vaulttime.NewKey([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return key.ID()
}

// TestConfigSchemaKnowsEveryProvider: what key: may be in codexlock.yaml is what the
// providers say, and nothing else.
func TestConfigSchemaKnowsEveryProvider(t *testing.T) {
	var schema struct {
		Defs struct {
			Domain struct {
				Properties struct {
					Key struct {
						Pattern string `json:"pattern"`
						Want    string `json:"x-want"`
					} `json:"key"`
				} `json:"properties"`
			} `json:"domain"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schemas.Source(schemas.Config), &schema); err != nil {
		t.Fatal(err)
	}
	var patterns, words []string
	for _, p := range providers {
		pattern, form := p.Form()
		patterns = append(patterns, p.Scheme()+":"+pattern)
		words = append(words, p.Scheme()+": and "+form)
	}
	got := schema.Defs.Domain.Properties.Key
	if want := "^(" + strings.Join(patterns, "|") + ")$"; got.Pattern != want {
		t.Errorf("schemas/config.json: the pattern of key is\n%s\nwant, by the providers,\n%s", got.Pattern, want)
	}
	if want := strings.Join(words, ", or ") + ", because keys come from nowhere else"; got.Want != want {
		t.Errorf("schemas/config.json: x-want of key is\n%s\nwant, by the providers,\n%s", got.Want, want)
	}
}

// TestSchemes: a scheme names one provider.
func TestSchemes(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range providers {
		if p.Scheme() == "" || strings.Contains(p.Scheme(), ":") || seen[p.Scheme()] {
			t.Errorf("scheme %q, want one of its own without a colon", p.Scheme())
		}
		seen[p.Scheme()] = true
	}
	if !seen[config.DefaultKey.Scheme] {
		t.Errorf("no provider has the default key, %s", config.DefaultKey)
	}
}

// A shelf is a provider that exists in this test only: registered by one line, it is
// used for keys, refusals, words and workflows.
type shelf struct{ asked *[]string }

func (shelf) Scheme() string                { return "shelf" }
func (shelf) Form() (pattern, words string) { return "[a-z]+", "NAME" }
func (shelf) NoOldKey(name string) string   { return "put the old key of " + name + " there too" }
func (shelf) Missing(name string) (p, h string) {
	return "nothing on shelf " + name, "put one on " + name
}
func (shelf) Workflow(name string) ([]string, map[string]string) {
	return []string{"SHELF_TOKEN"}, map[string]string{"SHELF": name}
}

func (shelf) Refuse(_ func(string) (string, bool), name string) (problem, hint string) {
	if name == "public" {
		return "on the public shelf", "take another one"
	}
	return "", ""
}

func (s shelf) Keys(_ context.Context, getenv func(string) (string, bool), _ func(string) ([]byte, error), name string) (latest vaulttime.Key, old []vaulttime.Key, err error) {
	*s.asked = append(*s.asked, name)
	if name == "broken" {
		return latest, nil, errors.New("the shelf fell down")
	}
	text, ok := getenv("SHELF_" + name)
	if !ok {
		return latest, nil, nil
	}
	latest, err = vaulttime.NewKey([]byte(text))
	return latest, nil, err
}

func withShelf(t *testing.T) *[]string {
	t.Helper()
	asked := &[]string{}
	before := providers
	providers = append(slices.Clone(providers), shelf{asked})
	t.Cleanup(func() { providers = before })
	return asked
}

func TestOneLineRegistersAProvider(t *testing.T) {
	withShelf(t)
	c := config.Config{Domains: map[string]config.Domain{
		"a": {Key: config.KeyPlace{Scheme: "shelf", Name: "one"}},
		"b": {Key: config.KeyPlace{Scheme: "shelf", Name: "two"}},
		"c": {Key: config.KeyPlace{Scheme: "env", Name: "VAULTTIME_KEY_C"}},
		"d": {Key: config.KeyPlace{Scheme: "env", Name: "SIGNING"}},
	}}
	ring, err := Ring(t.Context(), c, environment("SHELF_one", secret, "VAULTTIME_KEY", older, "VAULTTIME_KEY_C_OLD", older, "CODEXLOCK_KEY_VARIABLES", "SIGNING", "SIGNING", older), noFile)
	if err != nil {
		t.Fatal(err)
	}
	for domain, want := range map[string]string{"a": id(t, secret), "b": "", "c": "", "d": id(t, older), "e": ""} {
		key, ok := ring.Key(domain)
		if got := map[bool]string{true: key.ID()}[ok]; got != want {
			t.Errorf("key of %s is %q, want %q: no key stands in for another domain's", domain, got, want)
		}
	}
	if held := ring.Held("c"); len(held) != 1 || held[0].ID() != id(t, older) {
		t.Errorf("%d keys of c, want the old one", len(held))
	}
	missing := Missing("b", c.Domains["b"])
	if got, want := missing.Error(), `no key for trust domain "b": nothing on shelf two`; got != want || missing.Hint() != "put one on two" {
		t.Errorf("got %s (%s), want %s", got, missing.Hint(), want)
	}
	if got := NoOldKey(c.Domains["a"]); !strings.Contains(got, "one") {
		t.Errorf("got %s", got)
	}
	secrets, settings := Workflow(c)
	if want := []string{"SHELF_TOKEN", "SIGNING", "VAULTTIME_KEY_C"}; !reflect.DeepEqual(secrets, want) {
		t.Errorf("secrets %v, want %v", secrets, want)
	}
	if want := map[string]string{"SHELF": "one two", "CODEXLOCK_KEY_VARIABLES": "SIGNING"}; !reflect.DeepEqual(settings, want) {
		t.Errorf("settings %v, want %v", settings, want)
	}
}

// TestRefusedBeforeAnythingIsRead: a configuration that names what is no key opens no
// store, also where other domains are in order.
func TestRefusedBeforeAnythingIsRead(t *testing.T) {
	asked := withShelf(t)
	domain := func(name string) config.Domain {
		return config.Domain{Key: config.KeyPlace{Scheme: "shelf", Name: name}}
	}
	text := []byte("version: 1\ntrust_domains: {a: {}, b: {}}\n")
	c, err := config.Parse("codexlock.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	c.Domains["a"], c.Domains["b"] = domain("one"), domain("public")
	_, err = Ring(t.Context(), c, environment(), noFile)
	var bad *config.Error
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), `key of trust domain "b" is on the public shelf`) || bad.Hint() != "take another one" {
		t.Errorf("got %v, want an error of the configuration", err)
	}
	if len(*asked) > 0 {
		t.Errorf("asked for %v, want nothing", *asked)
	}
	c.Domains["b"] = domain("broken")
	if _, err := Ring(t.Context(), c, environment(), noFile); err == nil || !strings.Contains(err.Error(), "fell down") {
		t.Errorf("got %v, want the store's error: it is not a domain without a key", err)
	}
	for _, p := range []config.KeyPlace{{}, {Scheme: "cloud", Name: "x"}} {
		c.Domains["b"] = config.Domain{Key: p}
		if _, err := Ring(t.Context(), c, environment(), noFile); err == nil {
			t.Errorf("%v: a ring, want an error: no provider knows it", p)
		}
	}
}

func TestWithin(t *testing.T) {
	trusted := config.Config{Domains: map[string]config.Domain{"a": {Key: config.KeyPlace{Scheme: "env", Name: "SIGNING"}}}}
	within := Within(trusted, environment("SIGNING", "1", "SECRET", "2", "VAULTTIME_KEY_NEW", "3", "VAULT_TOKEN", "4"))
	var got []string
	for _, name := range []string{"SIGNING", "SECRET", "VAULTTIME_KEY_NEW", "VAULT_TOKEN"} {
		value, ok := within(name)
		got = append(got, fmt.Sprintf("%s %t", value, ok))
	}
	if want := []string{"1 true", " false", "3 true", " false"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q: an edited configuration reads no other secret", got, want)
	}
}

// noFile reads no file: an environment without a file of a key asks for none.
func noFile(name string) ([]byte, error) { return nil, fmt.Errorf("nobody named %q", name) }

// folder reads files from a map.
func folder(files map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, errors.New("no such file")
		}
		return []byte(text), nil
	}
}

func TestSecrets(t *testing.T) {
	getenv := environment("CODEXLOCK_KEY_VARIABLES", "SIGNING, OTHER", "HOME", "home", "VAULTTIME_KEY", "one", "SIGNING", "two", "SIGN", "no",
		"VAULTTIME_KEY_OLD", "three", "VAULTTIME_KEY_FILE_X", "file", "VAULTTIME_KEY_FILE", "absent")
	got := Secrets(getenv, folder(map[string]string{"file": "four"}), []string{"HOME", "VAULTTIME_KEY", "SIGNING", "SIGN", "VAULTTIME_KEY_OLD", "VAULTTIME_KEY_FILE_X", "VAULTTIME_KEY_FILE"})
	if want := []string{"one", "two", "three", "four"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestKeyFiles: a domain's key is in its variable or in the file that another one names,
// the key before it too, and never in both unless they agree.
func TestKeyFiles(t *testing.T) {
	c := config.Config{Domains: map[string]config.Domain{
		"a": {Key: config.DefaultKey},
		"b": {Key: config.KeyPlace{Scheme: config.EnvScheme, Name: "VAULTTIME_KEY_B"}},
		"c": {Key: config.KeyPlace{Scheme: config.EnvScheme, Name: "SIGNING"}},
	}}
	files := folder(map[string]string{"fa": secret, "fb": older, "old": older, "weak": ""})
	for _, test := range []struct {
		name    string
		env     []string
		a, b    string // the keys; "" for none
		held    int    // of a
		failure string
	}{
		{"default", []string{"VAULTTIME_KEY_FILE", "fa"}, secret, "", 1, ""},
		{"of a domain", []string{"VAULTTIME_KEY_FILE_B", "fb"}, "", older, 0, ""},
		{"both agree", []string{"VAULTTIME_KEY_FILE", "fa", "VAULTTIME_KEY", secret}, secret, "", 1, ""},
		{"both differ", []string{"VAULTTIME_KEY_FILE", "fa", "VAULTTIME_KEY", older}, "", "", 0, "hold different keys"},
		{"the old one", []string{"VAULTTIME_KEY_FILE", "fa", "VAULTTIME_KEY_FILE_OLD", "old"}, secret, "", 2, ""},
		{"absent", []string{"VAULTTIME_KEY_FILE", "nowhere"}, "", "", 0, "no such file"},
		{"another name has no file", []string{"SIGNING_FILE", "fa"}, "", "", 0, ""},
		{"empty", []string{"VAULTTIME_KEY_FILE", ""}, "", "", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ring, err := Ring(t.Context(), c, environment(append(test.env, "CODEXLOCK_KEY_VARIABLES", "SIGNING")...), files)
			if test.failure != "" {
				if err == nil || !strings.Contains(err.Error(), test.failure) {
					t.Fatalf("error %v, want one about %q", err, test.failure)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for domain, want := range map[string]string{"a": test.a, "b": test.b, "c": ""} {
				key, ok := ring.Key(domain)
				if ok != (want != "") || ok && key.ID() != id(t, want) {
					t.Errorf("domain %s has key %v", domain, ok)
				}
			}
			if n := len(ring.Held("a")); n != test.held {
				t.Errorf("domain a has %d keys, want %d", n, test.held)
			}
		})
	}
	if got, want := Files(c, environment("VAULTTIME_KEY_FILE", "fa", "VAULTTIME_KEY_FILE_B_OLD", "old", "VAULTTIME_KEY_FILE_X", "x")), []string{"fa", "old"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

// TestFileVariableIsNoKey: a configuration cannot name the variable of a file as a key.
func TestFileVariableIsNoKey(t *testing.T) {
	for _, name := range []string{"VAULTTIME_KEY_FILE", "VAULTTIME_KEY_FILE_B"} {
		c, err := config.Parse("codexlock.yaml", []byte("version: 1\ntrust_domains:\n  a:\n    key: env:"+name+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Ring(t.Context(), c, environment(name, secret), noFile); err == nil || !strings.Contains(err.Error(), "names the file") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
