package cli

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
)

// A reader is a command that reads configuration.
type reader struct {
	args  []string // after the command's name; HELD stands for a quarantine's name
	rules bool     // it loads the configuration's rules too
}

// readers are all commands that read configuration, and others says of every other command
// why it reads none. A new command has to be in one of the two.
var (
	readers = map[string]reader{
		"attest":               {args: []string{"assets/sources/model.bin"}},
		"audit prove":          {args: []string{"assets/sources/model.bin"}},
		"audit query":          {},
		"audit sign":           {},
		"audit verify":         {},
		"config check":         {rules: true},
		"doctor":               {},
		"explain":              {args: []string{"assets/sources/model.bin"}, rules: true},
		"export":               {args: []string{"assets/sources/model.bin"}, rules: true},
		"facts":                {args: []string{"assets/sources/model.bin"}},
		"fix":                  {rules: true},
		"ingest":               {rules: true},
		"init":                 {},
		"keys check":           {},
		"keys public":          {},
		"keys revoke":          {args: []string{"0000000000000000"}},
		"keys rotate":          {rules: true},
		"migrate":              {rules: true},
		"mv":                   {args: []string{"--dry-run", "assets/sources/model.bin", "assets/sources/other.bin"}},
		"policy check":         {args: []string{"--no-regal"}},
		"policy docs":          {args: []string{"--check"}},
		"policy list":          {rules: true},
		"policy prove":         {args: []string{"lock.drift"}, rules: true},
		"policy test":          {},
		"policy trace":         {args: []string{"lock.drift", "assets/sources/model.bin"}, rules: true},
		"quarantine release":   {args: []string{"HELD", "--reason", "it is correct"}, rules: true},
		"renew":                {rules: true},
		"rm":                   {args: []string{"--dry-run", "assets/sources/model.bin"}},
		"renewals materialize": {},
		"renewals prune":       {},
		"renewals status":      {},
		"status":               {},
		"verify":               {args: []string{"--all"}, rules: true},
	}
	others = map[string]string{
		"at-use configuration": "reads the commit that its argument names",
		"at-use log":           "is given the configuration",
		"at-use record":        "reads no configuration",
		"at-use unchanged":     "reads the files of a commit, and no configuration",
		"copy":                 "is the work of codexlock-use",
		"open":                 "is the work of codexlock-use",
		"run":                  "is the work of codexlock-use",
		"completion":           "prints what the program is",
		"demo":                 "has a repository and an environment of its own",
		"hook pre-receive":     "reads the configuration of the default branch, as it was before the push",
		"policy bundle":        "writes the program's rules, or those of its arguments",
		"keys generate":        "makes a key for any domain",
		"man":                  "writes what the program is",
		"lock merge":           "merges three files that Git names",
		"lock resolve":         "merges, and verifies nothing",
		"policy new":           "writes where --dir says",
		"quarantine list":      "reads the quarantine's own files",
		"version":              "says what the program is",
		"report":               "reads finished reports",
	}
)

