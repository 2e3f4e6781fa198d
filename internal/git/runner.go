package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The oldest git that does what is asked of it: 2.38 brought cat-file -z and
// made safe.directory work from the command line.
const (
	minMajor = 2
	minMinor = 38
)

const (
	// maxAnswer bounds what git may say to a short question: a few lines.
	maxAnswer = 64 << 10
	// maxStderr is as much of git's complaint as helps a reader.
	maxStderr = 2 << 10
	// listTimeout is what git has for one answer or listing, of which a million
	// names take seconds; a FIFO in place of a .gitignore takes for ever.
	listTimeout = time.Minute
	// transferTimeout is what it has to fetch or push: a gigabyte at some 2 MB a second.
	transferTimeout = 10 * time.Minute
	// waitDelay is how long a killed git may keep its pipes open.
	waitDelay = 5 * time.Second
)

// A Runner starts git. It is the only place that does, and fixes what git may do: it reads
// objects, names files and writes the objects of a ref. No hook, filter, pager, editor,
// credential helper, file-system monitor or transport can start, whatever the repository's
// own configuration says, because a step before us may have written that. One with
// transport fetches and pushes: as the user, or apart from the repository.
type Runner struct {
	path   string   // the git binary, absolute
	place  []string // --git-dir and --work-tree: nothing is discovered by git
	dir    string   // the working directory
	user   []string // variables that lead to the user's own configuration; nil: none is read
	index  string   // the index's file; "" the repository's own
	pushed []string // variables that lead to the objects of a push
	// transport says that it may reach other repositories: user is its whole environment.
	transport bool
	started   atomic.Int64
}

func newRunner(ctx context.Context) (*Runner, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, &GitVersionError{Err: err}
	}
	g := &Runner{path: path}
	if _, known := newGits.Load(path); known {
		return g, nil
	}
	out, err := g.output(ctx, "version")
	if err != nil {
		return nil, &GitVersionError{Path: path, Err: err}
	}
	version := strings.TrimSpace(strings.TrimPrefix(string(out), "git version "))
	if !enough(version) {
		return nil, &GitVersionError{Path: path, Version: version}
	}
	newGits.Store(path, true)
	return g, nil
}

// newGits are the paths of the git binaries that this process found to be new enough.
var newGits sync.Map

// enough reports whether a version such as "2.39.5 (Apple Git-154)" will do.
func enough(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > minMajor || major == minMajor && minor >= minMinor
}

// Processes is how many processes it started.
func (g *Runner) Processes() int64 { return g.started.Load() }

func (g *Runner) args(command string, rest []string) []string {
	args := []string{
		"--no-pager", "--no-replace-objects",
		"-c", "core.fsmonitor=", "-c", "core.hooksPath=" + os.DevNull, "-c", "safe.directory=" + g.dir,
	}
	if g.transport {
		return append(append(append(args, g.place...), command), rest...)
	}
	args = append(args, "-c", "protocol.allow=never")
	if g.user == nil {
		args = append(args, "--literal-pathspecs") // which check-ignore does not take
		// These only read files, but files that somebody else chose.
		args = append(args, "-c", "core.attributesFile="+os.DevNull, "-c", "core.excludesFile="+os.DevNull)
	}
	args = append(args,
		// The commit graph repeats data of commits; only commits are trusted.
		"-c", "core.commitGraph=false", "-c", "core.useReplaceRefs=false",
		// Blobs above this are streamed by git instead of held in its memory.
		"-c", "core.bigFileThreshold=16m",
	)
	args = append(args, g.place...)
	return append(append(args, command), rest...)
}

