package policy

import (
	"reflect"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/evalcache"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// inputShape is what rules can read of [facts.Input].
var inputShape = sync.OnceValue(func() *evalcache.Shape {
	return evalcache.NewShape(reflect.TypeFor[facts.Input](), enumerated)
})

// factsValue converts a measured input.
func factsValue(in *facts.Input) (ast.Value, error) { return inputShape().Value(in) }

// newCache returns an empty cache of the answers of rules.
func newCache(rules []*ruleset.Rule) *evalcache.Cache {
	slots := make([]int, len(rules))
	for i, r := range rules {
		slots[i] = len(r.Sets)
	}
	return evalcache.New(inputShape(), slots)
}

// enumerated returns all values that the schema enumerates, and the empty text: most facts are
// one of them.
func enumerated() []string {
	texts := []string{""}
	schema, err := ruleset.InputSchema()
	if err != nil {
		return texts // New has reported it
	}
	var collect func(any)
	collect = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for key, value := range node {
				values, _ := value.([]any)
				for _, v := range values {
					if s, ok := v.(string); ok && key == "enum" {
						texts = append(texts, s)
					}
				}
				collect(value)
			}
		case []any:
			for _, value := range node {
				collect(value)
			}
		}
	}
	collect(schema)
	return texts
}
