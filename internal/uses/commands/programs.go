package commands

import (
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/words"
)

// set is a set of words, which is made when it is first used.
func set(text string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool {
		m := map[string]bool{}
		for _, word := range strings.Fields(text) {
			m[word] = true
		}
		return m
	})
}

// inspects are the programs that look at files, or at their names, and do nothing with what is in
// them: naming an artifact there is no use of it.
var inspects = set(`[ [[ : actionlint awk base64 basename black bandit cat cd chgrp chmod chown checkov clang-format cmp codespell conftest cosign
	comm cut cppcheck date df diff dirname du echo egrep eslint expr export false fgrep file find flake8 fold gawk gh git gitleaks gofmt
	gofumpt golangci-lint gpg grep hadolint head isort jsonlint ktlint less local ls lsattr markdownlint markdownlint-cli2 md5sum minisign
	mkdir more mypy nl od openssl prettier printf pushd popd pwd pylint pyright read readlink readonly realpath reuse rg rm rmdir rubocop
	ruff sed semgrep set sha1sum sha256sum sha512sum shasum shellcheck shellharden shfmt sleep sort split stat strings sum swiftlint tail
	tee terraform-docs test tflint touch tr tree trivy true tsort typos umask uniq unset vulture wc which xmllint xxd yamllint yapf zip
	b2sum cksum exit return shift wait trap type hash time ln mktemp`)

// copies are the programs that copy files, whose last operand is where to.
var copies = set("cp mv install rsync scp ditto robocopy xcopy")

// interpreters are those that programs.txt has no operands for: the first operand is executed.
var interpreters = set(`Rscript R julia groovy scala osascript pwsh powershell ts-node tsx esbuild-runner bats kotlin elixir escript guile racket
	octave nu fish pytest-xdist runhaskell swift zx xonsh elvish deno-run gjs`)

// runners have another program, or a file, executed: the first word that is neither an option nor
// one of their own.
var runners = set(`uv bun deno npx bunx lima coverage spin torchrun accelerate mpirun mpiexec mpirun.openmpi streamlit hatch pdm rye pixi faketime
	dotenvx devbox direnv act-run catchsegv nvprof nsys ncu wine winpty retry`)

// ownWords are the words of theirs.
var ownWords = set("run exec x launch shell -- develop start -m")

// loaders are the options of programs that read a file.
var loaders = sync.OnceValue(func() map[string][]string {
	return map[string][]string{
		"psql": {"-f", "--file"}, "kubectl": {"-f", "--filename", "-k"}, "oc": {"-f", "--filename"}, "helm": {"-f", "--values", "--set-file"},
		"terraform": {"-var-file", "-backend-config"}, "tofu": {"-var-file", "-backend-config"}, "docker": {"-f", "--file", "--env-file"},
		"docker-compose": {"-f", "--file", "--env-file"}, "podman": {"-f", "--file"}, "pip": {"-r", "--requirement", "-c", "--constraint"},
		"pip3": {"-r", "--requirement", "-c", "--constraint"}, "curl": {"-T", "--upload-file", "-K", "--config"}, "jq": {"-f", "--from-file"},
		"make": {"-f", "--file"}, "gcc": {"-include"}, "node": {"-r", "--require", "--import"}, "aws": {"--template-file", "--cli-input-json", "--zip-file"},
	}
})

// readers are the programs whose operands are files that they read.
var readers = set("jq yq sqlite3 duckdb ansible-playbook mysql mongoimport tsc xsltproc envsubst source protoc")

// special returns what looks at a program that is looked at in a way of its own, nil for another.
func special(name string) func(s *Shell, c *command, v State, depth int) (State, State) {
	switch name {
	case "git":
		return (*Shell).git
	case "cat":
		return (*Shell).prints
	case "tar", "gtar", "bsdtar":
		return (*Shell).archives
	}
	switch {
	case copies()[name]:
		return (*Shell).copiesFiles
	case interpreters()[name]:
		return (*Shell).interprets
	case runners()[name]:
		return (*Shell).runner
	}
	return nil
}

// git looks at git, which uses no file of the work tree; what it changes, changes has noted.
func (s *Shell) git(c *command, v State, depth int) (State, State) {
	r := programs.Named("git").Read(c.Args[1:])
	for _, value := range r.Values {
		if value.Kind == "command" || value.Kind == "remote" || value.Kind == "shell" {
			at := index(c, value.Args)
			if value.Kind == "command" {
				return s.unlessChanged(c.With(value.Args, at), v, depth)
			}
			o, f := c.Run(words.Joined(value.Args), at, false, v)
			v = Meet(v, Meet(o, f))
		}
	}
	return v, v
}

// prints looks at cat: what another program gets of it is a use of that program's.
func (s *Shell) prints(_ *command, v State, _ int) (State, State) { return v, v }

