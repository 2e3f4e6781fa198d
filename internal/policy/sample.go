package policy

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/codexlock/codexlock/internal/schemas"
)

// samples are the names of the valid facts, by the subject of rules.
var samples = map[string]string{subjectArtifact: "artifact", subjectRepository: "repository", subjectExceptions: "settled"}

// Samples are the valid facts of every subject.
func Samples(ctx context.Context, embedded Source) (map[string]ast.Value, error) {
	all := map[string]ast.Value{}
	for subject, name := range samples {
		v, err := sample(ctx, embedded, name)
		if err != nil {
			return nil, err
		}
		all[subject] = v
	}
	return all, nil
}

// sample is a valid artifact, or a valid change, as the tests of the standard's
// rules know it: facts of which every rule finds nothing.
func sample(ctx context.Context, embedded Source, name string) (ast.Value, error) {
	var modules []*module
	for _, m := range embedded.Modules {
		if strings.HasPrefix(m.Name, sampleDir) {
			modules = append(modules, &module{file: m.Name, name: m.Name, text: string(m.Text), source: &embedded})
		}
	}
	schema, err := inputSchema()
	if err != nil {
		return nil, err
	}
	if faults := parse(modules); len(faults) > 0 {
		return nil, firstOf(faults)
	}
	compiler, faults := compile(modules, schema)
	if len(faults) > 0 {
		return nil, firstOf(faults)
	}
	results, err := rego.New(
		rego.Compiler(compiler), rego.Query("data.codexlock.lib.sample."+name), rego.Capabilities(capabilities()),
	).Eval(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the sample: %w", err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("no sample named %q", name)
	}
	facts := results[0].Expressions[0].Value
	if err := schemas.ValidateAny(schemas.Facts, facts); err != nil {
		return nil, fmt.Errorf("the sample %q does not have the form of schemas/facts.json: %w", name, err)
	}
	return ast.InterfaceToValue(facts)
}
