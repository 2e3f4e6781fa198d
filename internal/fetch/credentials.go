package fetch

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// Credentials are the credentials of registries by host, as docker login stores them.
type Credentials struct{ byHost map[string]auth.Credential }

// Format prints a placeholder, so that no message contains a secret.
func (Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted credentials]") }

// ParseDockerConfig reads the auths of a Docker configuration. It starts no credential
// helper that the configuration names, because helpers are programs.
func ParseDockerConfig(text []byte) (Credentials, error) {
	var file struct {
		Auths map[string]struct {
			Auth          string `json:"auth"`
			Username      string `json:"username"`
			Password      string `json:"password"`
			IdentityToken string `json:"identitytoken"`
			RegistryToken string `json:"registrytoken"`
		} `json:"auths"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return Credentials{}, errors.New("is not the JSON that docker login writes") // the error may quote a secret
	}
	c := Credentials{byHost: map[string]auth.Credential{}}
	for name, entry := range file.Auths {
		found := auth.Credential{Username: entry.Username, Password: entry.Password, RefreshToken: entry.IdentityToken, AccessToken: entry.RegistryToken}
		if entry.Auth != "" {
			both, err := base64.StdEncoding.DecodeString(entry.Auth)
			user, password, ok := strings.Cut(strings.TrimRight(string(both), "\x00"), ":")
			if err != nil || !ok {
				return Credentials{}, fmt.Errorf("has an entry for %q whose auth is not user:password in base64", name)
			}
			found.Username, found.Password = user, password
		}
		if found != auth.EmptyCredential {
			c.byHost[host(name)] = found
		}
	}
	return c, nil
}

// host returns the registry of an entry: docker login stores some as addresses, and
// Docker Hub under three names.
func host(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")
	name, _, _ = strings.Cut(name, "/")
	if name == "index.docker.io" || name == "docker.io" {
		return "registry-1.docker.io"
	}
	return name
}

func (c Credentials) of(host string) auth.Credential { return c.byHost[host] }