// env is the whole environment of git. PATH and GIT_EXEC_PATH lead nowhere, so
// that it cannot start even itself (a lazy fetch) by name.
func (g *Runner) env() []string {
	if g.transport {
		return append(slices.Clip(g.user), "GIT_NO_REPLACE_OBJECTS=1")
	}
	env := []string{
		"PATH=" + os.DevNull,
		"GIT_EXEC_PATH=" + os.DevNull,
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_GRAFT_FILE=" + os.DevNull,
		"GIT_NO_LAZY_FETCH=1",
		// Unlike protocol.allow, this cannot be overruled by a protocol.<name>.allow.
		"GIT_ALLOW_PROTOCOL=none",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C",
	}
	if g.index != "" {
		env = append(env, "GIT_INDEX_FILE="+g.index)
	}
	env = append(env, g.pushed...)
	if g.user != nil {
		return append(env, g.user...)
	}
	return append(env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ATTR_NOSYSTEM=1")
}

// userVariables lead git to what a user configured for all repositories.
var userVariables = []string{"HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_ATTR_NOSYSTEM"}

// AsUser is a runner that reads the user's own configuration as well, which says
// what a commit of theirs would hold. It runs no more than the other one.
func (g *Runner) AsUser(env func(string) (string, bool)) *Runner {
	user := []string{}
	for _, name := range userVariables {
		if v, ok := env(name); ok {
			user = append(user, name+"="+v)
		}
	}
	return &Runner{path: g.path, place: g.place, dir: g.dir, user: user}
}

// WithIndex is a runner that reads another index, "" the repository's own.
func (g *Runner) WithIndex(file string) *Runner {
	return &Runner{path: g.path, place: g.place, dir: g.dir, user: g.user, index: file}
}

func (g *Runner) command(ctx context.Context, command string, rest ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.path, g.args(command, rest)...)
	cmd.Dir = g.dir
	cmd.Env = g.env()
	cmd.WaitDelay = waitDelay
	g.started.Add(1)
	return cmd
}

// output is what git answers to a short question.
func (g *Runner) output(ctx context.Context, command string, rest ...string) ([]byte, error) {
	var out bytes.Buffer
	err := g.Stream(ctx, func(r io.Reader) error {
		n, err := io.Copy(&out, io.LimitReader(r, maxAnswer+1))
		if err == nil && n > maxAnswer {
			err = fmt.Errorf("answer has over %d bytes", maxAnswer)
		}
		return err
	}, command, rest...)
	return out.Bytes(), err
}

// Stream hands git's output to read while git writes it. When read gives up,
// git is killed at once; an output that git did not finish is an error.
func (g *Runner) Stream(ctx context.Context, read func(io.Reader) error, command string, rest ...string) error {
	return g.Converse(ctx, nil, read, command, rest...)
}

// Converse is stream for a git that reads its questions from its standard input.
func (g *Runner) Converse(ctx context.Context, input io.Reader, read func(io.Reader) error, command string, rest ...string) error {
	limit := listTimeout
	if g.transport {
		limit = transferTimeout
	}
	run, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no end after %v", limit))
	defer cancel()
	cmd := g.command(run, command, rest...)
	stderr := &head{limit: maxStderr}
	cmd.Stderr, cmd.Stdin = stderr, input
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start git %s: %w", command, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start git %s: %w", command, err)
	}
	readErr := read(stdout)
	late := run.Err() != nil
	cut := errors.Is(readErr, io.ErrUnexpectedEOF) // git ended: its own words say why
	if readErr != nil && !cut {
		cancel()
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", command, ctx.Err())
	case late:
		return &GitError{Command: command, Stderr: stderr.String(), Err: context.Cause(run)}
	case waitErr != nil && (readErr == nil || cut):
		return &GitError{Command: command, Stderr: stderr.String(), Err: waitErr}
	}
	return readErr
}

// A head keeps the first bytes written to it and forgets the rest.
type head struct {
	data  []byte
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	if len(h.data) < h.limit {
		h.data = append(h.data, p[:min(len(p), h.limit-len(h.data))]...)
	}
	return len(p), nil
}

func (h *head) String() string { return strings.TrimSpace(string(h.data)) }
