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

// Commit is the commit that the release's tag names, 40 hex characters, set when a
// release's binaries are built. It is "" in the container image too, which that commit
// names by digest.
var Commit = ""

// Ref is how a workflow names this program's release: by its commit or else by its
// tag, and what a comment next to it should say. A development build has neither.
func Ref() (ref, comment string) {
	switch {
	case Commit != "":
		return Commit, Version
	case Version != "devel":
		return Version, "pin it by its commit"
	default:
		return "main", "written by a development build: pin a release by its commit"
	}
}

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
	if Commit != "" {
		return text + "commit " + Commit + "\n"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			text += "commit " + s.Value + "\n"
		}
	}
	return text
}
