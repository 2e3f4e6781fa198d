package fetch

import (
	"fmt"
	"strings"
	"testing"

	"oras.land/oras-go/v2/registry/remote/auth"
)

func TestParseDockerConfig(t *testing.T) {
	c, err := ParseDockerConfig([]byte(`{
		"auths": {
			"ghcr.io": {"auth": "dXNlcjpwYXNzOndvcmQ="},
			"https://index.docker.io/v1/": {"username": "hub", "password": "secret"},
			"localhost:5000": {"identitytoken": "refresh"},
			"empty.example": {}
		},
		"credHelpers": {"gcr.io": "gcloud"}, "experimental": "enabled"
	}`))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]auth.Credential{
		"ghcr.io":              {Username: "user", Password: "pass:word"},
		"registry-1.docker.io": {Username: "hub", Password: "secret"},
		"localhost:5000":       {RefreshToken: "refresh"},
		"empty.example":        {}, "gcr.io": {}, "evil.ghcr.io": {}, "": {},
	} {
		if got := c.of(host); got != want {
			t.Errorf("%s: got %v, want %v", host, got, want)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(verb, c); strings.Contains(s, "word") {
			t.Errorf("%s prints %s", verb, s)
		}
	}
}

func TestBadDockerConfig(t *testing.T) {
	for _, text := range []string{"", "[]", `{"auths": 7}`, `{"auths": {"a": {"auth": "!"}}}`, `{"auths": {"a": {"auth": "c2VjcmV0"}}}`} {
		if _, err := ParseDockerConfig([]byte(text)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want an error that tells no secret", text, err)
		}
	}
}
