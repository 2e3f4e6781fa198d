package uses

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
	"github.com/codexlock/codexlock/internal/uses/commands"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// A steps has what the steps of one file have in common.
type steps struct {
	*reader
	file   string
	source *yamltree.Source
	job    *commands.Job
	vars   map[string]string // of env: of the workflow and the job, and what the runner sets
	// inputs are the inputs of a composite action, where its caller gives a text.
	inputs map[string]string
	shell  string // of defaults
	dir    string // of defaults
	// matrix are the values of the job's matrix, by name.
	matrix map[string][]string
	system string // runs-on
	depth  int    // of composite actions in composite actions
}

// workflow reads the jobs of a workflow.
func (r *reader) workflow(name string, root yamltree.Value, source *yamltree.Source) {
	for _, p := range root.Get("jobs").Pairs() {
		if p.Get("steps").IsZero() {
			continue // it calls a workflow, which is a file of its own
		}
		s := steps{
			reader: r, file: name, source: source, system: p.Get("runs-on").Text() + strings.Join(p.Get("runs-on").Texts(), " "), matrix: map[string][]string{},
			job: &commands.Job{Artifacts: r.side, VerifyingScript: r.side.trusted, Site: facts.UseSiteWorkflows, ID: p.Key, Roots: []string{""}, Found: r.out},
		}
		s.vars = commands.RunnerVariables()
		v := commands.State{}
		for _, env := range []yamltree.Value{root.Get("env"), p.Get("env")} {
			v = s.environment(env, s.vars, v)
		}
		for _, defaults := range []yamltree.Value{root.Get("defaults"), p.Get("defaults")} {
			run := defaults.Get("run")
			if text := run.Get("shell").Text(); text != "" {
				s.shell = text
			}
			if text := run.Get("working-directory").Text(); text != "" {
				s.dir = text
			}
		}
		for _, m := range p.Get("strategy").Get("matrix").Pairs() {
			s.matrix[m.Key] = m.Texts()
			for _, included := range m.Items() {
				for _, one := range included.Pairs() {
					s.matrix[one.Key] = append(s.matrix[one.Key], one.Text())
				}
			}
		}
		s.run(p.Get("steps").Items(), v)
	}
}

// action reads the steps of a composite action that no workflow of the repository uses.
func (r *reader) action(name string, root yamltree.Value, source *yamltree.Source) {
	if root.Get("runs").Get("using").Text() != "composite" || r.called[name] {
		return
	}
	s := steps{
		reader: r, file: name, source: source, vars: commands.RunnerVariables(),
		job: &commands.Job{Artifacts: r.side, VerifyingScript: r.side.trusted, Site: facts.UseSiteWorkflows, ID: "runs", Roots: []string{""}, Found: r.out},
	}
	s.vars["GITHUB_ACTION_PATH"] = flow.Join(flow.Root, path.Dir(name))
	s.run(root.Get("runs").Get("steps").Items(), commands.State{})
}

// environment adds variables, and looks for those with which nothing verifies any more.
func (s *steps) environment(env yamltree.Value, vars map[string]string, v commands.State) commands.State {
	for _, p := range env.Pairs() {
		text := s.expand(p.Text(), vars)
		if commands.Risky(p.Key, text) {
			v = v.Spoil("env: sets " + p.Key)
		}
		vars[p.Key] = text
	}
	return v
}

// expand replaces the expressions in a text by what they say, or by a hole.
func (s *steps) expand(text string, vars map[string]string) string {
	masked, said := flow.Mask(text)
	return flow.Unmask(masked, s.expressions(said, vars))
}

// expressions returns what expressions say, as far as that is known.
func (s *steps) expressions(said []string, vars map[string]string) func(int) (string, bool) {
	return func(n int) (string, bool) {
		if n >= len(said) {
			return "", false
		}
		context, name, _ := strings.Cut(said[n], ".")
		switch context {
		case "github":
			known := map[string]string{
				"workspace": flow.Root, "sha": "GITHUB_SHA", "action_path": vars["GITHUB_ACTION_PATH"], "env": commands.EnvironmentFile, "path": commands.PathFile,
			}
			text, ok := known[name]
			return text, ok && text != ""
		case "runner":
			known := map[string]string{"temp": "/_runner_temp_", "tool_cache": "/_runner_tools_"}
			text, ok := known[name]
			return text, ok
		case "env":
			text, ok := vars[name]
			return text, ok && !strings.Contains(text, words.Hole)
		case "inputs":
			text, ok := s.inputs[name]
			return text, ok
		case "matrix":
			if values := s.matrix[name]; len(values) == 1 && values[0] != "" {
				return values[0], true
			}
		}
		return "", false
	}
}

