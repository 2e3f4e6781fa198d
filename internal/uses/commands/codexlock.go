package commands

import (
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
	"github.com/codexlock/codexlock/internal/useflags"
)

// The flags of codexlock verify that leave its verdict as strict as the configuration is, without
// and with a value. Any other one, such as --policy or --minimum-level, makes it another verdict.
var (
	strictSwitches = set("--all --quiet -q --no-color --fail-on-warn --offline --show-excepted --all=true --fail-on-warn=true --offline=true")
	strictValues   = set("-f --format --jobs --timeout --valid-for --layout")
)

// codexlock looks at a command of ours.
func (s *Shell) codexlock(c *command, v State, depth int) (ok, fail State) {
	name := c.Args[0].Code
	genuine := name == path.Base(name) || Outside(name)
	if !genuine || len(c.Args) < 2 {
		s.words(c, 1, v)
		return v, v
	}
	sub := c.Args[1].Code
	if sub == "verify" && path.Base(name) == "codexlock" {
		paths, covers := s.verifies(c, v)
		if !covers {
			return v, v
		}
		return v.Verify(s.At.By(c.Offset), paths...), v
	}
	if used, is := useflags.Find(sub); is {
		s.usesVerified(c, used, v, depth)
	}
	return v, v
}

// trusted reports whether what a command of ours says counts: nothing decides which program it
// is, what it reads or what it believes.
func (s *Shell) trusted(c *command, v State) bool {
	if text, known := c.Variable("PATH"); known && Risky("PATH", text) {
		return false
	}
	return v.spoiled == "" && v.script == "" && (!s.Container || s.Built) && !slices.ContainsFunc(c.Assigns, func(a flow.Assign) bool { return Risky(a.Name, a.Text) })
}

// verifies returns what codexlock verify verifies; ok is false where it verifies nothing, or not
// all that the configuration asks for.
func (s *Shell) verifies(c *command, v State) (paths []string, ok bool) {
	if _, ours := s.located(c.Dir); !ours || strings.Contains(c.Dir, words.Hole) || !s.trusted(c, v) || c.Guessed || !s.Single() {
		return nil, false
	}
	all, operands := false, []string{}
	for i := 2; i < len(c.Args); i++ {
		text := c.Args[i].Code
		option, value, attached := strings.Cut(text, "=")
		switch {
		case text == "--":
			for _, a := range c.Args[i+1:] {
				operands = append(operands, a.Code)
			}
			i = len(c.Args)
		case strictSwitches()[text]:
			all = all || option == "--all"
		case strictValues()[option] && (attached || i+1 < len(c.Args)):
			if !attached {
				i++
			}
		case option == "--head":
			if !attached && i+1 < len(c.Args) {
				i++
				value = c.Args[i].Code
			}
			if value != "HEAD" && value != "GITHUB_SHA" {
				return nil, false
			}
		case strings.HasPrefix(text, "-"):
			return nil, false
		default:
			operands = append(operands, text)
		}
	}
	if all {
		return []string{""}, len(operands) == 0
	}
	for _, operand := range operands {
		full := flow.Join(c.Dir, operand)
		if strings.Contains(full, words.Hole) || operand == "" {
			continue
		}
		if rel, ours := s.located(full); ours {
			paths = append(paths, rel)
		}
	}
	return paths, len(paths) > 0
}

// usesVerified records what codexlock run, open and copy use.
func (s *Shell) usesVerified(c *command, used useflags.Command, v State, depth int) {
	counts := s.trusted(c, v)
	i := 2
	for ; i < len(c.Args); i++ {
		text := c.Args[i].Code
		if text == "--" {
			i++
			break
		}
		if !strings.HasPrefix(text, "-") || text == "-" {
			break
		}
		name, value, attached := strings.Cut(strings.TrimLeft(text, "-"), "=")
		for _, f := range used.Flags {
			if f.Name == name && f.Value != "" && !attached && i+1 < len(c.Args) {
				i++
				value = c.Args[i].Code
			}
		}
		switch _, inside := s.located(flow.Join(c.Dir, value)); {
		case name == "help":
			return
		case name == "trust" && (inside || strings.Contains(value, words.Hole)):
			counts = false // whom to trust may not come from the checkout
		}
	}
	verified, by := facts.VerificationAtUse, s.At.By(c.Offset)
	if !counts {
		verified, by = facts.VerificationNone, ""
	}
	record := func(i int, kind facts.UseKind, folders bool) {
		if t, is := s.find(c, c.Args[i].Code, folders); is {
			s.use(kind, t, s.At, c.Offsets[i], verified, by)
		}
	}
	if i >= len(c.Args) {
		return
	}
	switch used.Name {
	case "run":
		record(i, facts.UseKindExecute, false)
		s.words(c, i+1, v)
	case "open":
		record(i, facts.UseKindLoad, false)
		if rest := c.Args[i+1:]; len(rest) > 1 && rest[0].Code == "--" {
			s.invoke(c.With(rest[1:], i+2), v, depth+1)
		}
	case "copy":
		for ; i < len(c.Args)-1; i++ {
			record(i, facts.UseKindCopy, true)
		}
	}
}

// standardScript recognizes a call of the repository's ingest_archive.test.sh, which is no use
// where it is one that gate.script accepts.
func (s *Shell) standardScript(c *command) (script words.Argument, args []words.Argument, is bool) {
	args = c.Args
	if IsShell(args[0].Code) && len(args) > 1 {
		args = args[1:]
	}
	if !strings.HasSuffix(args[0].Code, artifacttest.IngestPath.String()) || s.Container && !s.Built {
		return args[0], nil, false
	}
	rel, ours := s.located(flow.Join(c.Dir, args[0].Code))
	if !ours || rel != artifacttest.IngestPath.String() || len(args) == len(c.Args) && !strings.Contains(args[0].Code, "/") {
		return args[0], nil, false
	}
	return args[0], args[1:], s.VerifyingScript
}

// runsStandardScript looks at what the script verifies.
func (s *Shell) runsStandardScript(c *command, _ words.Argument, args []words.Argument, v State) (ok, fail State) {
	if !s.trusted(c, v) || c.Guessed || len(args) == 0 || !s.Single() {
		return v, v
	}
	switch {
	case args[0].Code == "--verify-all" && len(args) == 1:
		return v.Verify(s.At.By(c.Offset), ""), v
	case args[0].Code == "--verify" && len(args) == 2:
		if t, is := s.find(c, args[1].Code, false); is && (t.How == facts.UseHowExact || t.How == facts.UseHowWorkdir || t.How == facts.UseHowImage) {
			return v.Verify(s.At.By(c.Offset), t.Path), v
		}
	}
	return v, v
}
