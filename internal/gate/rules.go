package gate

import (
	"cmp"
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
	"github.com/codexlock/codexlock/internal/bundle/archive"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/fetch"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/policykey"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/policies"
)

// engine compiles the rules: the embedded ones always, and those of the base's directories and
// of pinned bundles next to them. One with the name of an embedded rule replaces it.
func (l baseLoader) engine(ctx context.Context, c config.Config) (*policy.Engine, error) {
	sources, err := l.sources(ctx, c)
	if err != nil {
		return nil, err
	}
	return policy.Open(ctx, sources)
}

// sources are the embedded rules, and the owner's.
func (l baseLoader) sources(ctx context.Context, c config.Config) ([]ruleset.Source, error) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	sources := []ruleset.Source{embedded}
	dirs, bundles, named := c.Policies, c.Bundles, c.PoliciesNamed
	if len(l.gate.options.Sources.Policies) > 0 {
		named = true
		if dirs, bundles, err = parseSources(l.gate.options.Sources.Policies); err != nil {
			return nil, err
		}
	}
	for _, dir := range dirs {
		modules, err := l.modules(ctx, dir)
		if err != nil {
			return nil, err
		}
		switch {
		case len(modules) > 0:
			sources = append(sources, ruleset.Source{Name: "base", Modules: modules})
		case named && l.named():
			return nil, exit.Usagef("policies %q: no .rego file there", dir)
		case named:
			return nil, l.broken(c.File.String(), "policies %q: no .rego file there in %s", dir, l.where())
		}
	}
	keys, err := policyKeys(c)
	if err != nil {
		return nil, err
	}
	fetcher := l.gate.fetcher()
	fetcher.Offline = fetcher.Offline || l.edited // an edit could name any server
	for _, b := range bundles {
		source, err := readBundle(ctx, fetcher, b, keys, func() ([]byte, error) { return l.bundleFile(ctx, b) })
		var notHere *fetch.Error
		switch {
		case err == nil:
			sources = append(sources, source)
		case l.lenient && errors.As(err, &notHere):
		case b.Kind == bundle.File && !l.named():
			return nil, &fileError{b.Path, err}
		default:
			return nil, err
		}
	}
	return sources, nil
}

// named reports whether the sources of rules are those of flags.
func (l baseLoader) named() bool { return len(l.gate.options.Sources.Policies) > 0 }

