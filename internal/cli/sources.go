package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/fetch"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/policies"
)

// engine compiles the rules: the embedded ones always, and those of the base's
// directories and of pinned bundles beside them, or in place of the embedded
// ones whose name they have.
func (s settings) engine(ctx context.Context, c config.Config) (*policy.Engine, error) {
	sources, err := s.sources(ctx, c)
	if err != nil {
		return nil, err
	}
	return policy.Open(ctx, sources)
}

// sources are the embedded rules, and the owner's.
func (s settings) sources(ctx context.Context, c config.Config) ([]policy.Source, error) {
	embedded, err := policy.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	sources := []policy.Source{embedded}
	dirs, bundles, named := c.Policies, c.Bundles, c.PoliciesNamed
	if len(s.gate.policies) > 0 {
		named = true
		if dirs, bundles, err = written(s.gate.policies); err != nil {
			return nil, err
		}
	}
	for _, dir := range dirs {
		modules, err := s.modules(ctx, dir)
		if err != nil {
			return nil, err
		}
		switch {
		case len(modules) > 0:
			sources = append(sources, policy.Source{Name: "base", Modules: modules})
		case named && s.named():
			return nil, exit.Usagef("policies %q: no .rego file there", dir)
		case named:
			return nil, s.broken(c.File.String(), "policies %q: no .rego file there in %s", dir, s.where())
		}
	}
	from := s.gate
	from.offline = from.offline || s.edited // an edit could have us ask any server for anything
	for _, b := range bundles {
		source, err := from.bundle(ctx, b, c.PolicyKeys, func() ([]byte, error) { return s.bundleFile(ctx, b) })
		var notHere *fetch.Error
		switch {
		case err == nil:
			sources = append(sources, source)
		case s.lenient && errors.As(err, &notHere):
		case b.Kind == bundle.File && !s.named():
			return nil, &gateFileError{b.Path, err}
		default:
			return nil, err
		}
	}
	return sources, nil
}

// named reports whether the sources of rules are those of flags.
func (s settings) named() bool { return len(s.gate.policies) > 0 }

// written takes the sources of --policy apart.
func written(names []string) (dirs []string, bundles []bundle.Ref, err error) {
	for _, name := range names {
		ref, isBundle, err := bundle.Parse(name)
		switch {
		case err != nil:
			return nil, nil, exit.AsUsage(err)
		case isBundle:
			bundles = append(bundles, ref)
		default:
			dirs = append(dirs, name)
		}
	}
	return dirs, bundles, nil
}

// bundle gets the rules of a bundle: its bytes by their digest, then what they
// hold, then who signed it. A bundle that is a file is read by file.
func (g gate) bundle(ctx context.Context, b bundle.Ref, keys []bundle.PublicKey, file func() ([]byte, error)) (policy.Source, error) {
	var data []byte
	var err error
	if b.Kind == bundle.File {
		data, err = file()
	} else {
		data, err = g.fetcher().Fetch(ctx, b)
	}
	if err != nil {
		return policy.Source{}, err
	}
	if got := artifact.HashBytes(data); b.Kind == bundle.File && got != b.Digest {
		return policy.Source{}, &pinError{bundle: b, got: got}
	}
	entries, err := bundle.Unpack(data)
	if err != nil {
		return policy.Source{}, fmt.Errorf("%s: %w", b, err)
	}
	return policy.FromBundle(b.String(), b.Short(), entries, keys)
}

// A pinError is a bundle whose bytes are not those that were pinned.
type pinError struct {
	bundle bundle.Ref
	got    artifact.Digest
}

func (e *pinError) Error() string {
	return fmt.Sprintf("%s: sha256 is %s, pinned is %s", e.bundle.Path, e.got, e.bundle.Digest)
}

// Hint is the next step.
func (e *pinError) Hint() string {
	return "restore the bundle, or review the new one and pin its digest"
}

