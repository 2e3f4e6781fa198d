package fetch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// CacheDir returns the directory of cached bundles (XDG base directories: a relative one is
// ignored); "" if the environment names none.
func CacheDir(env func(string) (string, bool)) string {
	if dir, _ := env("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "codexlock", "bundles")
	}
	if home, _ := env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".cache", "codexlock", "bundles")
	}
	return ""
}

// DockerCredentials returns those of docker login: from the variable DOCKER_AUTH_CONFIG, or
// from the file.
func DockerCredentials(env func(string) (string, bool)) (Credentials, error) {
	if text, _ := env("DOCKER_AUTH_CONFIG"); text != "" {
		c, err := ParseDockerConfig([]byte(text))
		if err != nil {
			return c, fmt.Errorf("DOCKER_AUTH_CONFIG %w", err)
		}
		return c, nil
	}
	dir, _ := env("DOCKER_CONFIG")
	if home, _ := env("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".docker")
	}
	if dir == "" {
		return Credentials{}, nil
	}
	name := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return Credentials{}, nil
	}
	if err != nil {
		return Credentials{}, err
	}
	c, err := ParseDockerConfig(text)
	if err != nil {
		return c, fmt.Errorf("%s %w", name, err)
	}
	return c, nil
}
