// Package sandbox runs a script of a repository that can read a copy of its files, write
// one temporary folder, and reach nothing else: no network, no secret, no other process.
// The caller decides whether the script may run; rules judge the result. If a layer of
// the sandbox is not available, nothing is run.
package sandbox

import (
	"encoding/json"
	"io"
	"strings"
	"time"
)

// Wall is the time limit of one run. Two runs fit into the minute that the gate promises;
// the tests that attest writes need a twentieth of a second.
const Wall = 20 * time.Second

// The limits of a run. A test reads one artifact; the memory is the limit that is promised
// for a whole verification.
const (
	maxMemory    = 1 << 30   // bytes, of all processes together and of each
	maxDisk      = 256 << 20 // bytes, of all written files
	maxFile      = 64 << 20  // bytes, of one file
	maxFiles     = 10_000    // created
	maxOpenFiles = 256
	maxProcesses = 64
	maxOutput    = 1 << 20 // bytes of output
	maxDetail    = 300     // bytes of the last line of output, which is part of Result.Detail
)

// A State is the result of a run.
type State string

// The states.
const (
	Passed      State = "passed"      // it ended with 0, twice
	Failed      State = "failed"      // it ended with another code, was killed, or exceeded a limit
	Differs     State = "differs"     // the second run ended differently, or a file of the tree changed
	Timeout     State = "timeout"     // it did not end in time
	Unavailable State = "unavailable" // a layer of the sandbox is missing, and nothing was run
)

// A Result is the outcome of both runs.
type Result struct {
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"` // a description, with the last line that the script printed, unescaped
}

// A File is one of the files that a script can read.
type File struct {
	Path       string // below the tree's root, with slashes
	Executable bool
	Fill       func(w io.Writer) error // writes its bytes
}

// A Job is one script with its files and its environment.
type Job struct {
	Files  []File
	Script string   // the path of the one to run
	Env    []string // NAME=value, in addition to those of environment
	Wall   time.Duration
}

// environment returns the environment of a script, which does not show where or for whom it
// runs. home is the folder that it may write.
func environment(home string, more []string) []string {
	return append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "TZ=UTC",
	}, more...)
}

// The program starts itself with one of these as its first argument: as the supervisor of a
// script, and as the process that becomes the script after confining itself. A user who
// calls them gains nothing that a shell does not give.
const (
	superviseArg = "sandbox-supervise"
	confineArg   = "sandbox-confine"
)

// Enter does the work of a process that this package started: entered is true then, and
// code is its exit code. Every main that runs the gate calls it first.
func Enter(args []string) (code int, entered bool) {
	if len(args) != 3 || (args[1] != superviseArg && args[1] != confineArg) {
		return 0, false
	}
	return enter(args), true
}

// A spec is the input of the supervisor and of the process that becomes the script.
type spec struct {
	Tree   string        `json:"tree"`   // the folder with the files, absolute
	Home   string        `json:"home"`   // the folder that may be written, absolute
	Script string        `json:"script"` // below Tree
	Env    []string      `json:"env"`
	Wall   time.Duration `json:"wall"`
	UID    int           `json:"uid"` // the user to run as; -1: the user who started it
	NProc  uint64        `json:"nproc"`
}

func (s spec) encode() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(text)
}

// lastLine returns the end of the output in one line, which usually has the script's error.
func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(output), "\uFFFD")), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if len(last) > maxDetail {
		last = strings.ToValidUTF8(last[:maxDetail], "") + "…"
	}
	return last
}
