package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A command is one side of a comparison.
type command struct {
	name   string       // what the table calls it
	dir    string       // where it runs
	args   []string     // the program first
	env    []string     // on top of the environment of every command
	exit   int          // the exit code of a correct run
	prints string       // what the output of a correct run contains
	before func() error // what has to be done before each run, not measured

	// A peer that is too slow for the whole fixture runs on a sample. What it takes
	// for all is what floor takes (its start-up), and times that for the rest.
	times float64
	floor *command
}

// A cost is what one run took, its child processes included.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes of the largest process
}

// A sample is the cost of every run of a command.
type sample []cost

// run executes a command, and fails unless it ends and prints as expected.
func (b *bench) run(c *command) (cost, error) {
	if c.before != nil {
		if err := c.before(); err != nil {
			return cost{}, err
		}
	}
	output, err := os.Create(filepath.Join(b.dir, "output"))
	if err != nil {
		return cost{}, err
	}
	defer output.Close()
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = c.dir, append(environment(), c.env...)
	cmd.Stdout, cmd.Stderr = output, output // files: a pipe would be copied by this process
	releaseMemory()
	start := time.Now()
	err = cmd.Run()
	took := cost{wall: time.Since(start)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return took, err
	}
	state := cmd.ProcessState
	took.cpu = state.UserTime() + state.SystemTime()
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		took.peak = usage.Maxrss << 10
	}
	text, err := os.ReadFile(output.Name())
	if err != nil {
		return took, err
	}
	code := state.ExitCode()
	expected := code == c.exit
	if !expected || !bytes.Contains(text, []byte(c.prints)) {
		return took, fmt.Errorf("%s: exit code %d, want %d and %q in the output:\n%s",
			strings.Join(c.args, " "), code, c.exit, c.prints, end(text))
	}
	return took, nil
}

// end is the last part of an output, where the verdict stands.
func end(text []byte) []byte { return text[max(0, len(text)-2000):] }

// environment is what every command sees: nothing of the caller's that Codexlock or
// git would listen to.
func environment() []string {
	env := []string{
		"VAULTTIME_KEY=" + key, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C.UTF-8",
		"GIT_AUTHOR_NAME=bench", "GIT_AUTHOR_EMAIL=bench@localhost", "GIT_COMMITTER_NAME=bench", "GIT_COMMITTER_EMAIL=bench@localhost",
	}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); slices.Contains([]string{"PATH", "HOME", "TMPDIR", "USER", "DOCKER_HOST"}, name) {
			env = append(env, pair)
		}
	}
	return env
}

// releaseMemory makes this process small: Linux counts as a child's peak what its
// parent had in memory when it started the child.
func releaseMemory() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the peak; elsewhere the peak stays
}

// patienceOfRow is how long a row may be measured: what is slow is run less often, but
// at least once, so that the whole ends in time.
const patienceOfRow = 40 * time.Second

// interleave runs commands in turn, A B A B ..., so that whatever else the machine
// does hits them all. The first round fills the caches and is not counted.
func (b *bench) interleave(runs int, commands []*command) ([]sample, error) {
	samples := make([]sample, len(commands))
	start := time.Now()
	for round := range runs + 1 {
		if round > 1 && time.Since(start) > patienceOfRow {
			break
		}
		for i, c := range commands {
			took, err := b.run(c)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				samples[i] = append(samples[i], took)
			}
		}
	}
	return samples, nil
}

// wall is the median of the wall time, with the least and the most.
func (s sample) wall() (median, least, most time.Duration) {
	return spread(s, func(c cost) time.Duration { return c.wall })
}

// cpu is the median of the user and system time.
func (s sample) cpu() time.Duration {
	median, _, _ := spread(s, func(c cost) time.Duration { return c.cpu })
	return median
}

// peak is the most memory that any run's largest process had.
func (s sample) peak() (peak int64) {
	for _, c := range s {
		peak = max(peak, c.peak)
	}
	return peak
}

// spread returns the median of a figure, the least and the most. Of an even number of
// runs the median is the mean of the middle two.
func spread(s sample, figure func(cost) time.Duration) (median, least, most time.Duration) {
	all := make([]time.Duration, len(s))
	for i, c := range s {
		all[i] = figure(c)
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2, all[0], all[n-1]
}

// whole is what a peer that ran on a sample takes for the whole fixture: run by run,
// what is more than its start-up counts several times.
func whole(part, floor sample, times float64) sample {
	all := make(sample, len(part))
	for i, p := range part {
		var start cost
		if len(floor) > 0 {
			start = floor[i]
		}
		scale := func(part, start time.Duration) time.Duration {
			return start + time.Duration(float64(max(0, part-start))*times)
		}
		all[i] = cost{wall: scale(p.wall, start.wall), cpu: scale(p.cpu, start.cpu), peak: p.peak}
	}
	return all
}
