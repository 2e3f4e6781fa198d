// Package buildinfo has the name and the version of this program, and its build information.
//
// It answers codexlock version while it is initialised, before the packages with the
// rules, which cost the most to start, and without a worker (internal/supervisor): see
// docs/decisions/0070-version-answers-first.md.
package buildinfo

import (
	"fmt"
	"os"
	"runtime/debug"
)

// Version is the release's name, set when it is built.
var Version = "devel"

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

// Text is what codexlock version prints.
func Text() string {
	text := "codexlock " + Version + "\n"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return text
	}
	text += "go     " + info.GoVersion + "\n"
	for _, d := range info.Deps {
		if d.Path == opa {
			text += "opa    " + d.Version + "\n"
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			text += "commit " + s.Value + "\n"
		}
	}
	return text
}