// bundleFile reads a bundle that is a file, where a directory of rules is read.
func (s settings) bundleFile(ctx context.Context, b bundle.Ref) ([]byte, error) {
	p := artifact.Path(b.Path)
	if s.named() {
		at, named, err := s.locate(b.Path)
		switch {
		case err != nil:
			return nil, err
		case at == nowhere:
			return nil, exit.Usagef("policies %q is outside the repository, want a bundle of the base commit", b.Path)
		case at == onDisk:
			return bundleOnDisk(join(s.gate.dir, b.Path))
		}
		p = named
	}
	entry, ok, err := s.base.Lookup(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, exit.Usagef("policies %q: no such file in %s", b.Path, s.where())
	case entry.Kind != repo.File:
		return nil, exit.Usagef("policies %q is a %s in %s, want a file", b.Path, entry.Kind, s.where())
	}
	data, err := s.base.Read(ctx, entry, bundle.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	return data, nil
}

func bundleOnDisk(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, exit.Usagef("policies: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, exit.Usagef("policies %q is no file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, exit.Usagef("policies: %w", err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, bundle.MaxBytes+1))
}

// fetcher gets bundles that are not in the repository, with what the environment
// says of the cache and of registries.
func (g gate) fetcher() *fetch.Client {
	return &fetch.Client{
		Cache:       cacheDir(g.env),
		Offline:     g.offline,
		Credentials: func() (fetch.Credentials, error) { return credentials(g.env) },
		Warn:        g.warn,
	}
}

// offline is whether the environment forbids the network.
func offline(env func(string) (string, bool)) bool {
	v, _ := env("CODEXLOCK_OFFLINE")
	return v != "" && v != "false" && v != "0"
}

// gate is an evaluation as the environment describes it, for every command the same
// way; flags say otherwise where a command has them.
func newGate(w host.World) gate {
	name, _ := w.Env("CODEXLOCK_CONFIG")
	return gate{dir: w.Dir, env: w.Env, self: self(w), config: name, offline: offline(w.Env)}
}

// cacheDir is where bundles are kept by digest (XDG base directories: a relative
// one is no directory); "" where the environment names no place.
func cacheDir(env func(string) (string, bool)) string {
	if dir, _ := env("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "codexlock", "bundles")
	}
	if home, _ := env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".cache", "codexlock", "bundles")
	}
	return ""
}

// credentials are those of docker login: from the variable DOCKER_AUTH_CONFIG,
// or from the file.
func credentials(env func(string) (string, bool)) (fetch.Credentials, error) {
	if text, _ := env("DOCKER_AUTH_CONFIG"); text != "" {
		c, err := fetch.ParseDockerConfig([]byte(text))
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
		return fetch.Credentials{}, nil
	}
	name := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return fetch.Credentials{}, nil
	}
	if err != nil {
		return fetch.Credentials{}, err
	}
	c, err := fetch.ParseDockerConfig(text)
	if err != nil {
		return c, fmt.Errorf("%s %w", name, err)
	}
	return c, nil
}

// modules reads the rules of a directory: from the believed commit, or from where
// a flag names them.
func (s settings) modules(ctx context.Context, dir string) ([]policy.Module, error) {
	p := artifact.Path(strings.TrimSuffix(dir, "/"))
	if s.named() {
		at, named, err := s.locate(strings.TrimSuffix(dir, "/"))
		switch {
		case err != nil:
			return nil, err
		case at == nowhere:
			return nil, exit.Usagef("policies %q is outside the repository, want a directory of the base commit", dir)
		case at == onDisk:
			return modulesOnDisk(s.gate.dir, dir)
		}
		p = named
	}
	return s.filesBelow(ctx, p, ".rego")
}

// filesBelow reads a folder's files of one suffix from the base commit.
func (s settings) filesBelow(ctx context.Context, dir artifact.Path, suffix string) ([]policy.Module, error) {
	if err := s.folder(ctx, dir.String()); err != nil {
		return nil, err
	}
	prefix := dir.String() + "/"
	var files []policy.Module
	for entry, err := range s.base.Entries(ctx) {
		if err != nil {
			return nil, fmt.Errorf("list %s in %s: %w", dir, s.where(), err)
		}
		if !strings.HasPrefix(entry.Path, prefix) || !strings.HasSuffix(entry.Path, suffix) {
			continue
		}
		if entry.Kind != repo.File {
			return nil, s.broken(entry.Path, "%s is a %s in %s, want a file", entry.Path, entry.Kind, s.where())
		}
		text, err := s.base.Read(ctx, entry, facts.MaxCompanionBytes)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", entry.Path, err)
		}
		files = append(files, policy.Module{Name: entry.Path, Text: text})
	}
	return files, nil
}

// modulesOnDisk reads a folder as it was written, seen from a directory, and
// names its files as whoever wrote it would.
func modulesOnDisk(from, dir string) ([]policy.Module, error) {
	var modules []policy.Module
	root := join(from, dir)
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".rego") {
			return err
		}
		text, err := os.ReadFile(name)
		modules = append(modules, policy.Module{Name: filepath.ToSlash(filepath.Join(dir, strings.TrimPrefix(name, root))), Text: text})
		return err
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, exit.Usagef("policies: %w", err)
	}
	sort.Slice(modules, func(i, j int) bool { return modules[i].Name < modules[j].Name })
	return modules, err
}
