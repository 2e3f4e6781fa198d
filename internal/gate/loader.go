package gate

import (
	"cmp"
	"context"
	"iter"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/ownerschema"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/trees"
)

// A baseLoader reads configuration, rules and schemas from the tree of the trusted base.
// Only what a flag or an input names can be elsewhere: see locate.
type baseLoader struct {
	gate       *Gate
	repository *repo.Repository
	base       trees.Tree
	edited     bool // reads the change's gate, for a preview: nothing is read from elsewhere
	lenient    bool // omits bundles that are not in the cache
}

// where names the tree that is read, for messages.
func (l baseLoader) where() string {
	if l.edited {
		return "the change"
	}
	return "the base commit"
}

func (l baseLoader) config(ctx context.Context) (config.Config, error) {
	if l.gate.options.Sources.Config.Value != "" {
		return l.namedConfig(ctx, l.gate.options.Sources.Config.Value)
	}
	for _, p := range config.Paths {
		text, ok, err := l.fromBase(ctx, p)
		if err != nil {
			return config.Config{}, err
		}
		if ok {
			return parseConfiguration(p, text)
		}
	}
	return config.Default(), nil
}

func (l baseLoader) namedConfig(ctx context.Context, written string) (config.Config, error) {
	at, p, err := l.locate(written)
	switch {
	case err != nil:
		return config.Config{}, err
	case at == nowhere:
		return config.Config{}, exit.Usagef("configuration %q is outside the repository, want a file of the base commit", written)
	case at == onDisk:
		return readConfiguration(l.gate.world.Path(written), cmp.Or(p, artifact.Path(filepath.ToSlash(written))))
	}
	text, ok, err := l.fromBase(ctx, p)
	if err != nil {
		return config.Config{}, err
	}
	if !ok {
		return config.Config{}, exit.Usagef("configuration %q is not in the base commit: a change is never judged by its own configuration", written)
	}
	return parseConfiguration(p, text)
}

// fromBase reads a small file of the base commit.
func (l baseLoader) fromBase(ctx context.Context, p artifact.Path) ([]byte, bool, error) {
	entry, ok, err := l.base.Lookup(ctx, p)
	if err != nil || !ok {
		return nil, false, err
	}
	if entry.Kind != trees.File {
		return nil, false, l.broken(p.String(), "%s is a %s in %s, want a file", p, entry.Kind, l.where())
	}
	text, err := l.base.Read(ctx, entry, document.MaxCompanionBytes)
	return text, err == nil, err
}

// broken is an error about one file of the gate.
func (l baseLoader) broken(name, format string, args ...any) error {
	return &fileError{name, exit.Usagef(format, args...)}
}

// A fileError is a file of the gate that cannot be used.
type fileError struct {
	name string // in the repository
	err  error
}

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// folder refuses a folder of the gate if anything but a folder is at its path or above it: it
// would look like an empty folder.
func (l baseLoader) folder(ctx context.Context, dir string) error {
	for at := range ancestors(strings.TrimSuffix(dir, "/")) {
		entry, ok, err := l.base.Lookup(ctx, artifact.Path(at))
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if entry.Kind == trees.Symlink || entry.Kind == trees.Submodule {
			return l.broken(at, "%s is a %s in %s, want a folder: its content is not read; make it a folder, or name other directories in codexlock.yaml", at, entry.Kind, l.where())
		}
	}
	return nil
}

// ancestors returns a path's folders from the top, and then the path: a, a/b, a/b/c.
func ancestors(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range len(name) {
			if name[i] == '/' && !yield(name[:i]) {
				return
			}
		}
		yield(name)
	}
}

// schemas compiles the owner's additional schemas of the base commit.
func (l baseLoader) schemas(ctx context.Context, c config.Config) (map[schemas.Kind][]document.OwnerSchema, error) {
	texts, err := l.schemaTexts(ctx, c)
	if err != nil {
		return nil, err
	}
	extras := map[schemas.Kind][]document.OwnerSchema{}
	for _, t := range texts {
		extra, err := ownerschema.Compile(t.kind, []byte(t.text))
		if err != nil {
			return nil, l.broken(t.path.String(), "schema %s: %w", t.path, err)
		}
		extras[t.kind] = append(extras[t.kind], extra)
	}
	return extras, nil
}

// A schemaText is the text of an owner's additional schema.
type schemaText struct {
	kind schemas.Kind
	path artifact.Path
	text string
}

func (l baseLoader) schemaTexts(ctx context.Context, c config.Config) ([]schemaText, error) {
	var texts []schemaText
	for _, dir := range c.Schemas {
		if err := l.folder(ctx, dir); err != nil {
			return nil, err
		}
		for _, kind := range []schemas.Kind{schemas.Ledger, schemas.Manifest, schemas.VaultTime} {
			p := artifact.Path(dir + string(kind) + ".json")
			text, ok, err := l.fromBase(ctx, p)
			if err != nil {
				return nil, err
			}
			if ok {
				texts = append(texts, schemaText{kind, p, string(text)})
			}
		}
	}
	return texts, nil
}
