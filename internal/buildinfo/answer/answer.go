// Package answer answers codexlock version while it is initialised, before the packages with
// the rules, which cost the most to start, and without a worker (internal/supervisor): see
// docs/decisions/0070-version-answers-first.md. It reads the build information that the
// linker wrote, which codexlock-use does without.
package answer

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/codexlock/codexlock/internal/buildinfo"
)

// opa is the module whose version decides how rules are understood.
const opa = "github.com/open-policy-agent/opa"

func init() {
	if len(os.Args) != 2 || os.Args[1] != "version" {
		return
	}
	if _, err := os.Stdout.WriteString(Text()); err != nil {
		fmt.Fprintf(os.Stderr, "codexlock: %v\n", err)
		os.Exit(exitUnknown)
	}
	os.Exit(0)
}

// exitUnknown is the exit code of a command whose answer could not be written: see
// internal/exit.
const exitUnknown = 3

// Text is what codexlock version prints: that of the release and, in a development build,
// the commit that it was built from.
func Text() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return buildinfo.Text("", "")
	}
	var rules, commit string
	for _, d := range info.Deps {
		if d.Path == opa {
			rules = d.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return buildinfo.Text(rules, commit)
}
