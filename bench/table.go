package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// The table stands between these lines of a file that has other text too.
const (
	begin = "<!-- bench: begin -->\n"
	finis = "<!-- bench: end -->\n"
)

// A table is what a run prints.
type table struct {
	machine string
	quick   bool
	took    time.Duration
	rows    []row
	failed  []string // the cases that could not be measured, each with the reason
	notes   []string
}

func (t table) markdown() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s\n\n", t.machine)
	if t.quick {
		s.WriteString("**-quick**: a tenth of every size. The targets are those of the full size.\n\n")
	}
	s.WriteString("| case | codexlock | CPU | memory | compared with | takes | ratio | target | reached |\n")
	s.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range t.rows {
		head := fmt.Sprintf("| %s | %s | %s | %d MiB |", r.what, times(r.ours), duration(r.ours.cpu()), r.ours.peak()>>20)
		for _, cells := range r.cells() {
			fmt.Fprintf(&s, "%s %s |\n", head, strings.Join(cells, " | "))
			head = "| | | | |"
		}
	}
	fmt.Fprintf(&s, "\nTimes are wall medians of so many runs (least to most); CPU is user and system time of all processes together; memory is that of the largest process. The run took %s.\n", t.took.Round(time.Second))
	for _, f := range t.failed {
		line, _, _ := strings.Cut(f, "\n")
		fmt.Fprintf(&s, "- **Not measured**, %s\n", line)
	}
	for _, n := range t.notes {
		fmt.Fprintf(&s, "- %s\n", n)
	}
	t.shortfalls(&s)
	return s.String()
}

// cells are the right columns of a row's lines: one for each peer, target and missing
// peer, at least one.
func (r row) cells() [][]string {
	var lines [][]string
	for _, p := range r.peers {
		line := []string{p.name, times(p.sample), fmt.Sprintf("%sx", short(r.ratio(p))), "", ""}
		for _, t := range r.targets {
			if t.peer == p.name {
				line[3], line[4] = t.String(), t.verdict(t.figure(r))
			}
		}
		lines = append(lines, line)
	}
	for _, m := range r.missing {
		lines = append(lines, []string{"**missing**: " + m, "", "", "", "not measured"})
	}
	for _, t := range r.targets {
		if t.peer == "" {
			figure := t.figure(r)
			lines = append(lines, []string{t.text, short(figure) + t.unit, "", t.String(), t.verdict(figure)})
		}
	}
	if len(lines) == 0 {
		lines = append(lines, make([]string, 5))
	}
	return lines
}

// String is the target as the table writes it: <= 3x, stretch 2x.
func (t target) String() string {
	s := fmt.Sprintf("<= %g%s", t.limit, t.unit)
	if t.stretch > 0 {
		s += fmt.Sprintf(", stretch %g%s", t.stretch, t.unit)
	}
	return s
}

// shortfalls lists, for every row that misses a target, where its time goes.
func (t table) shortfalls(s *strings.Builder) {
	written := false
	for _, r := range t.rows {
		if !r.fallsShort() || r.profile == nil {
			continue
		}
		if !written {
			s.WriteString("\n### Where the time of what falls short goes\n\nShares of the CPU time of codexlock's own process, by package (`go tool pprof`).\n\n")
			written = true
		}
		fmt.Fprintf(s, "- %s: %s.\n", r.what, strings.Join(r.profile, ", "))
	}
}

func times(s sample) string {
	median, least, most := s.wall()
	return fmt.Sprintf("%s (%d: %s to %s)", duration(median), len(s), duration(least), duration(most))
}

// short prints three digits, or all before the point.
func short(figure float64) string {
	if figure >= 100 {
		return fmt.Sprintf("%.0f", figure)
	}
	return fmt.Sprintf("%.3g", figure)
}

// duration prints three digits.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", milliseconds(d))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", milliseconds(d))
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < 100*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// machine describes on what and with what was measured.
func machine() string {
	model := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, found := strings.Cut(string(text), "model name"); found {
			line, _, _ := strings.Cut(rest, "\n")
			model = strings.Trim(line, "\t :")
		}
	}
	commit := version("git", "describe", "--always", "--dirty", "--abbrev=12")
	return fmt.Sprintf("%s, commit %s. %s, %d cores, %s; %s, %s, %s.", time.Now().UTC().Format(time.DateOnly), commit,
		model, runtime.NumCPU(), version("uname", "-sr"), runtime.Version(), version("git", "--version"), version("openssl", "version"))
}

// version is the first line that a program prints, or that it is missing.
func version(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return name + " missing"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	line, _, _ = strings.Cut(line, " (")
	return line
}

// write prints the text, or puts it into a file: between its markers where it has
// them, else in place of all.
func write(name, text string) error {
	if name == "" {
		_, err := os.Stdout.WriteString(text)
		return err
	}
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	replaced, err := replace(old, text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, replaced, 0o644)
}

func replace(old []byte, text string) ([]byte, error) {
	head, rest, begun := bytes.Cut(old, []byte(begin))
	_, tail, ended := bytes.Cut(rest, []byte(finis))
	switch {
	case !begun && !bytes.Contains(old, []byte(finis)):
		return []byte(text), nil
	case !begun || !ended:
		return nil, fmt.Errorf("has one of the lines %q and %q, want both, in this order", strings.TrimSpace(begin), strings.TrimSpace(finis))
	}
	return bytes.Join([][]byte{head, []byte(begin), []byte(text), []byte(finis), tail}, nil), nil
}
