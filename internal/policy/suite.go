package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A Suite is rules and their tests, for a test runner to compile in the sandbox.
type Suite struct {
	Compiler *ast.Compiler          // with nothing compiled yet: a runner has stages of its own to add
	Modules  map[string]*ast.Module // by the names of their files
	Rules    []string               // the files of the rules and helpers that are worked on, sorted
	Tests    []string               // and those of their tests
}

// NewSuite parses the rules of some sources and the tests beside them. What [New]
// refuses it refuses too: a rule that the gate does not take needs no test yet.
func NewSuite(sources []Source) (*Suite, error) {
	_, modules, faults, err := build(sources)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, firstOf(faults)
	}
	schema, err := inputSchema()
	if err != nil {
		return nil, err
	}
	tests, _ := testsOf(sources)
	if faults := parse(tests); len(faults) > 0 {
		return nil, firstOf(faults)
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

// Fault is what the compiler said of the suite's modules, as a [*PolicyError].
func (*Suite) Fault(err error) error { return firstOf(compileErrors(err)) }

// ByFile are the modules of some files, by the files' names.
func (s *Suite) ByFile(files []string) map[string]*ast.Module {
	some := map[string]*ast.Module{}
	for m := range maps.Values(s.Modules) {
		if slices.Contains(files, m.Package.Location.File) {
			some[m.Package.Location.File] = m
		}
	}
	return some
}

// testCapabilities are the sandbox's, and what a runner writes into a test to tell
// its cases apart.
func testCapabilities() *ast.Capabilities {
	c := capabilities()
	c.Builtins = append(c.Builtins, ast.InternalTestCase)
	return c
}

// testsOf are the modules of tests: those that are worked on, which own counts,
// and the embedded samples that they may take facts from.
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
