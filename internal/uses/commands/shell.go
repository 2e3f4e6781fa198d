package commands

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/words"
)

// The folders that a runner names in variables and that are outside the workspace, and the files
// of its own protocol.
const (
	EnvironmentFile = "/_runner_env_"
	PathFile        = "/_runner_path_"
	systemPath      = "/_path_"
)

// RunnerVariables are what the variables of a runner hold.
func RunnerVariables() map[string]string {
	vars := Interpreters()
	maps.Copy(vars, map[string]string{
		"GITHUB_WORKSPACE": flow.Root, "RUNNER_WORKSPACE": "/_runner_work_", "RUNNER_TEMP": "/_runner_temp_", "RUNNER_TOOL_CACHE": "/_runner_tools_",
		"AGENT_TOOLSDIRECTORY": "/_runner_tools_", "GITHUB_ENV": EnvironmentFile, "GITHUB_PATH": PathFile, "GITHUB_OUTPUT": "/_runner_output_",
		"GITHUB_STEP_SUMMARY": "/_runner_summary_", "GITHUB_STATE": "/_runner_state_", "PATH": systemPath, "GITHUB_SHA": "GITHUB_SHA",
	})
	return vars
}

// Interpreter returns the program that a variable of a name holds as everybody uses it.
func Interpreter(variable string) (program string, ok bool) {
	program, ok = interpreterVariables[variable]
	return program, ok
}

// Interpreters are the variables of [Interpreter].
func Interpreters() map[string]string { return maps.Clone(interpreterVariables) }

var interpreterVariables = map[string]string{
	"PYTHON": "python", "PYTHON3": "python3", "PY": "python", "BASH": "bash", "SHELL": "sh", "NODE": "node", "RUBY": "ruby", "PERL": "perl", "PWSH": "pwsh",
}

// A Shell observes the commands of one script.
type Shell struct {
	*Job
	At Place
	// Container says that the commands run in a container or on another machine. Mounts are
	// what it has of the repository; of two for one path the later counts.
	Container bool
	Mounts    []Mount
	// Built says that the container is an image that is built, so that a verification in it
	// stops the build.
	Built bool
	// Vague says that it is not known where the commands run: no use is certain.
	Vague bool
}

type command = flow.Command[State]

// Meet is what holds where two ways come together.
func (s *Shell) Meet(a, b State) State { return Meet(a, b) }

// Pipe is what holds after a pipe: a verification in it counts where nothing else in it changes
// files, and its failure is that of the pipe.
func (s *Shell) Pipe(before, left, right State, pipefail bool) State {
	after := Meet(left, right)
	if left.wholly > before.wholly || right.wholly > before.wholly {
		after.claims = slices.DeleteFunc(slices.Clone(after.claims), func(c claim) bool { return !slices.Contains(before.claims, c) })
		return after
	}
	if after.spoiled != "" || after.script != "" {
		return after
	}
	sides := [][]claim{right.claims}
	if pipefail {
		sides = append(sides, left.claims)
	}
	for _, side := range sides {
		for _, c := range side {
			if !slices.Contains(after.claims, c) {
				after.claims = append(slices.Clone(after.claims), c)
			}
		}
	}
	return after
}

// Aside is what holds after commands that nothing waits for. What changes files in the background
// may do so at any later time.
func (s *Shell) Aside(before, after State, background bool) State {
	m := Meet(before, after)
	if !background {
		return m
	}
	if after.wholly > before.wholly {
		return m.Spoil("files are changed in the background")
	}
	for _, c := range after.changed {
		if !slices.Contains(before.changed, c) {
			m.behind = union(m.behind, []string{c})
		}
	}
	return m
}

// Command looks at one command.
func (s *Shell) Command(c *command, v State) (ok, fail State) {
	for _, a := range c.Assigns {
		if Risky(a.Name, a.Text) && len(c.Args) == 0 {
			v = v.SpoilScript(a.Name + " is set")
		}
	}
	if len(c.Args) == 0 {
		v = s.writes(c, v)
		return v, v
	}
	ok, fail = s.invoke(c, v, 0)
	return s.writes(c, ok), s.writes(c, fail)
}

