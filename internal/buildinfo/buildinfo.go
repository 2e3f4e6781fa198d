// Package buildinfo has the name and the version of this program.
package buildinfo

import "runtime"

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

// Text is what the programs print as their version. opa is the version of the library that
// understands rules, "" in a program without rules; commit is what the program was built
// from, where Commit is not set.
func Text(opa, commit string) string {
	text := "codexlock " + Version + "\ngo     " + runtime.Version() + "\n"
	if opa != "" {
		text += "opa    " + opa + "\n"
	}
	if Commit != "" {
		commit = Commit
	}
	if commit != "" {
		text += "commit " + commit + "\n"
	}
	return text
}
