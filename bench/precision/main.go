// Command precision measures on public repositories how well the gate finds the places that
// use an artifact: in workflows, composite actions, Dockerfiles, Makefiles, compose files and
// pre-commit configurations.
//
//	go run ./bench/precision [flags] FOLDER...
//	go run ./bench/precision -findings findings.tsv -missed missed.tsv ~/src/etcd ~/src/kind
//
// Each folder is the work tree or the Git directory of a repository, and is only read. A copy
// of its last commit, without its .gitignore and .gitattributes, protects its scripts and
// models, attests them, and is asked for the facts. Apart from that, and without the gate's
// code, every line is found in which the full path of a protected file stands.
//
// The table says per repository how many of these lines the gate reports. A line that it does
// not report is either missed or no use (a comment, a filter, an argument of a linter); a
// finding is right or wrong. Which it is, a person decides: -missed and -findings write both
// lists with the text of the lines.
//
// Then ordinary changes are made to each copy: a text next to the code, a line of each workflow
// outside its jobs, an artifact that is edited and attested, a new one that nothing uses. A
// denial of one of them by a rule about uses is printed, and the exit code is 1. So it is where
// the opposite, a new workflow that executes an artifact, is not denied, or is still denied
// after it verifies the artifact.
//
// With -history N, the last N commits that edit a workflow, Dockerfile, Makefile, compose file
// or pre-commit configuration are judged as if the commit before had adopted the gate; with
// -baseline, as if that had recorded in a baseline what the gate found.
// -denials writes what rules about uses deny there. A person decides whether that is right.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	var m measurement
	flag.StringVar(&m.findings, "findings", "", "write every finding with its line to `FILE`, separated by tabs")
	flag.StringVar(&m.missed, "missed", "", "write every line with a full path that is not reported to `FILE`")
	flag.IntVar(&m.history, "history", 0, "judge the last `N` commits that edit a file with commands")
	flag.BoolVar(&m.baseline, "baseline", false, "record in a baseline what the gate finds when it is adopted")
	flag.StringVar(&m.denials, "denials", "", "write the denials of these commits to `FILE`")
	flag.StringVar(&m.program, "program", "", "measure the codexlock at `FILE` in place of this one")
	flag.StringVar(&m.keep, "keep", "", "keep the copies in `FOLDER`")
	flag.Parse()
	if err := m.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "precision:", err)
		os.Exit(1)
	}
}

// A measurement is one run over several repositories.
type measurement struct {
	findings, missed, denials, program, keep string
	history                                  int
	baseline                                 bool
	scratch                                  string
	environment                              []string
	lists                                    struct{ findings, missed, denials strings.Builder }
}

func (m *measurement) run(folders []string) error {
	if len(folders) == 0 {
		return errors.New("no folders: name the work trees of the repositories to measure")
	}
	scratch, err := os.MkdirTemp("", "codexlock-precision-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	m.scratch = scratch
	if m.keep == "" {
		m.keep = filepath.Join(scratch, "copies")
	}
	if m.keep, err = filepath.Abs(m.keep); err != nil {
		return err
	}
	m.environment = environment(scratch)
	if m.program == "" {
		m.program = filepath.Join(scratch, "codexlock")
		build := exec.Command("go", "build", "-o", m.program, "./cmd/codexlock")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build codexlock: run this in its repository: %w", err)
		}
	}
	if m.program, err = filepath.Abs(m.program); err != nil {
		return err
	}
	var total row
	fmt.Println(header)
	for _, folder := range folders {
		r, err := m.repository(folder)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		fmt.Println(r)
		total.add(r)
	}
	total.name, total.commit = "all", ""
	fmt.Println(total)
	for file, text := range map[string]string{m.findings: m.lists.findings.String(), m.missed: m.lists.missed.String(), m.denials: m.lists.denials.String()} {
		if file == "" {
			continue
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if total.denied > 0 || total.caught < total.added {
		return fmt.Errorf("rules about uses deny %d of %d ordinary changes, want none, and %d of %d unverified uses that are added, want all",
			total.denied, total.changes, total.caught, total.added)
	}
	return nil
}

// environment is the environment of every command: nothing of the user's, so that a
// configuration of Git or a key of the shell changes no figure.
func environment(scratch string) []string {
	kept := []string{"HOME=" + scratch, "GIT_CONFIG_GLOBAL=/dev/null", "XDG_CACHE_HOME=" + filepath.Join(scratch, "cache"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=4",
		"GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=precision",
		"GIT_CONFIG_KEY_1=user.email", "GIT_CONFIG_VALUE_1=precision@example.org",
		"GIT_CONFIG_KEY_2=gc.auto", "GIT_CONFIG_VALUE_2=0",
		"GIT_CONFIG_KEY_3=safe.directory", "GIT_CONFIG_VALUE_3=*",
		"VAULTTIME_KEY=a-key-for-measuring-0123456789abcdef0123456789"}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "PATH=") || strings.HasPrefix(v, "TMPDIR=") {
			kept = append(kept, v)
		}
	}
	return kept
}

// do runs a command in a folder and returns what it printed, and its exit code.
func (m *measurement) do(dir string, args ...string) (string, int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, m.environment
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return string(out), exit.ExitCode(), nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, problems.String())
	}
	return string(out), 0, nil
}

// must runs commands one after the other, each of which has to succeed.
func (m *measurement) must(dir string, commands ...[]string) error {
	for _, args := range commands {
		out, code, err := m.do(dir, args...)
		if err != nil {
			return err
		}
		if code != 0 {
			return fmt.Errorf("%s: exit code %d\n%s", strings.Join(args, " "), code, last(out))
		}
	}
	return nil
}

// last returns the end of a text.
func last(text string) string { return text[max(0, len(text)-2000):] }
