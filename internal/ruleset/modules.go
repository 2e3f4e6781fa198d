package ruleset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A Module is one .rego file.
type Module struct {
	Name string // where it is, for messages
	Text []byte
}

// EmbeddedSource is the name of the source that stands in the program.
const EmbeddedSource = "embedded"

// A Source is where modules come from: the embedded standard, or an owner's directory or
// bundle in the base commit.
type Source struct {
	Name     string   // embedded, base, or the words of a --policy flag
	Standard bool     // our own: its rules must say all about themselves
	Roots    []string // what a bundle's packages have to be below; nil: anything
	Modules  []Module
}

// Embedded reads the standard's modules out of the program, and the samples that
// tests of rules take their facts from; its own tests stay where they are.
func Embedded(files fs.FS) (Source, error) {
	s := Source{Name: EmbeddedSource, Standard: true}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isRule(name) && !strings.HasPrefix(name, sampleDir) {
			return err
		}
		text, err := fs.ReadFile(files, name)
		s.Modules = append(s.Modules, Module{Name: name, Text: text})
		return err
	})
	if err != nil {
		return Source{}, fmt.Errorf("read the embedded rules: %w", err)
	}
	return s, nil
}

// sampleDir is where the facts are that every rule passes.
const sampleDir = "lib/sample/"

// isRule tells a module of rules from a module of tests.
func isRule(name string) bool {
	return strings.HasSuffix(name, ".rego") && !strings.HasSuffix(name, "_test.rego")
}

// A module is a parsed Module and what is known of where it came from.
type module struct {
	*ast.Module
	name     string // unique in the compiler
	file     string
	text     string
	source   *Source
	replaced *module // the embedded module of the same package; nil: there is no such module
}

// path is the package without the leading "data".
func (m *module) path() []string { return packagePath(m.Package.Path) }

func packagePath(ref ast.Ref) []string {
	var parts []string
	for _, t := range ref[1:] {
		s, _ := t.Value.(ast.String)
		parts = append(parts, string(s))
	}
	return parts
}

// isLib reports whether a package holds helpers: one of its parts is "lib".
func isLib(path []string) bool { return slices.Contains(path, "lib") }

// load parses the sources' modules and settles which of them count.
func load(sources []Source) ([]*module, []*Error) {
	var modules []*module
	known := standardTexts(sources)
	for i := range sources {
		for _, m := range sources[i].Modules {
			if _, copied := known[string(m.Text)]; isRule(m.Name) && (sources[i].Standard || !copied) {
				modules = append(modules, &module{
					file: m.Name, name: fmt.Sprintf("%d:%s", i, m.Name), text: string(m.Text), source: &sources[i],
				})
			}
		}
	}
	if faults := parse(modules); len(faults) > 0 {
		return nil, faults
	}
	for _, m := range modules {
		if !permits(m.source.Roots, m.path()) {
			return nil, []*Error{ErrorAt(m.Package.Location, "name the package's root in the bundle's .manifest, or move the module",
				"package %s is outside the roots of its bundle: %s", strings.Join(m.path(), "."), strings.Join(m.source.Roots, ", "))}
		}
	}
	return settle(modules)
}

// standardTexts are the names of the standard's modules by what they say. A copy
// among an owner's, as in a repository that carries the whole standard, is that
// module, and no second one of its name.
func standardTexts(sources []Source) map[string]string {
	texts := map[string]string{}
	if len(sources) == 1 {
		return texts
	}
	for _, s := range sources {
		for _, m := range s.Modules {
			if s.Standard && isRule(m.Name) {
				texts[string(m.Text)] = m.Name
			}
		}
	}
	return texts
}

