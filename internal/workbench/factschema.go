package workbench

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// A factSchema is schemas/facts.json, which defines the values of each fact.
type factSchema struct{ root map[string]any }

func factsForm() (factSchema, error) {
	var f factSchema
	err := json.Unmarshal(schemas.Source(kinds.Facts), &f.root)
	return f, err
}

// resolved resolves a reference to #/$defs.
func (f factSchema) resolved(node map[string]any) map[string]any {
	ref, _ := node["$ref"].(string)
	name, ok := strings.CutPrefix(ref, "#/$defs/")
	if !ok {
		return node
	}
	defs, _ := f.root["$defs"].(map[string]any)
	target, _ := defs[name].(map[string]any)
	return target
}

// at returns the schema of the fact at a path, or nil if there is no such fact.
func (f factSchema) at(path []string) map[string]any {
	node := f.root
	for _, name := range path {
		node = f.resolved(node)
		if isIndex(name) {
			node, _ = node["items"].(map[string]any)
			continue
		}
		properties, _ := node["properties"].(map[string]any)
		node, _ = properties[name].(map[string]any)
	}
	return f.resolved(node)
}

// strangers are strings to try for a fact without an enumeration, if its pattern allows
// them. The times are long before and after those of any sample.
var strangers = []string{
	"", "other", "assets/sources/other.bin", strings.Repeat("b", 64),
	"2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z", "100755", "100644", "0644",
}

// pointer is the name of facts with an RFC 6901 pointer, which have no pattern.
const pointer = "pointer"

// maxConstants is the number of a rule's constants that are tried for a fact.
const maxConstants = 64

// values returns other values of the fact at a path that the schema allows. It tries the
// constants of the rule, because the rule compares with them.
func (f factSchema) values(path []string, now ast.Value, constants []ast.Value) []ast.Value {
	node := f.at(path)
	if node == nil {
		return nil
	}
	var all []ast.Value
	add := func(v ast.Value) {
		if (now == nil || v.Compare(now) != 0) && !slices.ContainsFunc(all, func(o ast.Value) bool { return o.Compare(v) == 0 }) {
			all = append(all, v)
		}
	}
	if enum, ok := node["enum"].([]any); ok {
		for _, v := range enum {
			add(value(v))
		}
		return all
	}
	switch node["type"] {
	case "boolean":
		add(ast.Boolean(true))
		add(ast.Boolean(false))
	case "integer":
		for _, n := range numbers(now, constants) {
			add(ast.Number(fmt.Sprint(n)))
		}
	case "string":
		if path[len(path)-1] == pointer {
			return []ast.Value{ast.String("/1")}
		}
		for _, s := range texts(constants) {
			if fits(node, s) {
				add(ast.String(s))
			}
		}
	case "array":
		items, _ := node["items"].(map[string]any)
		add(ast.NewArray())
		add(ast.NewArray(ast.NewTerm(value(f.example(items)))))
	case "object":
		if now == nil {
			add(value(f.example(node)))
		}
	}
	return all
}

func value(v any) ast.Value {
	made, err := ast.InterfaceToValue(v)
	if err != nil {
		panic(fmt.Sprintf("workbench: no value of %v: %v", v, err)) // it was decoded from JSON
	}
	return made
}

// numbers returns the numbers around the fact and around the rule's constants.
func numbers(now ast.Value, constants []ast.Value) []int {
	all := []int{0, 1, 1 << 40}
	for _, v := range append([]ast.Value{now}, constants...) {
		if n, ok := v.(ast.Number); ok {
			if i, exact := n.Int(); exact {
				all = append(all, max(i-1, 0), i, i+1)
			}
		}
	}
	return all
}

// texts returns arbitrary strings and the rule's constants: alone, and as the beginning
// and the end of another string.
func texts(constants []ast.Value) []string {
	all := slices.Clone(strangers)
	for _, v := range constants[:min(len(constants), maxConstants)] {
		if n, ok := v.(ast.Number); ok {
			all = append(all, n.String())
		}
		// A string with a space or a formatting verb is part of a message.
		if s, ok := v.(ast.String); ok && !strings.ContainsAny(string(s), " %") {
			all = append(all, string(s), string(s)+"x", "x"+string(s))
		}
	}
	return all
}

// fits reports whether a string matches the schema.
func fits(node map[string]any, s string) bool {
	if least, ok := node["minLength"].(float64); ok && len(s) < int(least) {
		return false
	}
	pattern, ok := node["pattern"].(string)
	if !ok {
		return true
	}
	matched, err := regexp.MatchString(pattern, s)
	return err == nil && matched
}

// example returns a value for a schema, with all optional fields.
func (f factSchema) example(node map[string]any) any {
	node = f.resolved(node)
	if enum, ok := node["enum"].([]any); ok && len(enum) > 0 {
		return enum[0]
	}
	switch node["type"] {
	case "boolean":
		return true
	case "integer":
		return 1
	case "array":
		return []any{}
	case "object":
		made := map[string]any{}
		properties, _ := node["properties"].(map[string]any)
		for name, p := range properties {
			part, _ := p.(map[string]any)
			made[name] = f.example(part)
			if name == pointer {
				made[name] = "/0"
			}
		}
		return made
	}
	for _, s := range strangers {
		if fits(node, s) && s != "" {
			return s
		}
	}
	return "other"
}

// retyped returns a value of another type than the fact.
func retyped(now ast.Value) ast.Value {
	if _, ok := now.(ast.String); ok {
		return ast.Number("7")
	}
	return ast.String("retyped")
}
