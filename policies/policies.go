// Package policies holds the standard's rules: one Rego package and one folder
// a rule, with its test and its page. It only carries them; compiling and
// asking them is another package's work.
package policies

import "embed"

// FS is every module, as <area>/<rule>/<rule>.rego, its tests beside it, and
// the helpers that rules share below lib.
//
//go:embed */*/*.rego
var FS embed.FS
