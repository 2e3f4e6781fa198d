// Package sandbox runs a script of a repository where it can read a copy of the
// files that it is about, write one folder that is thrown away, and reach nothing
// else: no network, no secret, no other process. It runs what it is given; whether
// that may be run, and what its outcome means, is for others to say. Where a layer
// of the sandbox cannot be had, nothing is run.
package sandbox

import (
	"encoding/json"
	"io"
	"strings"
	"time"
)

// Wall is how long one run may take. A test that is run twice then ends, whatever
// it does, within the minute that a gate is promised to take; the tests that attest
// writes need a twentieth of a second.
const Wall = 20 * time.Second

// What a run may use. A test looks at one artifact that is hashed already; the
// memory is what a whole verification is promised to stay below.
const (
	maxMemory    = 1 << 30   // bytes, of all processes together and of each
	maxDisk      = 256 << 20 // bytes, of all that it writes
	maxFile      = 64 << 20  // bytes, of one file
	maxFiles     = 10_000    // that it makes
	maxOpenFiles = 256
	maxProcesses = 64
	maxOutput    = 1 << 20 // bytes that it prints
	maxDetail    = 300     // bytes of the last line, which is repeated
)

// A State is how a run ended.
type State string

// The states.
const (
	Passed      State = "passed"      // it ended with 0, twice
	Failed      State = "failed"      // it ended with another code, was killed, or used more than it may
	Differs     State = "differs"     // the second run ended otherwise than the first, or a file of the tree is another
	Timeout     State = "timeout"     // it did not end
	Unavailable State = "unavailable" // a layer of the sandbox is missing, and nothing was run
)

// A Result is what was seen.
type Result struct {
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"` // in words; what the script printed last is in it, as it was printed
}

// A File is one of the files that a script finds.
type File struct {
	Path       string // below the tree's root, with slashes
	Executable bool
	Fill       func(w io.Writer) error // writes its bytes
}

// A Job is one script and all that it is given.
type Job struct {
	Files  []File
	Script string   // the path of the one to run
	Env    []string // NAME=value, beside the few that every program needs
	Wall   time.Duration
}

// Environment is what every script is given: no name of it says where it runs or
// for whom. home is the folder that it may write.
func environment(home string, more []string) []string {
	return append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "TZ=UTC",
	}, more...)
}

// The program starts itself again with one of these as its first argument: as the
// supervisor of a script, and as what becomes the script once it is confined. They
// are no commands: whoever calls them gains nothing that the shell does not give.
const (
	superviseArg = "sandbox-supervise"
	confineArg   = "sandbox-confine"
)

// Enter does the work of the program that was started again, and then entered is
// true and code its exit code. Every main that runs the gate calls it first.
func Enter(args []string) (code int, entered bool) {
	if len(args) != 3 || (args[1] != superviseArg && args[1] != confineArg) {
		return 0, false
	}
	return enter(args), true
}

// A spec is what the supervisor is told, and what becomes the script.
type spec struct {
	Tree   string        `json:"tree"`   // the folder with the files, absolute
	Home   string        `json:"home"`   // the folder that may be written, absolute
	Script string        `json:"script"` // below Tree
	Env    []string      `json:"env"`
	Wall   time.Duration `json:"wall"`
	UID    int           `json:"uid"` // whom it runs as; -1: whoever started it
	NProc  uint64        `json:"nproc"`
}

func (s spec) encode() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(text)
}

// lastLine is the end of what was printed, in one line: there a script says why
// it fails.
func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(output), "\uFFFD")), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if len(last) > maxDetail {
		last = strings.ToValidUTF8(last[:maxDetail], "") + "…"
	}
	return last
}