// writes looks at the files that a command writes by redirection.
func (s *Shell) writes(c *command, v State) State {
	for _, r := range c.Redirects {
		if strings.HasPrefix(r.Op, "<") {
			continue
		}
		switch r.Target {
		case EnvironmentFile, PathFile:
			v = s.setsEnvironment(c, r.Target, v)
		default:
			v = s.ChangesFile(c.Dir, r.Target, v)
			if isCodexlock(path.Base(r.Target)) {
				v = v.Spoil("the program codexlock is written")
			}
		}
	}
	return v
}

// ChangesFile notes that a command writes a file, or into a folder.
func (s *Shell) ChangesFile(dir, name string, v State) State {
	if s.Container && !s.Built {
		return v
	}
	full := flow.Join(dir, name)
	if name == "" || name == "-" || strings.HasPrefix(name, "/dev/") {
		return v
	}
	if full == EnvironmentFile || full == PathFile {
		return v.Spoil("the environment of later steps is not known")
	}
	at := strings.Index(full, words.Hole)
	switch {
	case at < 0:
		if rel, ours := s.located(full); ours {
			return v.Change(rel)
		}
	case strings.HasPrefix(full, flow.Root+"/"): // a part of the path is not known
		folder := strings.TrimPrefix(path.Dir(full[:at]+"x"), flow.Root)
		return v.Change(strings.TrimPrefix(folder, "/"))
	case !strings.HasPrefix(full, "/") && !strings.HasPrefix(full, "~"):
		return v.Change("")
	}
	return v
}

// setsEnvironment looks at what is written for the steps after this one.
func (s *Shell) setsEnvironment(c *command, file string, v State) State {
	text, known := "", false
	if len(c.Args) > 0 {
		switch path.Base(c.Args[0].Code) {
		case "echo", "printf":
			text, known = words.Joined(c.Args[1:]), true
			text = strings.ReplaceAll(text, `\n`, "\n")
			text = strings.TrimPrefix(strings.TrimPrefix(text, "-e "), "-n ")
		case "cat", "tee":
			text, known = c.Input.Text, c.Input.Known
		}
	}
	if !known {
		return v.Spoil("the environment of later steps is not known")
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if file == PathFile {
			if line != "" && !Outside(line) {
				return v.Spoil("PATH gets a folder that may be the repository's")
			}
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		name, _, _ = strings.Cut(name, "<<")
		if strings.Contains(name, words.Hole) || strings.ContainsAny(name, "%$`") || Risky(strings.TrimSpace(name), value) {
			return v.Spoil("the environment of later steps is changed")
		}
	}
	return v
}

// Outside reports whether a path is known to be outside the workspace.
func Outside(p string) bool {
	if _, inside := InWorkspace(p); inside || strings.Contains(p, words.Hole) || strings.Contains(p, "..") {
		return false
	}
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "/home/runner/work") && !strings.HasPrefix(p, "/__w") || strings.HasPrefix(p, "~/") && !strings.HasPrefix(p, "~/work")
}

// gitVariables are those with which git reads another repository, or other settings.
var gitVariables = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_EXEC_PATH", "GIT_COMMON_DIR",
	"GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_REPLACE_REF_BASE",
}

// Risky reports whether a variable can make a verification another one, or none: what programs
// are executed, what they load, what codexlock believes.
func Risky(name, value string) bool {
	switch {
	case name == "PATH":
		for folder := range strings.SplitSeq(value, ":") {
			if folder != systemPath && !Outside(folder) {
				return true
			}
		}
		return false
	case name == "BASH_ENV", name == "ENV", name == "SHELLOPTS", name == "BASHOPTS", name == "PS4", name == "IFS":
		return name != "IFS"
	case strings.HasPrefix(name, "CODEXLOCK_"), strings.HasPrefix(name, "INPUT_"), strings.HasPrefix(name, "BASH_FUNC_"),
		strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_"), strings.HasPrefix(name, "GIT_CONFIG"):
		return true
	}
	return slices.Contains(gitVariables, name)
}

// maxNesting bounds the commands in the words of commands.
const maxNesting = 8

// statusKept are the programs around a command whose status is that of the command.
var statusKept = []string{"env", "sudo", "doas", "nice", "ionice", "stdbuf", "time", "timeout", "gtimeout", "nohup", "command", "exec", "builtin"}

