// Package ruleset loads the Rego modules of a rule set and compiles them in a sandbox: it finds
// the rules, reads their METADATA, and refuses what could be silent or escape. It evaluates no
// rule; internal/policy does. It fails closed: what is not exactly a rule is an error.
package ruleset

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// A Set is the compiled rules of some sources.
type Set struct {
	Rules    []*Rule // by code
	Compiler *ast.Compiler
	Source   string // the names of the sources
	Digest   string // over the name and text of every module
}

// Compile compiles the rules of the sources and checks them. A package of a later source
// replaces the embedded package of the same name. An error of a rule is an [*Error].
func Compile(sources []Source) (*Set, error) {
	set, _, faults, err := build(sources)
	switch {
	case err != nil:
		return nil, err
	case len(faults) > 0:
		return nil, FirstOf(faults)
	}
	return set, nil
}

// CompileModules compiles the modules of sources whose rules are known to pass all checks.
func CompileModules(sources []Source) (*ast.Compiler, error) {
	modules, faults := load(sources)
	schema, err := InputSchema()
	switch {
	case err != nil:
		return nil, err
	case len(faults) > 0:
		return nil, FirstOf(faults)
	}
	compiler, faults := compile(modules, schema)
	if len(faults) > 0 {
		return nil, FirstOf(faults)
	}
	return compiler, nil
}

// build compiles the modules and collects their errors. It continues after an error unless
// later ones would only be consequences, and returns no Set if the modules do not compile.
func build(sources []Source) (*Set, []*module, []*Error, error) {
	schema, err := InputSchema()
	if err != nil {
		return nil, nil, nil, err
	}
	modules, faults := load(sources)
	if len(faults) > 0 {
		return nil, modules, faults, nil
	}
	rules, faults := discover(modules)
	if len(faults) == 0 {
		if fault := everySourceRules(sources, modules, rules); fault != nil {
			return nil, modules, []*Error{fault}, nil
		}
	}
	set := &Set{Rules: rules, Source: SourceNames(sources), Digest: Digest(sources)}
	compiler, more := compile(modules, schema)
	faults = append(faults, more...)
	for _, m := range modules {
		faults = append(faults, knownValues(m.Module, schema)...)
	}
	if len(more) > 0 {
		return nil, modules, faults, nil
	}
	set.Compiler = compiler
	return set, modules, append(faults, set.everyReferenceLeads(modules, schema)...), nil
}

// everySourceRules refuses a source without rules: its directory is probably wrong, and that
// must not pass.
func everySourceRules(sources []Source, modules []*module, rules []*Rule) *Error {
	if len(rules) == 0 {
		return &Error{Message: "no rule in " + SourceNames(sources), Next: "a rule set with no rules is never a pass; see that the directory is the right one"}
	}
	known := standardTexts(sources)
	for i := range sources {
		if sources[i].Standard {
			continue
		}
		found := slices.ContainsFunc(sources[i].Modules, func(m Module) bool {
			name, copied := known[string(m.Text)]
			return copied && !strings.HasPrefix(name, "lib/")
		})
		for _, m := range modules {
			found = found || m.source == &sources[i] && !isLib(m.path())
		}
		if !found {
			return &Error{
				Message: fmt.Sprintf("no rule in source %q", sources[i].Name),
				Next:    "a rule set with no rules is never a pass; see that the directory is the right one and that its rules are not below lib",
			}
		}
	}
	return nil
}

// SourceNames returns the names of the owners' sources, each once, or else that of the
// standard, whose rules are always evaluated.
func SourceNames(sources []Source) string {
	var names []string
	seen := map[string]bool{}
	owned := slices.ContainsFunc(sources, func(s Source) bool { return !s.Standard })
	for _, s := range sources {
		if !seen[s.Name] && !(owned && s.Standard) {
			names = append(names, s.Name)
		}
		seen[s.Name] = true
	}
	return strings.Join(names, ", ")
}

// InputSchema returns schemas/facts.json as OPA's type checker takes it: without the two keys
// that are addresses, which it would look up.
var InputSchema = sync.OnceValues(func() (any, error) {
	var schema map[string]any
	if err := json.Unmarshal(schemas.Source(kinds.Facts), &schema); err != nil {
		return nil, fmt.Errorf("read schemas/facts.json: %w", err)
	}
	delete(schema, "$schema")
	delete(schema, "$id")
	return schema, nil
})

// compile checks the modules against each other and against the schema of input. It ignores
// the schemas that a module names in an annotation: every module has the one type of input,
// which none can loosen.
func compile(modules []*module, schema any) (*ast.Compiler, []*Error) {
	c := newCompiler(schema)
	parsed := make(map[string]*ast.Module, len(modules))
	for _, m := range modules {
		parsed[m.name] = m.Module
	}
	c.Compile(parsed)
	if c.Failed() {
		return nil, CompileErrors(c.Errors)
	}
	return c, nil
}

// newCompiler returns the compiler of every module, with the allowed built-ins: the sandbox.
func newCompiler(schema any) *ast.Compiler {
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	set.Put(ast.SchemaRootRef.Append(ast.StringTerm("facts")), schema)
	return ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true).WithSchemas(set).SetErrorLimit(0)
}
