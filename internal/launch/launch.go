// Package launch executes what internal/use verified: a script by the interpreter that its
// first line names, or a program, from bytes that nobody can change, in an environment that
// loads no other code. It decides nothing about artifacts. It needs Linux.
package launch

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/codexlock/codexlock/internal/use"
)

// SystemPath is where interpreters are looked for. The environment's PATH is not asked.
var SystemPath = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// IsProgram reports whether bytes are the beginning of a program that the kernel executes.
func IsProgram(head []byte) bool { return bytes.HasPrefix(head, []byte("\x7fELF")) }

// ChildArgument is the first argument of this program where it is the child that asks to be
// watched and then becomes the interpreter. The next one is a socket's descriptor.
const ChildArgument = "watched-child"

// SiblingArgument is the first argument of this program where a watched process executes it
// instead of a protected file, to become that. The next one is the name of a file in memory.
const SiblingArgument = "watched-sibling"

// The ways to execute a script.
const (
	Auto = "auto" // path, or descriptor where the script needs privileges or path is not possible
	Path = "path" // the interpreter opens the script by its own name, and is handed the verified bytes
	FD   = "fd"   // the interpreter is given /dev/fd/N
)

// A Command is an artifact that is to be executed, or a command that is to read one.
type Command struct {
	Verifier *use.Verifier
	Held     *use.Held
	Name     string   // of the script, as the caller wrote it
	Args     []string // of the script; or the command
	As       string   // Auto, Path, FD
	Hold     use.Hold // for siblings
	Environ  []string // of this process
	KeepEnv  []string
	Stdin    *os.File
	Stdout   *os.File
	Stderr   *os.File
	Self     string // our own program
	Warn     func(error)
}

// env is what the child gets.
func (c *Command) env() []string {
	return Environ(c.Environ, c.Verifier.KeyVariables(), c.Verifier.Contains, c.KeepEnv)
}

// A LaunchError is a verified artifact that cannot be executed the way that was asked for.
type LaunchError struct{ Message, Next string }

func (e *LaunchError) Error() string { return e.Message }

// Hint is the next step.
func (e *LaunchError) Hint() string { return e.Next }

// deny returns a denial of the artifact.
func (c *Command) deny(rule, next, format string, args ...any) error {
	return &use.Denial{Path: c.Held.Path.String(), Rule: rule, Message: fmt.Sprintf(format, args...), Next: next}
}

// looksForItself reports whether a script may depend on its own name: a sign of it is enough.
func looksForItself(text []byte) bool {
	for _, sign := range []string{"$0", "${0", "BASH_SOURCE", "__file__", "argv[0]", "__FILE__", "$PROGRAM_NAME", "__dirname", "__filename", "import.meta", "FindBin", "%~dp0", "require_relative"} {
		if strings.Contains(string(text), sign) {
			return true
		}
	}
	return false
}

// needsPrivileges reports whether a script may call a program that gains privileges, which
// the kernel allows to no process that is watched.
func needsPrivileges(text []byte) bool {
	for word := range strings.FieldsFuncSeq(string(text), func(r rune) bool {
		return !(r == '_' || r == '-' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	}) {
		switch word {
		case "sudo", "su", "doas", "pkexec", "newgrp", "mount", "ping", "passwd":
			return true
		}
	}
	return false
}

// Run executes the verified script or program. It returns only where it could not be
// executed, or where a child was: then with its exit code.
func (c *Command) Run(ctx context.Context) (code int, err error) { return c.run(ctx) }

// Open executes a command of which each {} is the name of the verified bytes.
func (c *Command) Open(ctx context.Context) (code int, err error) { return c.open(ctx) }
