// Package shellcheck runs ShellCheck on scripts, with limits on time and memory.
package shellcheck

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/facts"
)

// Limits on ShellCheck. Its analysis of the data flow is worse than quadratic:
// 140 KB can take 16 GB and minutes. Measured with 0.9.0 on honest scripts: 0.1 to
// 0.5 s to start, some 20 ms a small script, 60 µs a byte, 140 MB for 42 KB.
const (
	perProcess  = 50        // scripts that one process is given at most
	batchBytes  = 64 << 10  // and bytes of them
	largeBytes  = 32 << 10  // a larger script is alone, and without the analysis of the data flow, where that can be switched off
	maxMemory   = 512 << 20 // bytes of one process; only one runs at a time
	maxComments = 20        // of one script; one is enough for a finding
	maxOutput   = 64 << 20

	maxCPU    = 10 * time.Second       // for one script alone
	slack     = 20 * time.Second       // of CPU time that one run may need beyond what is usual
	perStart  = 500 * time.Millisecond // usual for a process, for a script, and for a byte of the first 16 KiB
	perScript = 100 * time.Millisecond
	perByte   = 60 * time.Microsecond
	usualSize = 16 << 10
)

// processes counts how often ShellCheck was started to check scripts.
var processes atomic.Int64

// Processes is how often this program has started ShellCheck to check scripts.
func Processes() int64 { return processes.Load() }

// A Source is a script to check, which is read when its turn comes.
type Source struct {
	Digest  artifact.Digest
	Size    int
	Shebang bool // whether it begins with #!
	Read    func() ([]byte, error)
}

// Text is a script that is in memory.
func Text(text []byte) Source {
	return Source{
		Digest: artifact.HashBytes(text), Size: len(text), Shebang: bytes.HasPrefix(text, []byte("#!")),
		Read: func() ([]byte, error) { return text, nil },
	}
}

// A Checker runs ShellCheck, one process at a time, and limits the CPU time of all processes:
// the usual time for its scripts, and slack in addition. The zero value is ready to use. Its
// methods are safe for concurrent use.
type Checker struct {
	mu            sync.Mutex
	allowed, used time.Duration

	extended sync.Once
	flag     string // which switches the extended analysis off; "" where there is none
}

// Check is Checker.Check of a Checker that nobody else uses.
func Check(ctx context.Context, scripts map[artifact.Digest][]byte) (map[artifact.Digest]facts.ShellCheck, error) {
	var sources []Source
	for d, text := range scripts {
		source := Text(text)
		source.Digest = d
		sources = append(sources, source)
	}
	return new(Checker).Check(ctx, sources)
}

// Check asks ShellCheck about scripts, some in one process, the smallest first. The
// scripts are written to a folder of their own, so that nothing beside them is read.
// Where the program is not installed, that is the state of each. A script that needs
// more than it is given is in the state exceeded, and the others' results stand.
// Where ShellCheck fails in another way, nothing is known, and that is an error.
func (c *Checker) Check(ctx context.Context, scripts []Source) (map[artifact.Digest]facts.ShellCheck, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	results := make(map[artifact.Digest]facts.ShellCheck, len(scripts))
	if len(scripts) == 0 {
		return results, nil
	}
	program, err := exec.LookPath("shellcheck")
	if errors.Is(err, exec.ErrNotFound) {
		for _, s := range scripts {
			results[s.Digest] = facts.ShellCheck{State: "unavailable", Findings: []facts.ShellCheckComment{}}
		}
		return results, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find shellcheck: %w", err)
	}
	dir, err := os.MkdirTemp("", "codexlock-shellcheck-")
	if err != nil {
		return nil, fmt.Errorf("run shellcheck: %w", err)
	}
	defer os.RemoveAll(dir)
	c.grant(scripts)
	b := checkRun{checker: c, program: program, dir: dir, results: results}
	for _, batch := range batches(scripts) {
		if err := b.check(ctx, batch); err != nil {
			return nil, fmt.Errorf("run shellcheck: %w", err)
		}
	}
	return results, nil
}

// grant adds what is usual for the scripts to the time that may be used.
func (c *Checker) grant(scripts []Source) {
	if c.allowed == 0 {
		c.allowed = slack
	}
	c.allowed += perStart + usual(scripts)
}