// TestEnvironmentSteersEveryCommand: every command that reads configuration reads the one
// that CODEXLOCK_CONFIG names, and every command that loads rules keeps off the network
// where CODEXLOCK_OFFLINE says so.
func TestEnvironmentSteersEveryCommand(t *testing.T) {
	var all []string
	for name := range leaves(rootCommand(host.World{}), nil) {
		_, reads := readers[name]
		_, not := others[name]
		if reads == not {
			t.Errorf("%s: want it in one of readers and others", name)
		}
		all = append(all, name)
	}
	if len(all) != len(readers)+len(others) {
		t.Errorf("commands are %q, and there are %d readers and %d others", all, len(readers), len(others))
	}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	r, err := repo.Create(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w := host.World{Dir: r.Root(), Now: func() time.Time { return now }, Names: func() []string { return nil }, Random: strings.NewReader(strings.Repeat("0123456789", 100))}
	variables := map[string]string{"VAULTTIME_KEY": "a-key-for-readers-0123456789abcdef0123"}
	run := func(t *testing.T, more map[string]string, args ...string) (int, string) {
		t.Helper()
		var out bytes.Buffer
		w := w
		w.Args, w.Stdout, w.Stderr = append([]string{"codexlock"}, args...), &out, &out
		w.Env = func(name string) (string, bool) {
			if v, ok := more[name]; ok {
				return v, ok
			}
			v, ok := variables[name]
			return v, ok
		}
		return Main(t.Context(), w), out.String()
	}
	held := arrange(t, r, now, func(args ...string) (int, string) { return run(t, nil, args...) })
	variables["VAULTTIME_KEY_OLD"] = "an-earlier-key-0123456789abcdef012345"
	for _, name := range slices.Sorted(maps.Keys(readers)) {
		command := readers[name]
		args := strings.Fields(name)
		for _, a := range command.args {
			args = append(args, strings.ReplaceAll(a, "HELD", held))
		}
		t.Run(name, func(t *testing.T) {
			code, out := run(t, map[string]string{"CODEXLOCK_CONFIG": "absent.yaml"}, args...)
			if !strings.Contains(out, "absent.yaml") || name != "init" && code != exit.Usage {
				t.Errorf("CODEXLOCK_CONFIG: exit code %d, want %d about absent.yaml:\n%s", code, exit.Usage, out)
			}
			_ = os.Remove(filepath.Join(r.Root(), "absent.yaml"))
			if !command.rules { // then it must not reach for a bundle, network or not
				if _, out := run(t, map[string]string{"CODEXLOCK_CONFIG": "remote.yaml"}, args...); strings.Contains(out, "127.0.0.1") {
					t.Errorf("it loads rules, so readers has to say so:\n%s", out)
				}
				return
			}
			code, out = run(t, map[string]string{"CODEXLOCK_CONFIG": "remote.yaml", "CODEXLOCK_OFFLINE": "1"}, args...)
			if !strings.Contains(out, "the network is not to be used") || code != exit.Unknown {
				t.Errorf("CODEXLOCK_OFFLINE: exit code %d, want %d about the network:\n%s", code, exit.Unknown, out)
			}
		})
	}
}

// arrange makes what the commands need to get as far as the configuration: an attested file,
// one to ingest, one in quarantine, and a configuration with a bundle on a server. It returns
// the quarantine's name.
func arrange(t *testing.T, r *repo.Repository, now time.Time, run func(args ...string) (int, string)) string {
	t.Helper()
	write := func(name, text string) {
		name = filepath.Join(r.Root(), name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("assets/sources/model.bin", "weights")
	for _, line := range []string{"init --domain runtime-core", "attest --all"} {
		if code, out := run(strings.Fields(line)...); code != exit.Trusted {
			t.Fatalf("%s ends with %d: %s", line, code, out)
		}
	}
	if _, err := r.CommitAll(t.Context(), "attested", now); err != nil {
		t.Fatal(err)
	}
	write("assets/incoming/bad.sh", "#!/bin/sh\n# TODO\n")
	if code, out := run("ingest"); code != exit.Denied {
		t.Fatalf("ingest ends with %d: %s", code, out)
	}
	held, err := filepath.Glob(filepath.Join(r.Root(), "assets/quarantine/*/reason.json"))
	if err != nil || len(held) != 1 {
		t.Fatalf("%d files in quarantine, %v", len(held), err)
	}
	write("assets/incoming/data.csv", "id\n1\n")
	write("remote.yaml", "version: 1\nrenewals: ref\npolicies: [\"https://127.0.0.1:1/rules.tar.gz#sha256="+strings.Repeat("0", 64)+"\"]\n")
	if _, err := r.CommitAll(t.Context(), "arranged", now); err != nil {
		t.Fatal(err)
	}
	return filepath.Base(filepath.Dir(held[0]))
}

// leaves yields the names of all commands that do something.
func leaves(c *cobra.Command, above []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, child := range c.Commands() {
			path := append(slices.Clone(above), child.Name())
			if !child.HasSubCommands() {
				if !yield(strings.Join(path, " ")) {
					return
				}
				continue
			}
			for name := range leaves(child, path) {
				if !yield(name) {
					return
				}
			}
		}
	}
}