// invoke looks at the command that words are, which may be in the words of another one.
func (s *Shell) invoke(c *command, v State, depth int) (ok, fail State) {
	for len(c.Args) > 0 && (c.Args[0].Code == "" || c.Args[0].Code == "--") {
		c = c.With(c.Args[1:], 1)
	}
	if len(c.Args) == 0 || depth > maxNesting {
		return v, v
	}
	name := c.Args[0].Code
	if script, args, is := s.standardScript(c); is {
		return s.runsStandardScript(c, script, args, v)
	}
	if t, is := s.find(c, name, false); is && strings.Contains(name, "/") || is && t.How == facts.UseHowGlob {
		s.record(facts.UseKindExecute, t, c, 0, v)
		if !inspects()[path.Base(name)] {
			s.words(c, 1, v)
		}
		return v, v
	}
	if t, is := s.onPath(c, name); is {
		s.record(facts.UseKindExecute, t, c, 0, v)
		s.words(c, 1, v)
		return v, v
	}
	base := path.Base(name)
	if strings.HasPrefix(base, "python"+words.Hole) || strings.HasPrefix(base, "python3."+words.Hole) {
		base = "python" // of some version
	}
	if strings.Contains(base, words.Hole) || base == "" {
		s.words(c, 1, v)
		return v, v
	}
	if isCodexlock(base) {
		return s.codexlock(c, v, depth)
	}
	if s.isOfRepository(c, name) { // a program of this name that is none of the known ones
		s.words(c, 1, v)
		return v, v
	}
	return s.program(c, base, v, depth)
}

// isOfRepository reports whether the name of a program is a path in the workspace.
func (s *Shell) isOfRepository(c *command, name string) bool {
	if !strings.Contains(name, "/") {
		return false
	}
	_, inside := s.located(flow.Join(c.Dir, name))
	return inside || !strings.HasPrefix(name, "/")
}

// record records a use of the i-th word.
func (s *Shell) record(kind facts.UseKind, t Target, c *command, i int, v State) {
	offset := c.Offset
	if i >= 0 && i < len(c.Offsets) {
		offset = c.Offsets[i]
	}
	s.RecordAt(kind, t, offset, v)
}

// RecordAt records a use at a byte of the text, with what verified it earlier.
func (s *Shell) RecordAt(kind facts.UseKind, t Target, offset int, v State) {
	if s.Vague {
		t = Token(t)
	}
	if by, ok := v.VerifiedBy(t.Path); ok {
		s.use(kind, t, s.At, offset, facts.VerificationEarlier, by)
		return
	}
	s.use(kind, t, s.At, offset, facts.VerificationNone, "")
}

// words records the words of a command of which it is not known what it does with them.
func (s *Shell) words(c *command, from int, v State) {
	for i := from; i < len(c.Args); i++ {
		s.word(c, i, v)
	}
}

// word records one of them.
func (s *Shell) word(c *command, i int, v State) {
	text := c.Args[i].Code
	if !strings.ContainsAny(text, "/.") {
		return // a word that happens to be a name
	}
	if _, value, ok := strings.Cut(text, "="); ok {
		if t, is := s.find(c, strings.TrimPrefix(value, "@"), false); is && t.How != facts.UseHowGlob {
			s.record(facts.UseKindLoad, Token(t), c, i, v)
			return
		}
	}
	if t, is := s.find(c, strings.TrimPrefix(text, "@"), false); is && t.How != facts.UseHowGlob {
		s.record(facts.UseKindLoad, Token(t), c, i, v)
	}
}

// Token is a target of which it is not known what is done with it.
func Token(t Target) Target {
	if t.How == facts.UseHowExact || t.How == facts.UseHowWorkdir || t.How == facts.UseHowImage {
		t.How = facts.UseHowToken
	}
	return t
}

// program looks at a command of a program whose name is known.
func (s *Shell) program(c *command, name string, v State, depth int) (ok, fail State) {
	v = s.changes(c, name, v)
	switch {
	case name == "source", name == ".":
		v = s.sources(c, v)
	case name == "eval" && strings.Contains(words.Joined(c.Args[1:]), words.Hole):
		v = v.SpoilScript("code that is not known is executed")
	case name == "trap":
		return s.trap(c, v), v
	case name == "alias" && strings.Contains(words.Joined(c.Args), "codexlock"):
		v = v.SpoilScript("codexlock is an alias")
	case name == "hash" && strings.Contains(words.Joined(c.Args), "codexlock"), name == "enable":
		v = v.SpoilScript("commands are replaced")
	}
	p := programs.Named(name)
	if k := special(name); k != nil {
		return k(s, c, v, depth)
	}
	if p == nil {
		if !inspects()[name] {
			s.loads(c, name, v)
		}
		return v, v
	}
	r := p.Read(c.Args[1:])
	if r.Ends {
		return v, v
	}
	return s.reading(c, name, r, v, depth)
}

