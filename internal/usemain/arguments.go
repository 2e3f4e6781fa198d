package usemain

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/launch"
	"github.com/codexlock/codexlock/internal/use"
	"github.com/codexlock/codexlock/internal/useflags"
)

// errHelp is a command line that asks for help.
var errHelp = errors.New("help")

// arguments are a command line, taken apart.
type arguments struct {
	values  map[string][]string // of the flags, by name
	paths   []string
	dest    string   // of copy
	command []string // after --: the arguments of a script, or a command
}

func (a arguments) value(name string) string {
	if v := a.values[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

func (a arguments) on(name string) bool { return a.value(name) == "true" }

// parse takes a command line apart. Flags may stand anywhere before --; what follows it
// is the script's or the command's alone.
func parse(c useflags.Command, args []string) (arguments, error) {
	a := arguments{values: map[string][]string{}}
	rest, split := args, false
	if i := slices.Index(args, "--"); i >= 0 {
		rest, a.command, split = args[:i], args[i+1:], true
	}
	for len(rest) > 0 {
		word := rest[0]
		rest = rest[1:]
		switch {
		case word == "-h" || word == "--help":
			return a, errHelp
		case len(word) < 2 || word[0] != '-':
			a.paths = append(a.paths, word)
			continue
		}
		var err error
		if rest, err = a.flag(c, word, rest); err != nil {
			return a, err
		}
	}
	return a, a.arrange(c, split)
}

// flag takes a flag, and its value from what follows where it has none of its own. It returns
// what is left.
func (a *arguments) flag(c useflags.Command, word string, rest []string) ([]string, error) {
	next := "see codexlock " + c.Name + " --help"
	wrong := func(format string, args ...any) ([]string, error) {
		return nil, exit.AsUsage(&use.HintedError{Err: fmt.Errorf(format, args...), Next: next})
	}
	name, value, given := strings.Cut(strings.TrimPrefix(word, "--"), "=")
	if !strings.HasPrefix(word, "--") || name == "" {
		return wrong("%q is no flag, want --NAME or --NAME=VALUE", word)
	}
	i := slices.IndexFunc(c.Flags, func(f useflags.Flag) bool { return f.Name == name })
	if i < 0 {
		if len(a.paths) > 0 && c.Name != "copy" {
			next = "write -- before the arguments of what is executed: codexlock " + c.Use
		}
		return wrong("codexlock %s has no flag --%s", c.Name, name)
	}
	f := c.Flags[i]
	switch toggle := f.Value == ""; {
	case toggle && !given:
		value = "true"
	case toggle:
		on, err := strconv.ParseBool(value)
		if err != nil {
			return wrong("--%s is %q, want true or false", name, value)
		}
		value = strconv.FormatBool(on)
	case !given && len(rest) == 0:
		return wrong("--%s needs a value", name)
	case !given:
		value, rest = rest[0], rest[1:]
	}
	switch {
	case value == "":
		return wrong("--%s is empty, want a value", name)
	case len(a.values[name]) > 0 && !f.Many:
		return wrong("--%s is given twice, want it once", name)
	}
	a.values[name] = append(a.values[name], value)
	return rest, nil
}

// arrange finds out which argument is what.
func (a *arguments) arrange(c useflags.Command, split bool) error {
	usage := func(format string, args ...any) error {
		return exit.AsUsage(&use.HintedError{Err: fmt.Errorf("codexlock "+c.Name+": "+format, args...), Next: "codexlock " + c.Use + "; see codexlock " + c.Name + " --help"})
	}
	switch c.Name {
	case "run":
		switch {
		case len(a.paths) > 0 && split:
			return usage("got %q before --, want the script after it", a.paths[0])
		case len(a.paths) > 1:
			return usage("want -- before the script and its arguments")
		case len(a.paths) == 0 && len(a.command) == 0:
			return usage("want a script")
		case split:
			a.paths, a.command = a.command[:1], a.command[1:]
		}
	case "open":
		if len(a.paths) != 1 {
			return usage("want one file before --, got %d", len(a.paths))
		}
		if !split {
			a.command = nil
			break
		}
		if len(a.command) == 0 {
			a.command = []string{} // a command was meant
			return usage("want a command after --")
		}
		if !slices.ContainsFunc(a.command[1:], func(arg string) bool { return strings.Contains(arg, "{}") }) {
			return usage("want {} among the command's arguments, where the name of the verified file goes")
		}
	case "copy":
		a.paths = append(a.paths, a.command...) // -- ends the flags
		if len(a.paths) < 2 {
			return usage("want files and where they go, got %d", len(a.paths))
		}
		a.dest, a.paths = a.paths[len(a.paths)-1], a.paths[:len(a.paths)-1]
	}
	if slices.Contains(a.paths, "") || c.Name == "copy" && a.dest == "" {
		return usage("got an empty path")
	}
	return a.check(c)
}

// check refuses values that no flag has, and flags that exclude each other.
func (a *arguments) check(c useflags.Command) error {
	if a.value("trust") != "" && a.value("base") != "" {
		return exit.Usagef("use either --trust or --base, not both")
	}
	if c.Name == "run" {
		way := cmp.Or(a.value("as"), launch.Auto)
		if !slices.Contains([]string{launch.Auto, launch.Path, launch.FD}, way) {
			return exit.Usagef("--as is %q, want auto, path or fd", way)
		}
		a.values["as"] = []string{way}
	}
	return nil
}

// holdOf returns how the bytes are held.
func holdOf(written string, kind use.Kind, executes bool) (use.Hold, error) {
	dir, temporary := strings.CutPrefix(written, "tmpfile:")
	switch {
	case (written == "" || written == "memory") && executes:
		return use.Memory(func(head []byte) bool { return kind == use.Run && launch.IsProgram(head) }), nil
	case written == "" || written == "memory":
		return use.Private, nil
	case written == "lease" && kind == use.Run:
		return nil, exit.Usagef("--hold lease is for open, want memory or tmpfile:DIR")
	case written == "lease":
		return use.Lease, nil
	case temporary && dir != "":
		return use.TemporaryFile(dir), nil
	}
	return nil, exit.Usagef("--hold is %q, want memory, lease or tmpfile:DIR", written)
}

// options are those of the flags, and of the few variables that count here. The variables
// CODEXLOCK_CONFIG, CODEXLOCK_BASE and CODEXLOCK_EFFECTIVE_TIME do not: they would say whom
// to trust, and when.
func (p *program) options(c useflags.Command, a arguments) (use.Options, error) {
	getenv := use.Environment(p.Environ)
	o := use.Options{
		Root: a.value("root"), Dir: p.Dir, Near: a.paths[0], Trust: a.value("trust"), Base: a.value("base"),
		Records: a.value("records"), State: a.value("state"), Now: p.Now(), Getenv: getenv, Sibling: p.sibling,
	}
	by := a.value("verified-by")
	if by == "" {
		by, _ = getenv("CODEXLOCK_VERIFIED_BY")
	}
	if by == "" {
		by = whoVerifies(getenv)
	}
	on := a.on("log")
	if v, _ := getenv("CODEXLOCK_LOG"); len(a.values["log"]) == 0 && v != "" {
		var err error
		if on, err = strconv.ParseBool(v); err != nil {
			return o, exit.Usagef("CODEXLOCK_LOG is %q, want true or false", v)
		}
	}
	if on {
		o.Log = append(o.Log, use.RepositoryLog{By: by})
	}
	if name := a.value("log-file"); name != "" {
		o.Log = append(o.Log, use.LogFile{Name: name, By: by})
	}
	return o, nil
}

// whoVerifies names the workflow's run, or the user and the host.
func whoVerifies(getenv func(string) (string, bool)) string {
	server, _ := getenv("GITHUB_SERVER_URL")
	repository, _ := getenv("GITHUB_REPOSITORY")
	if run, _ := getenv("GITHUB_RUN_ID"); server != "" && repository != "" && run != "" {
		return server + "/" + repository + "/actions/runs/" + run
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("uid:%d@%s", os.Getuid(), host)
}

// describe is the help of a command.
func describe(c useflags.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage:\n  codexlock %s\n\nExamples:\n%s\n\nFlags:\n", c.Long, c.Use, c.Example)
	for _, f := range c.Flags {
		fmt.Fprintf(&b, "  %-22s %s\n", strings.TrimSpace("--"+f.Name+" "+f.Value), f.Usage)
	}
	return b.String()
}
