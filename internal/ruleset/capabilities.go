package ruleset

import (
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Allowed has the built-ins that rules may use. It is an allow-list, so that new built-ins of a later
// OPA are not available before a review. Not allowed are:
//   - network, environment, clock, randomness: http.send, net.lookup_ip_addr,
//     opa.runtime, time.now_ns, rand.intn, uuid.rfc4122, io.jwt.*, and
//     crypto.x509.*, which compares with the clock;
//   - json.match_schema and json.verify_schema, which fetch remote references;
//   - the time zone of the machine: every time.* that takes a zone, for "Local"
//     is one, and time.parse_ns, which asks the machine what "CET" means;
//   - what a deadline cannot interrupt: bits.lsh, graph.*, numbers of any length
//     in format_int, strings.render_template, rego.parse_module, graphql.*, yaml.*
//     (aliases), net.cidr_expand;
//   - what prints: print, trace.
var Allowed = sync.OnceValue(func() map[string]bool {
	names := []string{
		// Operators and syntax.
		"and", "assign", "div", "eq", "equal", "gt", "gte", "internal.member_2", "internal.member_3",
		"internal.template_string", "lt", "lte", "minus", "mul", "neq", "or", "plus", "rem",
		// Numbers and aggregates.
		"abs", "ceil", "count", "floor", "max", "min", "numbers.range", "numbers.range_step",
		"product", "round", "sort", "sum", "to_number",
		// Arrays, sets and objects.
		"array.concat", "array.flatten", "array.reverse", "array.slice", "intersection", "json.filter",
		"json.patch", "json.remove", "object.filter", "object.get", "object.keys", "object.remove",
		"object.subset", "object.union", "object.union_n", "union", "walk",
		// Strings. Regular expressions are RE2, linear in the text.
		"concat", "contains", "endswith", "glob.match", "glob.quote_meta", "indexof", "indexof_n", "lower",
		"regex.find_all_string_submatch_n", "regex.find_n", "regex.is_valid", "regex.match",
		"regex.replace", "regex.split", "replace", "split", "sprintf", "startswith",
		"strings.any_prefix_match", "strings.any_suffix_match", "strings.count", "strings.replace_n",
		"strings.reverse", "strings.split_n", "substring", "trim", "trim_left", "trim_prefix",
		"trim_right", "trim_space", "trim_suffix", "upper",
		// Kinds of values.
		"is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set", "is_string", "type_name",
		// Encodings and digests.
		"base64.decode", "base64.encode", "base64.is_valid", "base64url.decode", "base64url.encode",
		"base64url.encode_no_pad", "crypto.sha256", "hex.decode", "hex.encode", "json.is_valid",
		"json.marshal", "json.unmarshal", "urlquery.decode", "urlquery.encode", "uri.is_valid", "uri.parse",
		// Versions, units, networks as text.
		"net.cidr_contains", "net.cidr_is_valid", "semver.compare", "semver.is_valid",
		"units.parse", "units.parse_bytes", "uuid.parse",
		// Time as text; now is input.effective_time.
		"time.parse_duration_ns", "time.parse_rfc3339_ns",
		// A rule's METADATA.
		"rego.metadata.chain", "rego.metadata.rule",
	}
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
})

// features are the allowed parts of the language beyond Rego v1. Features of a later OPA are
// not available before a review, like built-ins.
var features = []string{ast.FeatureRegoV1, ast.FeatureKeywordsInRefs, ast.FeatureTemplateStrings}

// Capabilities returns everything that a module may use.
func Capabilities() *ast.Capabilities {
	c := &ast.Capabilities{
		Features: features,
		AllowNet: []string{}, // not nil, which allows every host
	}
	names := Allowed()
	for _, b := range ast.Builtins {
		if names[b.Name] {
			c.Builtins = append(c.Builtins, b)
		}
	}
	return c
}

// isBuiltin reports whether OPA has a built-in of this name, allowed or not.
func isBuiltin(name string) bool {
	_, ok := ast.BuiltinMap[name]
	return ok
}
