package ruleset

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// samples are the names of the valid facts, by subject.
var samples = map[string]string{SubjectArtifact: "artifact", SubjectRepository: "repository", SubjectExceptions: "settled"}

// Samples returns the valid facts of every subject.
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

// sample returns a valid artifact or change from the tests of the standard's rules: facts about
// which no rule has a finding.
func sample(ctx context.Context, embedded Source, name string) (ast.Value, error) {
	var modules []*module
	for _, m := range embedded.Modules {
		if strings.HasPrefix(m.Name, sampleDir) {
			modules = append(modules, &module{file: m.Name, name: m.Name, text: string(m.Text), source: &embedded})
		}
	}
	schema, err := InputSchema()
	if err != nil {
		return nil, err
	}
	if faults := parse(modules); len(faults) > 0 {
		return nil, FirstOf(faults)
	}
	compiler, faults := compile(modules, schema)
	if len(faults) > 0 {
		return nil, FirstOf(faults)
	}
	results, err := rego.New(
		rego.Compiler(compiler), rego.Query("data.codexlock.lib.sample."+name), rego.Capabilities(Capabilities()),
	).Eval(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the sample: %w", err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("no sample named %q", name)
	}
	facts := results[0].Expressions[0].Value
	if err := schemas.ValidateAny(kinds.Facts, facts); err != nil {
		return nil, fmt.Errorf("the sample %q does not have the form of schemas/facts.json: %w", name, err)
	}
	return ast.InterfaceToValue(facts)
}