// status matches the functions of a condition with which a step runs after a failure.
var status = lazyregexp.New(`\b(always|failure|cancelled)\s*\(`)

// run follows steps in their order, and returns what holds after the last where all succeeded.
func (s *steps) run(all []yamltree.Value, v commands.State) commands.State {
	for _, step := range all {
		s.followed += bytesOfStep + len(step.Get("run").Text())
		if s.followed > maxFollowed {
			s.unknown(s.file, "the repository has more steps than are followed")
			return v.Forget()
		}
		condition := strings.TrimSpace(step.Get("if").Text())
		condition = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(condition, "${{"), "}}"))
		if condition == "false" {
			continue
		}
		before := v
		if status.MatchString(condition) { // it runs although what verifies failed
			before = before.Forget()
		}
		vars := maps.Clone(s.vars)
		before = s.environment(step.Get("env"), vars, before)
		ignored := step.Get("continue-on-error")
		soft := !ignored.IsZero() && ignored.Text() != "false"
		if soft {
			before = before.Soften()
		}
		after, anyway := s.step(step, vars, before)
		after, anyway = after.EndScript(), anyway.EndScript()
		if before.Spoiled() && !v.Spoiled() { // by the environment of the step
			after, anyway = after.Unspoiled(v), anyway.Unspoiled(v)
		}
		if soft {
			after = commands.Meet(anyway, after)
		}
		switch {
		case condition != "" && condition != "success()":
			v = commands.Meet(v, after)
		default:
			v = after
		}
	}
	return v
}

// bytesOfStep is what following a step costs beside its script, in bytes of script.
const bytesOfStep = 256

// step follows one step: what holds where it succeeds, and whatever comes of it.
func (s *steps) step(step yamltree.Value, vars map[string]string, v commands.State) (ok, anyway commands.State) {
	if uses := step.Get("uses"); !uses.IsZero() {
		return s.uses(step, uses, vars, v)
	}
	run := step.Get("run")
	if run.IsZero() {
		return v, v
	}
	dir := flow.Root
	for _, d := range []string{s.dir, step.Get("working-directory").Text()} {
		if d != "" {
			dir = flow.Join(flow.Root, s.expand(d, vars))
		}
	}
	shellName := s.expand(step.Get("shell").Text(), vars)
	if shellName == "" {
		shellName = s.expand(s.shell, vars)
	}
	return s.script(run, shellName, dir, vars, v)
}

// script follows the text of run:.
func (s *steps) script(run yamltree.Value, shellName, dir string, vars map[string]string, v commands.State) (ok, anyway commands.State) {
	places := s.source.Places(run)
	at := commands.Place{File: s.file, Source: s.source, At: func(offset int) int { return places[min(max(offset, 0), len(places)-1)] }}
	text, said := flow.Mask(run.Text())
	windows, known := s.isWindows()
	how := readShell(shellName, windows)
	if shellName == "" && !known { // it may be PowerShell, which goes on after a failure
		how.errexit, how.guessed = false, true
	}
	if how.language != "bash" && writesEnvironment(text) {
		v = v.Spoil("the environment of later steps is changed")
	}
	script := flow.Script{Text: text, Dir: dir, Vars: vars, ErrExit: how.errexit, PipeFail: how.pipefail, Expression: s.expressions(said, vars)}
	sh := &commands.Shell{Job: s.job, At: at}
	switch how.language {
	case "bash":
		if how.unknown {
			v = v.SpoilScript("the shell is not known")
		}
		whole := len(said) == 1 && strings.TrimSpace(run.Text()) == "${{ "+said[0]+" }}"
		return s.each(said, func(expressions func(int) (string, bool)) (ok, anyway commands.State) {
			script.Expression = expressions
			if command, known := expressions(0); whole && known { // it is code, and not a word of it
				script.Text, script.Expression = command, nil
				sh.At.At = func(int) int { return places[0] }
			}
			if how.guessed {
				if _, err := flow.Follow[commands.State](script, sh, v); err != nil {
					return s.lines(script, sh, v)
				}
			}
			return s.follow(script, sh, run, v)
		}, vars)
	case "powershell", "cmd":
		script.Text = foreignLines(text)
		if !single(text) {
			script.ErrExit = false
			end, err := flow.Follow[commands.State](script, sh, v.SpoilScript("the shell goes on after a failure"))
			if err != nil {
				return s.lines(script, sh, v)
			}
			return commands.Meet(v, end.Any), commands.Meet(v, end.Any)
		}
		return s.follow(script, sh, run, v)
	}
	v = s.strings(text, sh, v)
	return v, v
}

