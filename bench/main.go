// Command bench measures Codexlock next to what people would use instead, in one run
// on one machine, and prints a Markdown table: medians, spread, CPU time, memory and
// ratios, each compared with its target.
//
//	go run ./bench                     everything: under 15 minutes, 7 GB of disk in $TMPDIR
//	go run ./bench -quick              a tenth of every size
//	go run ./bench -run 'all|expired'  the cases whose name matches
//	go run ./bench -profile DIR        a CPU profile of every case as well
//	go run ./bench -image NAME         the container of an image instead, with the engine of $DOCKER_HOST
//	go run ./bench -o docs/performance.md
//
// The fixtures are built by the run itself and removed at its end.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	quick   bool
	only    string
	runs    int
	output  string
	profile string
	program string
	image   string
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "a tenth of every size; the targets are those of the full size")
	flag.StringVar(&o.only, "run", "", "run only the cases whose `NAME` matches this regular expression")
	flag.IntVar(&o.runs, "runs", 5, "measure each command `N` times (large fixtures at most 3 times)")
	flag.StringVar(&o.output, "o", "", "write the table to `FILE`, between its two markers where it has them")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of every case to `DIR`")
	flag.StringVar(&o.program, "program", "", "measure the codexlock at `FILE`, such as one of an earlier commit, in place of this one")
	flag.StringVar(&o.image, "image", "", "measure only the container of the image `NAME`, from its start to the verdict, 30 times")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	if o.runs < 1 {
		return fmt.Errorf("-runs is %d, want at least 1", o.runs)
	}
	dir, err := os.MkdirTemp("", "codexlock-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	removeOnSignal(dir)
	b := &bench{dir: dir, program: filepath.Join(dir, "bin", "codexlock"), runs: o.runs, divisor: 1}
	if o.quick {
		b.divisor = 10
	}
	if err := b.build(o); err != nil {
		return err
	}
	if o.image != "" {
		text, err := b.image(o.image)
		if err != nil {
			return err
		}
		return write(o.output, text)
	}
	start := time.Now()
	rows, failed := b.measure(only)
	if len(rows)+len(failed) == 0 {
		return fmt.Errorf("-run %q matches no case", o.only)
	}
	t := table{machine: machine(), quick: o.quick, took: time.Since(start), rows: rows, failed: failed, notes: b.notes}
	if err := write(o.output, t.markdown()); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d cases could not be measured", len(failed))
	}
	return nil
}

// measure runs the cases whose name matches. One that fails does not end the others.
func (b *bench) measure(only *regexp.Regexp) (rows []row, failed []string) {
	for _, c := range cases {
		if !only.MatchString(c.name) {
			continue
		}
		progress("case %s", c.name)
		done, err := c.measure(b)
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", c.name, err))
			progress("%s failed: %v", c.name, err)
		}
		rows = append(rows, done...)
	}
	return rows, failed
}

// removeOnSignal removes the fixtures, gigabytes of them, when the run is interrupted.
func removeOnSignal(dir string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}()
}

// A bench is one run of the benchmark.
type bench struct {
	dir      string // everything is in it, and it is removed at the end
	program  string
	profiled string // the program that writes a CPU profile; "": none is wanted
	profiles string // where the profiles go
	runs     int
	divisor  int               // of every size
	fixtures map[string]string // the repositories that several cases share
	notes    []string          // what the reader of the table must know
}

// build compiles the program as it is released, unless one is given, and the one that
// profiles itself.
func (b *bench) build(o options) (err error) {
	build := func(output, pkg string) error {
		progress("building %s", pkg)
		out, err := exec.Command("go", "build", "-o", output, pkg).CombinedOutput()
		if err != nil {
			return fmt.Errorf("build %s (bench runs in the repository's top folder): %w\n%s", pkg, err, out)
		}
		return nil
	}
	if o.program == "" {
		err = build(b.program, "./cmd/codexlock")
	} else {
		b.program, err = filepath.Abs(o.program)
		b.note("The program measured is %s.", o.program)
	}
	if err != nil || o.profile == "" {
		return err
	}
	if b.profiles, err = filepath.Abs(o.profile); err != nil {
		return err
	}
	b.profiled = filepath.Join(b.dir, "bin", "profiled")
	return cmp.Or(os.MkdirAll(b.profiles, 0o755), build(b.profiled, "./bench/profiled"))
}

// size is a number of artifacts, or of bytes, as this run scales it.
func (b *bench) size(n int) int { return max(1, n/b.divisor) }

// note adds a line below the table, once.
func (b *bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, n := range b.notes {
		if n == text {
			return
		}
	}
	b.notes = append(b.notes, text)
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: %s\n", fmt.Sprintf(format, args...))
}