// parse fills in every module's tree, on all processors: it is half of the time
// that a start takes. The faults are in the order of the modules.
func parse(modules []*module) []*Error {
	options := ast.ParserOptions{Capabilities: Capabilities(), ProcessAnnotation: true, RegoVersion: ast.RegoV1}
	errs := make([]error, len(modules))
	var group sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), max(len(modules), 1))
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(modules); i += workers {
				modules[i].Module, errs[i] = ast.ParseModuleWithOpts(modules[i].file, modules[i].text, options)
			}
		})
	}
	group.Wait()
	var faults []*Error
	for i, err := range errs {
		switch {
		case err != nil:
			faults = append(faults, CompileErrors(err)...)
		case modules[i].Module == nil:
			faults = append(faults, &Error{File: modules[i].file, Message: "is empty, want a package", Next: hintMisspelt})
		}
	}
	return faults
}

// settle lets an owner's package stand in place of the embedded one of its name
// and refuses every other package that is declared twice: the bodies of two
// modules are joined by "or", so a helper of one could silence the other.
func settle(modules []*module) ([]*module, []*Error) {
	var faults []*Error
	chosen := map[string]*module{}
	for _, m := range modules {
		name := m.Package.Path.String()
		other, ok := chosen[name]
		switch {
		case !ok:
		case !other.source.Standard || m.source.Standard:
			faults = append(faults, ErrorAt(m.Package.Location, "put one rule in one package, and helpers that are shared below lib",
				"package %s is declared in %s already", strings.Join(m.path(), "."), other.file))
			continue
		case isLib(m.path()):
			faults = append(faults, ErrorAt(m.Package.Location, "give it a name of your own: the standard's rules depend on this one",
				"package %s replaces a helper package of the standard", strings.Join(m.path(), ".")))
			continue
		default:
			m.replaced = other
		}
		chosen[name] = m
	}
	var kept []*module
	for _, m := range modules {
		if chosen[m.Package.Path.String()] == m {
			kept = append(kept, m)
		}
	}
	return kept, append(faults, separate(kept)...)
}

// separate refuses a rule that reaches into another module's package by its
// name: `drift._ok if true` in package codexlock.lock would add to the helper
// _ok of package codexlock.lock.drift.
func separate(modules []*module) []*Error {
	var faults []*Error
	packages := map[string]map[string]*module{} // package, name of a part below it, a module there
	for _, m := range modules {
		path := m.path()
		for i := range path {
			above := strings.Join(path[:i], "\x00")
			if packages[above] == nil {
				packages[above] = map[string]*module{}
			}
			packages[above][path[i]] = m
		}
	}
	for _, m := range modules {
		below := packages[strings.Join(m.path(), "\x00")]
		for _, r := range m.Rules {
			name := NameOf(r)
			if other, ok := below[name]; ok {
				faults = append(faults, ErrorAt(r.Location, "rename the rule, or move it to the package",
					"rule %s reaches into package %s of %s", name, strings.Join(other.path(), "."), other.file))
			}
		}
	}
	return faults
}

// NameOf returns the first part of a Rego rule's name.
func NameOf(r *ast.Rule) string {
	switch v := r.Head.Ref()[0].Value.(type) {
	case ast.Var:
		return string(v)
	case ast.String:
		return string(v)
	}
	return r.Head.Ref()[0].String()
}

// Digest returns the digest over the name and text of every module, so that a report states
// which rules were evaluated.
func Digest(sources []Source) string {
	type part struct{ source, name, text string }
	var parts []part
	for _, s := range sources {
		for _, m := range s.Modules {
			if isRule(m.Name) {
				parts = append(parts, part{s.Name, m.Name, string(m.Text)})
			}
		}
	}
	slices.SortFunc(parts, func(a, b part) int {
		if c := strings.Compare(a.source, b.source); c != 0 {
			return c
		}
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.text, b.text)
	})
	h := sha256.New()
	for _, p := range parts {
		sized(h, p.source)
		sized(h, p.name)
		sized(h, p.text)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// sized writes a text after its length, so that no two lists run together.
func sized(h hash.Hash, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}