// copiesFiles looks at a program that copies files to its last operand.
func (s *Shell) copiesFiles(c *command, v State, _ int) (State, State) {
	sources, _, _ := copyOperands(c)
	for _, i := range sources {
		if t, is := s.find(c, c.Args[i].Code, true); is {
			s.record(facts.UseKindCopy, t, c, i, v)
		}
	}
	return v, v
}

// copyOperands are the indexes of what is copied, and the words that say where to.
func copyOperands(c *command) (sources []int, dest string, known bool) {
	target := -1
	for i := 1; i < len(c.Args); i++ {
		text := c.Args[i].Code
		switch {
		case text == "-t" || text == "--target-directory":
			if i+1 < len(c.Args) {
				i++
				dest, known = c.Args[i].Code, true
			}
		case strings.HasPrefix(text, "--target-directory="):
			dest, known = strings.TrimPrefix(text, "--target-directory="), true
		case text == "-m" || text == "-o" || text == "-g" || text == "--mode" || text == "--owner" || text == "--group" || text == "-e" || text == "--exclude" || text == "--include" || text == "-S" || text == "-P" && path.Base(c.Args[0].Code) == "scp":
			i++
		case strings.HasPrefix(text, "-") && text != "-":
		default:
			sources = append(sources, i)
			target = i
		}
	}
	if !known && len(sources) > 1 {
		dest, known = c.Args[target].Code, true
		sources = sources[:len(sources)-1]
	}
	return sources, dest, known
}

// interprets looks at an interpreter whose first operand is a file of code.
func (s *Shell) interprets(c *command, v State, _ int) (State, State) {
	for i := 1; i < len(c.Args); i++ {
		text := c.Args[i].Code
		if lower := strings.ToLower(text); lower == "-file" || lower == "-f" {
			continue
		}
		if strings.HasPrefix(text, "-") && text != "-" {
			continue
		}
		if t, is := s.find(c, text, path.Base(c.Args[0].Code) == "bats"); is {
			s.record(facts.UseKindExecute, t, c, i, v)
		}
		s.words(c, i+1, v)
		break
	}
	return v, v
}

// runner looks at a program that has another one, or a file, executed: uv run, bun run, npx tsx.
func (s *Shell) runner(c *command, v State, depth int) (State, State) {
	i := 1
	for i < len(c.Args) && (strings.HasPrefix(c.Args[i].Code, "-") || ownWords()[c.Args[i].Code] || isNumber(c.Args[i].Code)) {
		if slices.Contains([]string{"--with", "--python", "-p", "--package", "--project", "--directory", "--extra", "--group", "--env-file", "--source", "--rcfile"}, c.Args[i].Code) {
			i++
		}
		i++
	}
	if i >= len(c.Args) {
		return v, v
	}
	if t, is := s.find(c, c.Args[i].Code, false); is {
		s.record(facts.UseKindExecute, t, c, i, v)
		s.words(c, i+1, v)
		return v, v
	}
	inner := c.With(c.Args[i:], i)
	if name := path.Base(c.Args[0].Code); name == "lima" {
		away := s.away([]Mount{{flow.Root, "."}})
		return away.unlessChanged(inner.Seen(away), v, depth)
	}
	return s.unlessChanged(inner, v, depth)
}

func isNumber(text string) bool { return strings.Trim(text, "0123456789") == "" && text != "" }

// archives looks at tar: what is put into an archive is copied.
func (s *Shell) archives(c *command, v State, _ int) (State, State) {
	if len(c.Args) < 2 {
		return v, v
	}
	mode := c.Args[1].Code
	if !strings.Contains(strings.SplitN(mode, "=", 2)[0], "c") || strings.Contains(mode, "x") {
		return v, v
	}
	dir := c.Dir
	for i := 2; i < len(c.Args); i++ {
		if c.Args[i].Code == "-C" && i+1 < len(c.Args) {
			i++
			dir = flow.Join(dir, c.Args[i].Code)
			continue
		}
		if strings.HasPrefix(c.Args[i].Code, "-") {
			continue
		}
		if t, is := s.find(c.In(dir), c.Args[i].Code, true); is {
			s.record(facts.UseKindCopy, t, c, i, v)
		}
	}
	return v, v
}

// loads records the files that a program reads, or may read.
func (s *Shell) loads(c *command, name string, v State) {
	options := loaders()[name]
	certain := readers()[name]
	for i := 1; i < len(c.Args); i++ {
		text := c.Args[i].Code
		option, value, attached := strings.Cut(text, "=")
		switch {
		case attached && slices.Contains(options, option):
			if t, is := s.find(c, value, false); is {
				s.record(facts.UseKindLoad, t, c, i, v)
			}
		case slices.Contains(options, text) && i+1 < len(c.Args):
			i++
			if t, is := s.find(c, c.Args[i].Code, true); is {
				s.record(facts.UseKindLoad, t, c, i, v)
			}
		case certain && !strings.HasPrefix(text, "-"):
			if t, is := s.find(c, text, false); is {
				s.record(facts.UseKindLoad, t, c, i, v)
			}
		default:
			s.word(c, i, v)
		}
	}
	if c.Input.File != "" {
		if t, is := s.find(c, c.Input.File, false); is {
			s.RecordAt(facts.UseKindLoad, t, c.Input.Offset, v)
		}
	}
	if c.Input.From != nil {
		if t, i, is := s.writer(c.Input.From); is {
			s.record(facts.UseKindLoad, t, c.Input.From, i, v)
		}
	}
}