// maxMatrix bounds how many values of a matrix a script is followed with.
const maxMatrix = 16

// each follows a script once for each value of the one name of the matrix that it says, where they
// are known.
func (s *steps) each(said []string, follow func(func(int) (string, bool)) (ok, anyway commands.State), vars map[string]string) (ok, anyway commands.State) {
	name := ""
	for _, e := range said {
		if one, is := strings.CutPrefix(e, "matrix."); is && len(s.matrix[one]) > 1 && len(s.matrix[one]) <= maxMatrix {
			if name != "" && name != one {
				return follow(s.expressions(said, vars))
			}
			name = one
		}
	}
	if name == "" {
		return follow(s.expressions(said, vars))
	}
	all := s.matrix[name]
	defer func() { s.matrix[name] = all }()
	for i, value := range all {
		s.matrix[name] = []string{value}
		o, a := follow(s.expressions(said, vars))
		if i == 0 {
			ok, anyway = o, a
			continue
		}
		ok, anyway = commands.Meet(ok, o), commands.Meet(anyway, a)
	}
	return ok, anyway
}

// follow follows a script that a shell like Bash reads.
func (s *steps) follow(script flow.Script, sh *commands.Shell, run yamltree.Value, v commands.State) (ok, anyway commands.State) {
	end, err := flow.Follow[commands.State](script, sh, v)
	if err != nil {
		offset := 0
		if bad, is := err.(*flow.Error); is {
			offset = bad.Offset
		}
		line, _ := sh.At.Position(offset)
		s.unread(s.file, "the script cannot be parsed: "+err.Error(), line, run.Text())
		v = v.Change("")
		if writesEnvironment(run.Text()) {
			v = v.Spoil("the environment of later steps is changed")
		}
		return v, v
	}
	if end.Exceeded {
		s.unread(s.file, "the script has more commands than are followed", run.Line(), run.Text())
	}
	if !end.Reached {
		return end.Any, end.Any
	}
	return end.OK, end.Any
}

// lines follows each line of a script alone, for its uses.
func (s *steps) lines(script flow.Script, sh *commands.Shell, v commands.State) (ok, anyway commands.State) {
	offset := 0
	for line := range strings.SplitAfterSeq(script.Text, "\n") {
		one, inner := script, *sh
		one.Text = line
		start := offset
		inner.At.At = func(at int) int { return sh.At.At(start + at) }
		if end, err := flow.Follow[commands.State](one, &inner, v.SpoilScript("the shell goes on after a failure")); err == nil {
			v = commands.Meet(v, end.Any)
		}
		offset += len(line)
	}
	return v, v
}

// strings records the artifacts that code of another language names in strings, which it may
// change too.
func (s *steps) strings(code string, sh *commands.Shell, v commands.State) commands.State {
	for i := 0; i < len(code); i++ {
		q := code[i]
		if q != '"' && q != '\'' && q != '`' {
			continue
		}
		end := strings.IndexByte(code[i+1:], q)
		if end < 0 {
			return v
		}
		text := code[i+1 : i+1+end]
		if strings.Contains(text, "\n") {
			continue
		}
		if t, is := s.job.Find(flow.Root, text, false); is {
			before := code[:i]
			if strings.HasSuffix(before, "require(") || strings.HasSuffix(before, "import(") {
				sh.RecordAt(facts.UseKindExecute, t, i+1, v)
			} else {
				sh.RecordAt(facts.UseKindLoad, commands.Token(t), i+1, v)
			}
			v = v.Change(t.Path)
		}
		i += end + 1
	}
	return v
}