// parseSources takes the sources of --policy apart.
func parseSources(names []string) (dirs []string, bundles []bundle.Ref, err error) {
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

// readBundle gets the rules of a bundle: its bytes by their digest, then what they
// hold, then who signed it. A bundle that is a file is read by file.
func readBundle(ctx context.Context, fetcher *fetch.Client, b bundle.Ref, keys []policykey.Key, file func() ([]byte, error)) (ruleset.Source, error) {
	var data []byte
	var err error
	if b.Kind == bundle.File {
		data, err = file()
	} else {
		data, err = fetcher.Fetch(ctx, b)
	}
	if err != nil {
		return ruleset.Source{}, err
	}
	if got := artifact.HashBytes(data); b.Kind == bundle.File && got != b.Digest {
		return ruleset.Source{}, &pinError{bundle: b, got: got}
	}
	entries, err := archive.Unpack(data)
	if err != nil {
		return ruleset.Source{}, fmt.Errorf("%s: %w", b, err)
	}
	return ruleset.FromBundle(b.String(), b.Short(), entries, keys)
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
func (l baseLoader) bundleFile(ctx context.Context, b bundle.Ref) ([]byte, error) {
	p := artifact.Path(b.Path)
	if l.named() {
		at, named, err := l.locate(b.Path)
		switch {
		case err != nil:
			return nil, err
		case at == nowhere:
			return nil, exit.Usagef("policies %q is outside the repository, want a bundle of the base commit", b.Path)
		case at == onDisk:
			return bundleOnDisk(l.gate.world.Path(b.Path))
		}
		p = named
	}
	entry, ok, err := l.base.Lookup(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, exit.Usagef("policies %q: no such file in %s", b.Path, l.where())
	case entry.Kind != trees.File:
		return nil, exit.Usagef("policies %q is a %s in %s, want a file", b.Path, entry.Kind, l.where())
	}
	data, err := l.base.Read(ctx, entry, archive.MaxBytes)
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
	return io.ReadAll(io.LimitReader(f, archive.MaxBytes+1))
}

// fetcher returns the client that fetches bundles, with the cache and the credentials that the
// environment names.
func (g *Gate) fetcher() *fetch.Client {
	return &fetch.Client{
		Cache:       fetch.CacheDir(g.world.Env),
		Offline:     g.options.Sources.Offline.Value,
		Credentials: func() (fetch.Credentials, error) { return fetch.DockerCredentials(g.world.Env) },
		Warn:        g.world.Warn,
	}
}

// modules reads the rules of a directory: from the trusted base, or from where
// a flag names them.
func (l baseLoader) modules(ctx context.Context, dir string) ([]ruleset.Module, error) {
	p := artifact.Path(strings.TrimSuffix(dir, "/"))
	if l.named() {
		at, named, err := l.locate(strings.TrimSuffix(dir, "/"))
		switch {
		case err != nil:
			return nil, err
		case at == nowhere:
			return nil, exit.Usagef("policies %q is outside the repository, want a directory of the base commit", dir)
		case at == onDisk:
			return ModulesOnDisk(l.gate.world.Dir, dir)
		}
		p = named
	}
	return l.filesBelow(ctx, p, ".rego")
}

// filesBelow reads a folder's files of one suffix from the base commit.
func (l baseLoader) filesBelow(ctx context.Context, dir artifact.Path, suffix string) ([]ruleset.Module, error) {
	if err := l.folder(ctx, dir.String()); err != nil {
		return nil, err
	}
	prefix := dir.String() + "/"
	var files []ruleset.Module
	for entry, err := range trees.EntriesWithin(ctx, l.base, trees.Within{dir.String()}) {
		if err != nil {
			return nil, fmt.Errorf("list %s in %s: %w", dir, l.where(), err)
		}
		if !strings.HasPrefix(entry.Path, prefix) || !strings.HasSuffix(entry.Path, suffix) {
			continue
		}
		if entry.Kind != trees.File {
			return nil, l.broken(entry.Path, "%s is a %s in %s, want a file", entry.Path, entry.Kind, l.where())
		}
		text, err := l.base.Read(ctx, entry, document.MaxCompanionBytes)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", entry.Path, err)
		}
		files = append(files, ruleset.Module{Name: entry.Path, Text: text})
	}
	return files, nil
}

// ModulesOnDisk reads the rules of a folder on the disk, seen from the directory from. It names
// files with the folder as it was written.
func ModulesOnDisk(from, dir string) ([]ruleset.Module, error) {
	var modules []ruleset.Module
	root := dir
	if !filepath.IsAbs(root) {
		root = filepath.Join(from, dir)
	}
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".rego") {
			return err
		}
		text, err := os.ReadFile(name)
		modules = append(modules, ruleset.Module{Name: filepath.ToSlash(filepath.Join(dir, strings.TrimPrefix(name, root))), Text: text})
		return err
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, exit.Usagef("policies: %w", err)
	}
	sort.Slice(modules, func(i, j int) bool { return modules[i].Name < modules[j].Name })
	return modules, err
}

// Rules compiles the rules that the gate would ask in the working directory.
// Without a commit to trust, those are the embedded rules and the rules of --policy.
func (g *Gate) Rules(ctx context.Context) (*policy.Engine, error) {
	r, err := repo.Open(ctx, g.world.Dir)
	var none *git.NotARepositoryError
	if errors.As(err, &none) {
		return g.rulesOnDisk(ctx)
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	base, err := g.commit(ctx, r, cmp.Or(g.options.Base.revision(), "HEAD"))
	var empty *git.NoCommitsError
	if errors.As(err, &empty) {
		return g.rulesOnDisk(ctx)
	}
	if err != nil {
		return nil, err
	}
	tree, err := r.Tree(ctx, base)
	if err != nil {
		return nil, err
	}
	source := baseLoader{gate: g, repository: r, base: tree}
	c, err := source.config(ctx)
	if err != nil {
		return nil, err
	}
	return source.engine(ctx, c)
}

func (g *Gate) rulesOnDisk(ctx context.Context) (*policy.Engine, error) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	sources := []ruleset.Source{embedded}
	dirs, bundles, err := parseSources(g.options.Sources.Policies)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		modules, err := ModulesOnDisk(g.world.Dir, dir)
		if err != nil {
			return nil, err
		}
		if len(modules) == 0 {
			return nil, exit.Usagef("policies %q: no .rego file there", dir)
		}
		sources = append(sources, ruleset.Source{Name: dir, Modules: modules})
	}
	for _, b := range bundles {
		source, err := readBundle(ctx, g.fetcher(), b, nil, func() ([]byte, error) { return bundleOnDisk(g.world.Path(b.Path)) })
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return policy.New(ctx, sources)
}
