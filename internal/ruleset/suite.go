package ruleset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A Suite is rules and their tests, for a test runner that compiles them in the sandbox.
type Suite struct {
	Compiler *ast.Compiler          // nothing is compiled yet: a runner adds stages of its own
	Modules  map[string]*ast.Module // by the names of their files
	Rules    []string               // the files of the owner's rules and helpers, sorted
	Tests    []string               // the files of their tests, sorted
}

// NewSuite parses the rules of some sources and the tests next to them. It fails for everything
// that [Compile] refuses: a rule that the gate refuses needs no test yet.
func NewSuite(sources []Source) (*Suite, error) {
	_, modules, faults, err := build(sources)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, FirstOf(faults)
	}
	schema, err := InputSchema()
	if err != nil {
		return nil, err
	}
	tests, _ := testsOf(sources)
	if faults := parse(tests); len(faults) > 0 {
		return nil, FirstOf(faults)
	}
	s := &Suite{Compiler: newCompiler(schema).WithCapabilities(testCapabilities()), Modules: map[string]*ast.Module{}}
	for _, m := range append(modules, tests...) {
		s.Modules[m.name] = m.Module
		switch worked := !m.source.Standard || m.source.Name != EmbeddedSource; {
		case worked && isRule(m.file):
			s.Rules = append(s.Rules, m.file)
		case worked:
			s.Tests = append(s.Tests, m.file)
		}
	}
	slices.Sort(s.Rules)
	slices.Sort(s.Tests)
	return s, nil
}

// Fault converts an error of the suite's compiler to an [*Error].
func (*Suite) Fault(err error) error { return FirstOf(CompileErrors(err)) }

// ByFile returns the modules of some files, by file name.
func (s *Suite) ByFile(files []string) map[string]*ast.Module {
	some := map[string]*ast.Module{}
	for m := range maps.Values(s.Modules) {
		if slices.Contains(files, m.Package.Location.File) {
			some[m.Package.Location.File] = m
		}
	}
	return some
}

// testCapabilities returns the sandbox's capabilities, and the built-in with which a runner
// distinguishes the cases of a test.
func testCapabilities() *ast.Capabilities {
	c := Capabilities()
	c.Builtins = append(c.Builtins, ast.InternalTestCase)
	return c
}

// testsOf returns the modules of tests: the owners', which own counts, and the embedded samples
// whose facts they may use.
func testsOf(sources []Source) (tests []*module, own int) {
	for i := range sources {
		embedded := sources[i].Standard && sources[i].Name == EmbeddedSource
		for _, m := range sources[i].Modules {
			if !strings.HasSuffix(m.Name, "_test.rego") || embedded && !strings.HasPrefix(m.Name, sampleDir) {
				continue
			}
			if !sources[i].Standard {
				own++
			}
			tests = append(tests, &module{file: m.Name, name: fmt.Sprintf("%d:%s", i, m.Name), text: string(m.Text), source: &sources[i]})
		}
	}
	return tests, own
}