// sources spoils a script that reads code of the repository which nothing verified: it may replace
// any command.
func (s *Shell) sources(c *command, v State) State {
	if len(c.Args) < 2 || Outside(flow.Join(c.Dir, c.Args[1].Code)) {
		return v
	}
	if t, is := s.find(c, c.Args[1].Code, false); is {
		if _, verified := v.VerifiedBy(t.Path); verified {
			return v
		}
	}
	return v.SpoilScript("code is sourced that nothing verified")
}

// index is where the words of a value begin among those of a command; the words of a value are
// the last ones, or one of them.
func index(c *command, args []words.Argument) int {
	if len(args) == 0 {
		return -1
	}
	for i := range c.Args {
		if &c.Args[i] == &args[0] {
			return i
		}
	}
	for i := len(c.Args) - 1; i > 0; i-- {
		if strings.HasSuffix(c.Args[i].Code, args[0].Code) {
			return i
		}
	}
	return -1
}

// reading looks at what a program executes, by its arguments.
func (s *Shell) reading(c *command, name string, r programs.Reading, v State, depth int) (ok, fail State) {
	ok, fail = v, v
	ran := false
	for _, value := range r.Values {
		if len(value.Args) == 0 {
			continue
		}
		at := index(c, value.Args)
		switch value.Kind {
		case "command", "rest", "until", "daemon":
			ran = true
			ok, fail = s.nested(c, r.Program, value, at, ok, depth)
		case "shell", "trap":
			ran = true
			o, _ := c.Run(value.Args[0].Code, at, startsStrict(c, at), ok)
			if name == "trap" || value.Kind == "trap" || !IsShell(name) {
				ok = Meet(ok, o)
				break
			}
			_, f := c.Run(value.Args[0].Code, at, startsStrict(c, at), v)
			ok, fail = o, f
		case "remote":
			ran = true
			if name == "eval" { // followed by flow itself
				break
			}
			o, f := s.away(nil).follow(c, words.Joined(value.Args), at, ok)
			ok = Meet(ok, Meet(o, f))
		case "script":
			ran = true
			if isShellCheck(c, name, at) {
				break
			}
			s.runs(c, name, value.Args[0].Code, at, ok)
			s.words(c, at+1, ok)
		case "module":
			ran = true
			s.module(c, value.Args, at, ok)
		case "gorun":
			ran = true
			if t, is := s.find(c, value.Args[0].Code, true); is {
				s.record(facts.UseKindExecute, t, c, at, ok)
			}
		case "makefile":
			ran = true
			if t, is := s.find(c, value.Args[0].Code, false); is {
				s.record(facts.UseKindExecute, t, c, at, ok)
			}
		case "python", "node", "perl", "ruby", "php", "lua":
			ran = true
			ok = s.literals(value.Args[0].Code, c, at, ok)
			fail = ok
		}
	}
	if (r.Program.Reads != "" && !ran) || r.Stdin {
		ok, fail = s.standardInput(c, name, ok, fail)
		ran = ran || c.Input.File != "" || c.Input.From != nil
	}
	if !ran && strings.HasSuffix(r.Program.Name, " run") && (name == "docker" || name == "podman" || name == "nerdctl") {
		ran = true
		s.container(c, r.Program, c.With(nil, len(c.Args)), v, depth)
	}
	if name == "make" || name == "gmake" {
		s.makes(c, ok)
	}
	if !ran && !inspects()[name] {
		s.loads(c, name, ok)
	}
	return ok, fail
}

// startsStrict reports whether a shell is started with -e before the code at an argument.
func startsStrict(c *command, at int) bool {
	for i := 1; i < at && i < len(c.Args); i++ {
		if text := c.Args[i].Code; strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "--") && strings.Contains(text, "e") && !strings.Contains(text, "rcfile") {
			return true
		}
	}
	return false
}