// A shellKind is how a script is executed.
type shellKind struct {
	language          string // bash, for all shells like it; powershell, cmd, other
	errexit, pipefail bool
	unknown           bool // whether its failure is that of the step is not known
	guessed           bool // it may be PowerShell
}

// readShell reads what shell: says, as GitHub's runner does.
// (https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstepsshell)
func readShell(text string, windows bool) shellKind {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		if windows {
			return shellKind{language: "powershell"}
		}
		return shellKind{language: "bash", errexit: true}
	}
	switch text {
	case "bash":
		return shellKind{language: "bash", errexit: true, pipefail: true}
	case "sh":
		return shellKind{language: "bash", errexit: true}
	case "pwsh", "powershell":
		return shellKind{language: "powershell"}
	case "cmd":
		return shellKind{language: "cmd"}
	case "python":
		return shellKind{language: "other"}
	}
	k := shellKind{language: "other"}
	for i, field := range fields {
		base := strings.TrimSuffix(path.Base(strings.ReplaceAll(field, `\`, "/")), ".exe")
		switch {
		case commands.IsShell(base) || base == "wsl-bash" || base == "msys2":
			k.language, k.unknown = "bash", i > 0 || base == "wsl-bash" || base == "msys2"
		case base == "pwsh" || base == "powershell":
			k.language = "powershell"
		case k.language == "bash" && strings.HasPrefix(field, "-") && !strings.HasPrefix(field, "--"):
			k.errexit = k.errexit || strings.Contains(field, "e")
			if strings.HasSuffix(field, "o") && i+1 < len(fields) {
				k.errexit = k.errexit || fields[i+1] == "errexit"
				k.pipefail = k.pipefail || fields[i+1] == "pipefail"
			}
			k.unknown = k.unknown || strings.ContainsAny(field, "cn")
		case k.language == "bash" && strings.HasPrefix(field, "+"):
			k.errexit = false
		}
	}
	if text == words.Hole {
		k = shellKind{language: "bash", unknown: true}
	}
	return k
}

// isWindows reports whether a job may run on Windows, where the default shell is PowerShell; known
// is false where an expression decides whose values are not in the workflow.
func (s *steps) isWindows() (windows, known bool) {
	masked, said := flow.Mask(strings.ToLower(s.system))
	windows, known = strings.Contains(masked, "windows"), true
	for _, e := range said {
		name, isMatrix := strings.CutPrefix(e, "matrix.")
		values := s.matrix[name]
		known = known && isMatrix && len(values) > 0
		for _, value := range values {
			windows = windows || strings.Contains(strings.ToLower(value), "windows")
		}
	}
	return windows, known
}

// environmentNames matches the variables with which nothing verifies any more, where they are set.
var environmentNames = lazyregexp.New(`(?i)\b(PATH|CODEXLOCK_\w*|INPUT_\w*|BASH_ENV|ENV|SHELLOPTS|LD_\w+|DYLD_\w+|GIT_\w+)["']?\s*(=|<<|,)`)

// writesEnvironment reports whether code that is not followed sets such a variable for later
// steps, or adds to PATH.
func writesEnvironment(code string) bool {
	return strings.Contains(code, "GITHUB_PATH") || strings.Contains(code, "addPath") ||
		(strings.Contains(code, "GITHUB_ENV") || strings.Contains(code, "exportVariable")) && environmentNames.MatchString(code)
}

// foreignLines writes a script of PowerShell or cmd as the shell would write its commands.
func foreignLines(text string) string {
	return strings.ReplaceAll(text, `\`, "/")
}

// single reports whether a script is one plain command.
func single(text string) bool {
	text = strings.TrimSpace(text)
	return !strings.ContainsAny(text, "\n|;&<>(){}$`^%")
}

// uses follows a step that uses an action.
func (s *steps) uses(step, uses yamltree.Value, vars map[string]string, v commands.State) (ok, anyway commands.State) {
	name, _, _ := strings.Cut(uses.Text(), "@")
	offset := s.source.Offset(uses.Node.Line, uses.Node.Column)
	at := commands.Place{File: s.file, Source: s.source}
	with := step.Get("with")
	switch lower := strings.ToLower(name); {
	case strings.HasPrefix(name, "./"):
		return s.local(step, strings.TrimPrefix(path.Clean(name), "./"), offset, at, vars, v)
	case lower == "codexlock/codexlock" && strings.Contains(uses.Text(), "@"):
		for _, p := range with.Pairs() {
			text := p.Text()
			switch p.Key {
			case "config", "policies", "minimum-level", "working-directory":
				if text != "" {
					return v, v
				}
			case "scope":
				if text != "auto" && text != "all" && text != "" {
					return v, v
				}
			}
		}
		if !s.job.Single() || s.job.Roots[0] != "" {
			return v, v // it verifies the top folder of the workspace
		}
		return v.Verify(at.By(offset), ""), v
	case lower == "actions/checkout":
		v = s.checkout(with, vars, v)
		return v, v
	case lower == "actions/github-script":
		sh := &commands.Shell{Job: s.job, At: at}
		script := with.Get("script")
		places := s.source.Places(script)
		if len(places) > 0 {
			sh.At.At = func(offset int) int { return places[min(max(offset, 0), len(places)-1)] }
		}
		if writesEnvironment(script.Text()) {
			v = v.Spoil("the environment of later steps is changed")
		}
		v = s.strings(script.Text(), sh, v)
		return v, v
	}
	v = s.fetches(name, with, vars, v)
	sh := &commands.Shell{Job: s.job, At: at}
	for _, p := range with.Pairs() {
		if commandInputs[p.Key] { // the text of a script, that the action executes somewhere
			run, said := flow.Mask(p.Text())
			places := s.source.Places(p.Value)
			inner := &commands.Shell{Job: s.job, Vague: true, At: commands.Place{File: s.file, Source: s.source, At: func(offset int) int { return places[min(max(offset, 0), len(places)-1)] }}}
			if end, err := flow.Follow[commands.State](flow.Script{Text: run, Dir: flow.Root, Vars: vars, Expression: s.expressions(said, vars)}, inner, v); err == nil {
				v = commands.Meet(v, end.Any).EndScript()
			}
			continue
		}
		text := s.expand(p.Text(), vars)
		if t, is := s.job.Find(flow.Root, strings.TrimSpace(text), false); is && t.How != facts.UseHowGlob && strings.ContainsAny(text, "/.") {
			sh.RecordAt(facts.UseKindLoad, commands.Token(t), s.source.Offset(p.Node.Line, p.Node.Column), v)
		}
	}
	return v, v
}

// commandInputs are the inputs of actions that are scripts.
var commandInputs = map[string]bool{"run": true, "command": true, "commands": true, "script": true, "prepare": true, "cmd": true, "inlineScript": true}

// fetching matches the names of actions that write files into the workspace.
var fetching = lazyregexp.New(`(?i)download|checkout|cache|restore|unzip|extract|untar|fetch|submodule|sync|patch|merge|rebase`)

// fetches notes what an action may change.
func (s *steps) fetches(name string, with yamltree.Value, vars map[string]string, v commands.State) commands.State {
	if !fetching.MatchString(name) {
		return v
	}
	sh := &commands.Shell{Job: s.job}
	where := ""
	for _, key := range []string{"path", "destination", "dest", "directory", "out-file-path", "output"} {
		if text := with.Get(key).Text(); text != "" {
			where = text
			break
		}
	}
	if where == "" {
		if strings.Contains(strings.ToLower(name), "setup-") {
			return v
		}
		return v.Change("")
	}
	for line := range strings.Lines(where) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "!")
		if line != "" {
			v = sh.ChangesFile(flow.Root, s.expand(line, vars), v)
		}
	}
	return v
}

// checkout follows actions/checkout.
func (s *steps) checkout(with yamltree.Value, vars map[string]string, v commands.State) commands.State {
	repository := with.Get("repository").Text()
	ours := repository == "" || strings.Contains(repository, "github.repository") || strings.Contains(repository, "head.repo.full_name") || strings.Contains(repository, "GITHUB_REPOSITORY")
	dir := flow.Join(flow.Root, s.expand(with.Get("path").Text(), vars))
	rel, inside := commands.InWorkspace(dir)
	if !inside || strings.Contains(dir, words.Hole) {
		return v.Change("")
	}
	j := s.job
	if !ours && rel == "" {
		j.Roots = slices.DeleteFunc(slices.Clone(j.Roots), func(root string) bool { return root == "" })
		return v.Change("")
	}
	if !ours {
		j.Foreign = append(slices.Clone(j.Foreign), rel)
		return v.Change(rel)
	}
	if !j.CheckedOut && rel != "" {
		j.Roots = nil
	}
	j.CheckedOut = true
	if !slices.Contains(j.Roots, rel) {
		j.Roots = append(slices.Clone(j.Roots), rel)
	}
	return v.Change("")
}

// maxComposite bounds composite actions in composite actions; GitHub allows 10.
const maxComposite = 10

// local follows an action of this repository.
func (s *steps) local(step yamltree.Value, dir string, offset int, at commands.Place, vars map[string]string, v commands.State) (ok, anyway commands.State) {
	rel, ours := s.job.InRepository(dir)
	if !ours || s.depth >= maxComposite {
		return v, v
	}
	name, root, source := s.actionOf(rel)
	if name == "" {
		return v, v
	}
	sh := &commands.Shell{Job: s.job, At: at}
	if t, is := s.job.Known(flow.Root, name, name, false); is {
		sh.RecordAt(facts.UseKindExecute, t, offset, v)
	}
	runs := root.Get("runs")
	for _, key := range []string{"main", "pre", "post", "pre-entrypoint", "entrypoint", "post-entrypoint"} {
		if text := runs.Get(key).Text(); text != "" {
			file := path.Join(rel, text)
			if t, is := s.job.Known(flow.Root, file, file, false); is {
				sh.RecordAt(facts.UseKindExecute, t, offset, v)
			}
		}
	}
	if runs.Get("using").Text() != "composite" {
		return v, v
	}
	inner := steps{
		reader: s.reader, file: name, source: source, vars: maps.Clone(vars), inputs: map[string]string{}, matrix: s.matrix, system: s.system, depth: s.depth + 1,
	}
	inner.vars["GITHUB_ACTION_PATH"] = flow.Join(flow.Root, dir)
	copied := *s.job
	copied.ID = "runs"
	inner.job = &copied
	for _, p := range root.Get("inputs").Pairs() {
		if d := p.Get("default"); !d.IsZero() {
			inner.inputs[p.Key] = d.Text()
		}
	}
	for _, p := range step.Get("with").Pairs() {
		inner.inputs[p.Key] = s.expand(p.Text(), vars)
	}
	after := inner.run(runs.Get("steps").Items(), v)
	s.job.Roots, s.job.Foreign, s.job.CheckedOut = copied.Roots, copied.Foreign, copied.CheckedOut
	return after, commands.Meet(v, after)
}

// A parsedAction is the file of an action; its name is "" where there is none that can be read.
type parsedAction struct {
	name   string
	root   yamltree.Value
	source *yamltree.Source
}

// actionOf returns the file of an action in a folder.
func (r *reader) actionOf(dir string) (name string, root yamltree.Value, source *yamltree.Source) {
	a := once(r.actions, dir, r.parseAction)
	return a.name, a.root, a.source
}

func (r *reader) parseAction(dir string) parsedAction {
	for _, base := range []string{"action.yml", "action.yaml"} {
		name := path.Join(dir, base)
		if f := r.side.read(name); f.there && f.problem == "" {
			root, err := yamltree.Parse([]byte(f.text))
			r.called[name] = true
			if err != nil {
				r.unread(name, err.Error(), 0, f.text)
				return parsedAction{}
			}
			r.note(name)
			return parsedAction{name, root, yamltree.NewSource(f.text)}
		}
	}
	return parsedAction{}
}