// foundFiles records the files that find has a command executed with, or executes.
func (s *Shell) foundFiles(c, inner *command, at int, v State) {
	executes := len(inner.Args) > 0 && (strings.Contains(inner.Args[0].Code, "{}") || executesFirst(inner.Args))
	if !executes {
		return
	}
	for i := 1; i < at && i < len(c.Args); i++ {
		if strings.HasPrefix(c.Args[i].Code, "-") || c.Args[i].Code == "(" || c.Args[i].Code == "!" {
			break
		}
		if t, is := s.find(c, c.Args[i].Code, true); is {
			s.record(facts.UseKindExecute, t, c, i, v)
		}
	}
}

// executesFirst reports whether a command executes the file that follows it: a shell or an
// interpreter without code.
func executesFirst(args []words.Argument) bool {
	name := path.Base(args[0].Code)
	if p := programs.Named(name); p != nil && len(p.Operands) > 0 && p.Operands[0] == "script" {
		return !slices.ContainsFunc(args[1:], func(a words.Argument) bool {
			return a.Code == "-n" || a.Code == "-c" && !strings.Contains(words.Joined(args), "{}")
		})
	}
	return interpreters()[name]
}

// listedFiles records the files whose names xargs has a command executed with.
func (s *Shell) listedFiles(c, inner *command, v State) {
	if len(inner.Args) == 0 || c.Input.From == nil || len(c.Input.From.Args) == 0 || !executesFirst(inner.Args) && inner.Args[0].Code != "{}" {
		return
	}
	from := c.Input.From
	for i := 1; i < len(from.Args); i++ {
		if strings.HasPrefix(from.Args[i].Code, "-") {
			if path.Base(from.Args[0].Code) == "find" {
				break
			}
			continue
		}
		if t, is := s.find(from, from.Args[i].Code, true); is {
			s.record(facts.UseKindExecute, t, from, i, v)
		}
	}
}

// container looks at a command that runs in a container.
func (s *Shell) container(c *command, p *programs.Program, inner *command, v State, depth int) (State, State) {
	var mounts []Mount
	var entry []words.Argument
	entryAt := 0
	passed := State{claims: v.claims, changed: v.changed, behind: v.behind}
	dir := "/"
	for i := 1; i < len(c.Args)-len(inner.Args); i++ {
		text := c.Args[i].Code
		option, value, attached := strings.Cut(text, "=")
		if !attached && i+1 < len(c.Args) {
			value = c.Args[i+1].Code
		}
		if strings.HasPrefix(text, "-v") && len(text) > 2 && !strings.HasPrefix(text, "-v=") {
			option, value = "-v", text[2:]
		}
		switch option {
		case "-v", "--volume":
			parts := strings.Split(value, ":")
			if len(parts) >= 2 {
				mounts = s.mount(c, mounts, parts[0], parts[1], v)
			}
		case "--mount":
			from, to := "", ""
			for field := range strings.SplitSeq(value, ",") {
				key, text, _ := strings.Cut(field, "=")
				switch key {
				case "source", "src":
					from = text
				case "target", "dst", "destination":
					to = text
				}
			}
			mounts = s.mount(c, mounts, from, to, v)
		case "-w", "--workdir":
			dir = value
		case "--entrypoint":
			entry = []words.Argument{{Code: value}}
			entryAt = i
		}
	}
	away := s.away(mounts)
	if c.Input.File != "" {
		if t, is := s.find(c, c.Input.File, false); is { // a file of this machine
			kind := facts.UseKindLoad
			if name := append(entry, inner.Args...); len(name) > 0 && executesFirst(name[:1]) {
				kind = facts.UseKindExecute
			}
			s.RecordAt(kind, t, c.Input.Offset, v)
		}
	}
	if len(entry) > 0 {
		o, f := away.invoke(c.With(append(entry, inner.Args...), entryAt).In(dir).Seen(away), passed, depth+1)
		return Meet(o, f), Meet(o, f)
	}
	return away.invoke(inner.In(dir).Seen(away), passed, depth+1)
}

// quoted are the strings in code of another language.
func quoted(code string) []string {
	var all []string
	for i := 0; i < len(code) && len(all) < 1000; i++ {
		q := code[i]
		if q != '"' && q != '\'' && q != '`' {
			continue
		}
		end := strings.IndexByte(code[i+1:], q)
		if end < 0 {
			break
		}
		if text := code[i+1 : i+1+end]; text != "" && !strings.ContainsAny(text, "\n") {
			all = append(all, text)
		}
		i += end + 1
	}
	return all
}