// isShellCheck reports whether a shell only looks whether it can parse a script: bash -n.
func isShellCheck(c *command, name string, at int) bool {
	return IsShell(name) && slices.ContainsFunc(c.Args[1:max(1, at)], func(a words.Argument) bool { return a.Code == "-n" })
}

// follow follows code as it runs elsewhere.
func (s *Shell) follow(c *command, code string, at int, v State) (ok, fail State) {
	if s.Container {
		return v, v // its words name files of another machine
	}
	return c.Run(code, at, false, v)
}

// IsShell reports whether a program is a shell.
func IsShell(name string) bool {
	return slices.Contains([]string{"bash", "sh", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "rbash", "yash"}, name)
}

// isCodexlock reports whether the name of a program is ours.
func isCodexlock(base string) bool { return base == "codexlock" || base == "codexlock-use" }

// nested looks at the command in the words of another one.
func (s *Shell) nested(c *command, p *programs.Program, value programs.Value, at int, v State, depth int) (ok, fail State) {
	args := value.Args
	if value.Kind == "daemon" {
		if i := slices.IndexFunc(args, func(a words.Argument) bool { return a.Code == "--" }); i >= 0 {
			args = append([]words.Argument{args[0]}, args[i+1:]...)
		}
	}
	first, _, _ := strings.Cut(p.Name, " ")
	inner := c.With(args, at)
	switch {
	case first == "docker" || first == "podman" || first == "nerdctl" || first == "kubectl" || first == "oc" || first == "docker-compose":
		o, f := s.container(c, p, inner, v, depth)
		return Meet(v, o), Meet(v, f)
	case first == "find" || first == "fd" || first == "gfind" || first == "fdfind":
		s.foundFiles(c, inner, at, v)
		return s.unlessChanged(inner, v, depth)
	case first == "xargs" || first == "gxargs":
		s.listedFiles(c, inner, v)
		return s.unlessChanged(inner, v, depth)
	case slices.Contains(statusKept, first):
		for _, a := range c.Args[1:max(1, min(at, len(c.Args)))] {
			name, text, assigned := strings.Cut(a.Code, "=")
			if assigned && Risky(name, text) || !a.Whole() && !assigned || strings.HasPrefix(name, "-C") || name == "--chdir" || name == "-D" || name == "-S" || name == "--split-string" || name == "-R" || name == "--chroot" {
				return s.unlessChanged(inner, v, depth)
			}
		}
		return s.invoke(inner, v, depth+1)
	}
	return s.unlessChanged(inner, v, depth)
}

// unlessChanged looks at a nested command whose own verification does not count.
func (s *Shell) unlessChanged(c *command, v State, depth int) (ok, fail State) {
	o, f := s.invoke(c, v, depth+1)
	m := Meet(v, Meet(o, f))
	return m, m
}

// runs records the file that an interpreter executes, or a shell sources.
func (s *Shell) runs(c *command, name, file string, at int, v State) {
	if file == "-" || file == "/dev/stdin" {
		s.standardInput(c, name, v, v)
		return
	}
	kind := facts.UseKindExecute
	if name == "source" || name == "." {
		kind = facts.UseKindSource
	}
	if t, is := s.find(c, file, false); is {
		s.record(kind, t, c, at, v)
	} else if name == "node" || name == "nodejs" {
		if t, is := s.find(c, file+".js", false); is {
			s.record(kind, t, c, at, v)
		}
	} else if t, is := s.find(c, path.Join(file, "__main__.py"), false); is && strings.HasPrefix(name, "py") {
		s.record(kind, t, c, at, v)
	}
}

// module records a module of Python that is executed.
func (s *Shell) module(c *command, args []words.Argument, at int, v State) {
	name := args[0].Code
	if name == "" || strings.Contains(name, words.Hole) || strings.ContainsAny(name, "/ ") {
		return
	}
	file := strings.ReplaceAll(name, ".", "/")
	for _, candidate := range []string{file + ".py", file + "/__main__.py"} {
		if t, is := s.find(c, candidate, false); is {
			s.record(facts.UseKindExecute, t, c, at, v)
			return
		}
	}
	s.words(c, at+1, v)
}

