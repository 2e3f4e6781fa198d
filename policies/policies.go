// Package policies holds the standard's rules: one Rego package and one folder per rule, with
// its test and its page. It only embeds them: internal/ruleset compiles them, and
// internal/policy evaluates them.
package policies

import "embed"

// FS is every module, as <area>/<rule>/<rule>.rego, its tests beside it, and
// the helpers that rules share below lib.
//
//go:embed */*/*.rego
var FS embed.FS
