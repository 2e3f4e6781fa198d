package artifacttest

import (
	"bytes"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/script/shelltext"
	"github.com/codexlock/codexlock/internal/script/words"
)

// Delegates reports whether a test at a path calls ingest_archive.test.sh --verify with its
// artifact, in a statement of its own that nothing before it skips. The script must be the
// one in the repository's root whatever folder the test is started in, so its path, or the
// folder that the test changes to, begins with the folder of the test.
func Delegates(text []byte, at, p artifact.Path) bool {
	if !bytes.Contains(text, []byte(IngestPath)) || shelltext.Unreadable(text) != nil {
		return false
	}
	file, err := shelltext.Parse(text)
	if err != nil {
		return false
	}
	d := delegation{dir: at.Dir(), paths: map[string]string{}}
	for _, stmt := range file.Stmts {
		found, ends := d.statement(stmt, p)
		if found || ends {
			return found
		}
	}
	return false
}

// A delegation follows the statements of a test.
type delegation struct {
	dir   string            // the folder of the test, in the repository
	cwd   string            // the current folder there; "": not known
	paths map[string]string // variables that are paths in the repository
}

// statement reports whether a statement calls the script, and whether none after it runs.
func (d *delegation) statement(stmt *syntax.Stmt, p artifact.Path) (found, ends bool) {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || stmt.Negated || stmt.Background || stmt.Coprocess {
		return false, false
	}
	args := call.Args
	if len(args) == 0 {
		for _, a := range call.Assigns {
			if a.Name == nil || a.Value == nil {
				continue
			}
			if at, ok := d.path(a.Value); ok {
				d.paths[a.Name.Value] = at
			} else {
				delete(d.paths, a.Name.Value)
			}
		}
		return false, false
	}
	switch whole(args[0]) {
	case "cd":
		d.cwd = d.target(args[1:])
		return false, false
	case "exit", "return":
		return false, true
	case "exec":
		args, ends = args[1:], len(args) > 1
	}
	return d.calls(args, p), ends
}

// calls reports whether words call the script for the artifact.
func (d *delegation) calls(args []*syntax.Word, p artifact.Path) bool {
	if len(args) != 3 {
		return false
	}
	program, ok := d.path(args[0])
	return ok && program == string(IngestPath) && whole(args[1]) == "--verify" && strings.TrimPrefix(whole(args[2]), "./") == string(p)
}

// target is the folder that cd changes to, "" where that is not known.
func (d *delegation) target(args []*syntax.Word) string {
	if len(args) > 0 {
		if whole(args[0]) == "--" {
			args = args[1:]
		}
	}
	if len(args) != 1 {
		return ""
	}
	at, _ := d.path(args[0])
	return at
}

// path returns the path in the repository that a word is; ok is false where it is not known.
// A bare name is looked up on the PATH where it is a command, so it needs a slash.
func (d *delegation) path(word *syntax.Word) (at string, ok bool) {
	base, rest, ok := d.parts(word.Parts)
	switch {
	case !ok:
		return "", false
	case base == "" && (d.cwd == "" || !strings.Contains(rest, "/") && strings.Trim(rest, ".") != "" || strings.HasPrefix(rest, "/")):
		return "", false
	case base == "":
		base = d.cwd
	case rest != "" && rest[0] != '/':
		return "", false
	}
	return path.Join(base, rest), true
}

// parts splits a word into the folder that it begins with, "" for none, and the text after it.
func (d *delegation) parts(parts []syntax.WordPart) (base, rest string, ok bool) {
	for _, part := range parts {
		var b, r string
		switch part := part.(type) {
		case *syntax.Lit:
			r = part.Value
			if strings.ContainsAny(r, `\*?[~`) {
				return "", "", false
			}
		case *syntax.SglQuoted:
			r = part.Value
			if part.Dollar {
				return "", "", false
			}
		case *syntax.DblQuoted:
			if b, r, ok = d.parts(part.Parts); !ok {
				return "", "", false
			}
		case *syntax.CmdSubst:
			if b, ok = d.substitution(part); !ok {
				return "", "", false
			}
		case *syntax.ParamExp:
			if b, ok = d.paths[part.Param.Value]; !ok || !words.IsPlain(part) || part.Index != nil {
				return "", "", false
			}
		default:
			return "", "", false
		}
		if b != "" && base+rest != "" {
			return "", "", false
		}
		base, rest = base+b, rest+r
	}
	return base, rest, true
}

// substitution is the folder that a command substitution prints: of dirname "$0", and of a
// cd to a known folder with pwd after it.
func (d *delegation) substitution(s *syntax.CmdSubst) (string, bool) {
	if len(s.Stmts) != 1 {
		return "", false
	}
	switch cmd := s.Stmts[0].Cmd.(type) {
	case *syntax.CallExpr:
		args := texts(cmd.Args)
		if len(args) > 1 && args[1] == "--" {
			args = append(args[:1], args[2:]...)
		}
		if len(args) == 2 && args[0] == "dirname" && isScriptName(cmd.Args[len(cmd.Args)-1]) {
			return d.dir, true
		}
	case *syntax.BinaryCmd:
		cd, ok := cmd.X.Cmd.(*syntax.CallExpr)
		pwd, isCall := cmd.Y.Cmd.(*syntax.CallExpr)
		if cmd.Op != syntax.AndStmt || !ok || !isCall || len(cd.Args) == 0 || len(pwd.Args) == 0 {
			return "", false
		}
		if texts(cd.Args)[0] == "cd" && texts(pwd.Args)[0] == "pwd" {
			at := d.target(cd.Args[1:])
			return at, at != ""
		}
	}
	return "", false
}

// whole is the text of a word, "" where a part of it is known only at run time.
func whole(word *syntax.Word) string {
	if text, all := words.Literal(word); all {
		return text
	}
	return ""
}

// texts are the texts of words, each as whole gives it.
func texts(words []*syntax.Word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = whole(w)
	}
	return all
}

// isScriptName reports whether a word is the name that the script was started by.
func isScriptName(word *syntax.Word) bool {
	parts := word.Parts
	if len(parts) == 1 {
		if quoted, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = quoted.Parts
		}
	}
	if len(parts) != 1 {
		return false
	}
	exp, ok := parts[0].(*syntax.ParamExp)
	return ok && words.IsPlain(exp) && (exp.Param.Value == "0" || exp.Param.Value == "BASH_SOURCE")
}