// usual is how much CPU time ShellCheck needs for honest scripts of this number and
// size. A large script is not granted more than one of usualSize: ten large ones
// would otherwise be granted minutes.
func usual(scripts []Source) time.Duration {
	var sum time.Duration
	for _, s := range scripts {
		sum += perScript + time.Duration(min(s.Size, usualSize))*perByte
	}
	return sum
}

// batches are the scripts in the order in which they are asked about: the small ones
// first, so that their results are there before the time is used up; those with and
// without a first line apart; and a large one alone.
func batches(scripts []Source) [][]Source {
	sorted := slices.Clone(scripts)
	slices.SortFunc(sorted, func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.Size, b.Size), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	var done, large [][]Source
	open := map[bool][]Source{}
	size := map[bool]int{}
	for i, s := range sorted {
		if s.Size > largeBytes {
			large = append(large, sorted[i:i+1])
			continue
		}
		if n := len(open[s.Shebang]); n == perProcess || size[s.Shebang]+s.Size > batchBytes {
			done = append(done, open[s.Shebang])
			open[s.Shebang], size[s.Shebang] = nil, 0
		}
		open[s.Shebang] = append(open[s.Shebang], s)
		size[s.Shebang] += s.Size
	}
	for _, shebang := range []bool{true, false} {
		if len(open[shebang]) > 0 {
			done = append(done, open[shebang])
		}
	}
	return append(done, large...)
}

// A checkRun is one call of Check.
type checkRun struct {
	checker      *Checker
	program, dir string
	results      map[artifact.Digest]facts.ShellCheck
}

// check asks about a batch. Where it exceeds what it is given, each script of it is
// asked about alone, so that only the one that is to blame is left without a result.
func (r checkRun) check(ctx context.Context, batch []Source) error {
	limit := maxCPU
	if len(batch) > 1 {
		limit = min(2*time.Second+2*usual(batch), maxCPU)
	}
	left := r.checker.allowed - r.checker.used
	if left <= 0 {
		for _, s := range batch {
			r.results[s.Digest] = exceeded(fmt.Sprintf("the %s of CPU time that ShellCheck has in this run are used up", r.checker.allowed.Round(time.Second)))
		}
		return nil
	}
	limit = min(limit, left)
	problem, err := r.process(ctx, batch, limit)
	if err != nil || problem == "" {
		return err
	}
	if len(batch) == 1 {
		r.results[batch[0].Digest] = exceeded(problem)
		return nil
	}
	for i := range batch {
		if err := r.check(ctx, batch[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func exceeded(problem string) facts.ShellCheck {
	return facts.ShellCheck{State: "exceeded", Problem: problem, Findings: []facts.ShellCheckComment{}}
}

// process writes a batch's scripts and starts one process for them. problem is what
// it was given too little of.
func (r checkRun) process(ctx context.Context, batch []Source, limit time.Duration) (problem string, err error) {
	var names []string
	results := map[artifact.Digest]facts.ShellCheck{}
	for _, s := range batch {
		text, err := s.Read()
		if err != nil {
			return "", err
		}
		name := s.Digest.String()
		if err := os.WriteFile(filepath.Join(r.dir, name), text, 0o600); err != nil {
			return "", err
		}
		defer os.Remove(filepath.Join(r.dir, name))
		names = append(names, name)
		results[s.Digest] = facts.ShellCheck{State: "passed", Findings: []facts.ShellCheckComment{}}
	}
	args := []string{"--norc", "--format=json1", "--exclude=SC1090,SC1091"}
	if !batch[0].Shebang {
		args = append(args, "--shell=bash", "--exclude=SC2148") // script.shebang reports that
	}
	if len(batch) == 1 && batch[0].Size > largeBytes {
		if flag := r.checker.plainAnalysis(ctx, r.program); flag != "" {
			args = append(args, flag)
		}
	}
	processes.Add(1)
	p := process{program: r.program, dir: r.dir, cpu: limit}
	problem, err = p.run(ctx, append(append(args, "--"), names...), results)
	r.checker.used += p.used
	if err != nil || problem != "" {
		return problem, err
	}
	for d, result := range results {
		r.results[d] = result
	}
	return "", nil
}