// standardInput records what a program executes, or loads, from its standard input.
func (s *Shell) standardInput(c *command, name string, ok, fail State) (State, State) {
	in := c.Input
	kind := facts.UseKindExecute
	switch {
	case in.File != "":
		if t, is := s.find(c, in.File, false); is {
			s.RecordAt(kind, t, in.Offset, ok)
		}
	case in.Known && IsShell(name):
		o, f := c.Run(in.Text, -1, slices.ContainsFunc(c.Args[1:], func(a words.Argument) bool { return a.Code == "-e" || a.Code == "-eu" || a.Code == "-eo" }), ok)
		return o, f
	case in.From != nil:
		if t, i, is := s.writer(in.From); is {
			s.record(kind, t, in.From, i, ok)
		} else if from := path.Base(in.From.Args[0].Code); from == "curl" || from == "wget" {
			return ok.Change(""), fail.Change("") // code from elsewhere, which may do anything
		}
	}
	return ok, fail
}

// writer returns the artifact whose bytes a command writes: cat FILE.
func (s *Shell) writer(from *command) (t Target, i int, ok bool) {
	if len(from.Args) == 0 || !slices.Contains([]string{"cat", "envsubst", "sed", "tr", "gunzip", "zcat", "base64"}, path.Base(from.Args[0].Code)) {
		return Target{}, 0, false
	}
	if from.Input.File != "" {
		if t, is := s.find(from, from.Input.File, false); is {
			return t, 0, true
		}
	}
	for i := 1; i < len(from.Args); i++ {
		if t, is := s.find(from, from.Args[i].Code, false); is {
			return t, i, true
		}
	}
	return Target{}, 0, false
}

// trap spoils a script in which a trap can hide a failure: one that is executed at the end, or after
// a failure, and may leave with another status.
func (s *Shell) trap(c *command, v State) State {
	if len(c.Args) < 3 {
		return v
	}
	when := " " + strings.ToUpper(words.Joined(c.Args[2:])) + " "
	for _, signal := range []string{" EXIT ", " SIGEXIT ", " ERR ", " DEBUG ", " RETURN ", " 0 ", strings.ToUpper(words.Hole)} {
		if strings.Contains(when, signal) && (signal == " DEBUG " || leaves(c, c.Args[1].Code, maxNesting)) {
			return v.SpoilScript("a trap decides about the status")
		}
	}
	return v
}

// leavingWords are the words of code that may leave the shell, or may be such code.
var leavingWords = []string{"exit", "exec", "return", "eval", "source", "trap", words.Hole}

// leaves reports whether code may leave the shell, itself or by a function that it calls.
func leaves(c *command, code string, depth int) bool {
	if depth == 0 || slices.ContainsFunc(leavingWords, func(w string) bool { return strings.Contains(code, w) }) {
		return true
	}
	for _, word := range strings.FieldsFunc(code, func(r rune) bool { return strings.ContainsRune(" \t\n;&|(){}", r) }) {
		if text, is := c.Function(word); is && leaves(c, text, depth-1) {
			return true
		}
	}
	first := strings.TrimSpace(code)
	return strings.HasPrefix(first, "$") || strings.HasPrefix(first, ".")
}

// makes records the Makefile that make reads of itself.
func (s *Shell) makes(c *command, v State) {
	dir := c.Dir
	for i, a := range c.Args {
		switch text := a.Code; {
		case text == "-f" || strings.HasPrefix(text, "-f") || strings.HasPrefix(text, "--file") || strings.HasPrefix(text, "--makefile"):
			return
		case (text == "-C" || text == "--directory") && i+1 < len(c.Args):
			dir = flow.Join(dir, c.Args[i+1].Code)
		case strings.HasPrefix(text, "-C"):
			dir = flow.Join(dir, text[2:])
		}
	}
	for _, name := range []string{"GNUmakefile", "makefile", "Makefile"} {
		if t, is := s.find(c.In(dir), name, false); is {
			s.record(facts.UseKindExecute, t, c, 0, v)
			return
		}
	}
}

// literals records the artifacts that strings in foreign code name. What the code does with them
// is not known, so they may be changed.
func (s *Shell) literals(code string, c *command, at int, v State) State {
	for _, text := range quoted(code) {
		if t, is := s.find(c, text, false); is {
			s.record(facts.UseKindLoad, Token(t), c, at, v)
			v = v.Change(t.Path)
		}
	}
	return v
}
