package usemain

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
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

// A recorder is a flag that keeps what it is given.
type recorder struct {
	into   map[string][]string
	name   string
	toggle bool
	many   bool
	wrong  *error // what Set refused, in our words: the library quotes it in its own
}

func (r *recorder) String() string { return "" }

// IsBoolFlag says that the flag needs no value.
func (r *recorder) IsBoolFlag() bool { return r.toggle }

// Set takes a value.
func (r *recorder) Set(v string) error {
	*r.wrong = r.set(v)
	return *r.wrong
}

func (r *recorder) set(v string) error {
	switch {
	case r.toggle:
		on, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("--%s is %q, want true or false", r.name, v)
		}
		v = strconv.FormatBool(on)
	case v == "":
		return fmt.Errorf("--%s is empty, want a value", r.name)
	}
	if len(r.into[r.name]) > 0 && !r.many {
		return fmt.Errorf("--%s is given twice, want it once", r.name)
	}
	r.into[r.name] = append(r.into[r.name], v)
	return nil
}

// parse takes a command line apart. Flags may stand anywhere before --; what follows it
// is the script's or the command's alone.
func parse(c useflags.Command, args []string) (arguments, error) {
	a := arguments{values: map[string][]string{}}
	before, after, split := args, []string(nil), false
	if i := slices.Index(args, "--"); i >= 0 {
		before, after, split = args[:i], args[i+1:], true
	}
	set := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	var err, wrong error
	for _, f := range c.Flags {
		set.Var(&recorder{a.values, f.Name, f.Value == "", f.Many, &wrong}, f.Name, f.Usage)
	}
	a.command = after
	for rest := before; err == nil && len(rest) > 0; {
		if err = set.Parse(rest); err == nil {
			if rest = set.Args(); len(rest) > 0 {
				a.paths, rest = append(a.paths, rest[0]), rest[1:]
			}
		}
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return a, errHelp
	case err != nil:
		return a, flagError(c, len(a.paths) > 0, cmp.Or(wrong, err))
	}
	return a, a.arrange(c, split)
}

// flagError replaces the library's error about a flag: codexlock has the same words for it.
func flagError(c useflags.Command, afterPath bool, err error) error {
	next := "see codexlock " + c.Name + " --help"
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		text = fmt.Sprintf("codexlock %s has no flag --%s", c.Name, name)
		if afterPath && c.Name != "copy" {
			next = "write -- before the arguments of what is executed: codexlock " + c.Use
		}
	} else if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		text = fmt.Sprintf("--%s needs a value", name)
	} else if word, ok := strings.CutPrefix(text, "bad flag syntax: "); ok {
		text = fmt.Sprintf("%q is no flag, want --NAME or --NAME=VALUE", word)
	}
	return exit.AsUsage(&use.HintedError{Err: errors.New(text), Next: next})
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
