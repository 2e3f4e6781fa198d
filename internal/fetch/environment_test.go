package fetch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/fetch"
)

func environment(pairs string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, pair := range strings.Fields(pairs) {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}

func TestCacheDirIsAbsolute(t *testing.T) {
	for env, want := range map[string]string{
		"": "", "HOME=/h": "/h/.cache/codexlock/bundles", "HOME=/h XDG_CACHE_HOME=/x": "/x/codexlock/bundles",
		"HOME=/h XDG_CACHE_HOME=relative": "/h/.cache/codexlock/bundles", "HOME=relative": "",
	} {
		if got := fetch.CacheDir(environment(env)); got != want {
			t.Errorf("%q: %q, want %q", env, got, want)
		}
	}
}

// TestDockerCredentialsOfTheEnvironment: the variable goes before the file, a missing file is
// no error, and an error names where the text came from and not what is in it.
func TestDockerCredentialsOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for env, want := range map[string]string{
		"": "", "HOME=/absent": "", "DOCKER_CONFIG=/absent": "", "DOCKER_CONFIG=" + dir: filepath.Join(dir, "config.json"),
		`DOCKER_AUTH_CONFIG={"auths":{}} DOCKER_CONFIG=` + dir: "", "DOCKER_AUTH_CONFIG=secret": "DOCKER_AUTH_CONFIG",
	} {
		_, err := fetch.DockerCredentials(environment(env))
		if text := fmt.Sprint(err); (want == "") != (err == nil) || want != "" && !strings.HasPrefix(text, want) || strings.Contains(text, "secret") {
			t.Errorf("%q: %v, want %q", env, err, want)
		}
	}
}
