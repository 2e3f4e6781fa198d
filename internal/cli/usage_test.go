package cli

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
)

// all are the root command and every command below it that is shown.
func all(c *cobra.Command) []*cobra.Command {
	found := []*cobra.Command{c}
	for _, child := range c.Commands() {
		if !child.Hidden {
			found = append(found, all(child)...)
		}
	}
	return found
}

// TestEveryCommandHasAnExample: --help of every command shows one that begins with the
// command itself.
func TestEveryCommandHasAnExample(t *testing.T) {
	commands := all(rootCommand(host.World{}))
	if len(commands) < 30 {
		t.Fatalf("%d commands", len(commands))
	}
	for _, c := range commands {
		if !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: the example is %q, want one with this command", c.CommandPath(), c.Example)
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: the short text is %q", c.CommandPath(), c.Short)
		}
	}
}

// TestExamplesAreCommandLines: the flags in examples exist.
func TestExamplesAreCommandLines(t *testing.T) {
	flag := regexp.MustCompile(`\s(--?[a-z][a-z-]*)`)
	seen := 0
	for _, c := range all(rootCommand(host.World{})) {
		for _, line := range strings.Split(c.Example, "\n") {
			_, line, ok := strings.Cut(line, "codexlock ")
			if !ok {
				continue
			}
			line, _, _ = strings.Cut(line, " | ")
			line, _, _ = strings.Cut(line, " -- ")
			used, _, err := c.Root().Find(strings.Fields(line))
			if err != nil {
				t.Errorf("%s: %v in %q", c.CommandPath(), err, line)
				continue
			}
			for _, m := range flag.FindAllStringSubmatch(line, -1) {
				seen++
				name := strings.TrimLeft(m[1], "-")
				if used.Flags().Lookup(name) == nil && (len(name) != 1 || used.Flags().ShorthandLookup(name) == nil) {
					t.Errorf("%s: the example %q has the flag %s, which %s has not", c.CommandPath(), line, m[1], used.CommandPath())
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d flags in examples", seen)
	}
}

// TestManPages: every command has a page with its texts, and no line of a text is a request.
func TestManPages(t *testing.T) {
	for _, c := range all(rootCommand(host.World{})) {
		page := manPage(c)
		for _, line := range strings.Split(page, "\n") {
			request, _, _ := strings.Cut(line, " ")
			if strings.HasPrefix(line, ".") && !slices.Contains([]string{".TH", ".SH", ".TP", ".B", ".BR", ".nf", ".fi"}, request) || strings.HasPrefix(line, "'") {
				t.Errorf("%s: the line %q is a request", c.CommandPath(), line)
			}
		}
		for _, want := range []string{".SH NAME", ".SH DESCRIPTION", ".SH EXAMPLES", roff(c.Short)} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s in the page", c.CommandPath(), want)
			}
		}
	}
	if got, want := roff(".x\n'y \\ --z …"), "\\&.x\n\\&'y \\e \\-\\-z \\[u2026]"; got != want {
		t.Errorf("roff is %q, want %q", got, want)
	}
}

// TestUsageErrorsAreOurs: what is wrong with a command line is said in our words, with the
// next step, and ends with 2.
func TestUsageErrorsAreOurs(t *testing.T) {
	for line, want := range map[string]string{
		"verfy":                             `codexlock has no command "verfy"|hint: did you mean codexlock verify?`,
		"keys chek":                         `codexlock keys has no command "chek"|hint: did you mean codexlock keys check?`,
		"keys zzzzzz":                       `codexlock keys has no command "zzzzzz"|hint: see codexlock keys --help`,
		"verify --fromat text":              `codexlock verify has no flag --fromat|hint: did you mean --format?`,
		"verify --zzzzzzzz":                 `codexlock verify has no flag --zzzzzzzz|hint: see codexlock verify --help`,
		"verify -z":                         `codexlock verify has no flag -z`,
		"verify --jobs many":                `--jobs is "many", want a whole number`,
		"verify --jobs 9999999999999999999": `--jobs is "9999999999999999999", want a whole number`,
		"verify --timeout 3":                `--timeout is "3", want a duration such as 36h or 90m`,
		"verify --all=maybe":                `--all is "maybe", want true or false`,
		"verify --offline=maybe":            `--offline is "maybe", want true or false`,
		"verify --format":                   `--format needs a value`,
		"status x":                          `codexlock status takes no argument, got "x"`,
		"explain":                           `codexlock explain takes PATH as arguments, got none`,
		"explain a b":                       `codexlock explain takes PATH as arguments, got 2: ["a" "b"]`,
		"completion ksh":                    `the shell is "ksh", want one of bash, fish, powershell, zsh`,
	} {
		var out bytes.Buffer
		w := host.World{Args: append([]string{"codexlock"}, strings.Fields(line)...), Stdout: &out, Stderr: &out, Env: func(string) (string, bool) { return "", false }}
		if code := Main(t.Context(), w); code != exit.Usage {
			t.Errorf("%s ends with %d", line, code)
		}
		for _, part := range strings.Split(want, "|") {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s prints\n%swant %s", line, &out, part)
			}
		}
		for _, theirs := range []string{"strconv", "parsing", "invalid argument", "unknown shorthand", "arg(s)", "syntax"} {
			if strings.Contains(out.String(), theirs) {
				t.Errorf("%s prints the words of a library:\n%s", line, &out)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"attest", "audit", "renew", "renewals", "verify", "rm", "mv"}
	for written, want := range map[string]string{"atest": "attest", "attets": "attest", "renewal": "renewals", "ver": "verify", "verify": "verify", "rn": "rm", "x": "", "completely": "", "": ""} {
		if got := nearest(written, names); got != want {
			t.Errorf("nearest of %q is %q, want %q", written, got, want)
		}
	}
}

// TestCompletion: each shell gets a script, and it knows the commands.
func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var out bytes.Buffer
		w := host.World{Args: []string{"codexlock", "completion", shell}, Stdout: &out, Stderr: &out, Env: func(string) (string, bool) { return "", false }}
		if code := Main(t.Context(), w); code != exit.Trusted || !strings.Contains(out.String(), "__complete") {
			t.Errorf("%s: exit code %d, %d bytes", shell, code, out.Len())
		}
	}
	var out bytes.Buffer
	w := host.World{Args: []string{"codexlock", "__complete", "keys", "re"}, Stdout: &out, Stderr: &bytes.Buffer{}, Env: func(string) (string, bool) { return "", false }}
	if code := Main(t.Context(), w); code != exit.Trusted || !strings.Contains(out.String(), "revoke\t") {
		t.Errorf("completion of keys re: exit code %d\n%s", code, &out)
	}
}
