package repo

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// noEnv is a user without configuration.
func noEnv(string) (string, bool) { return "", false }

// A View foresees what git add makes of a file, and what a checkout makes of that
// where an attribute asks for CRLF everywhere: git itself is the oracle.
func TestViewForeseesConversions(t *testing.T) {
	contents := map[artifact.Path]string{
		"lf.txt": "one\ntwo\n", "crlf.txt": "one\r\ntwo\r\n", "mixed.txt": "one\r\ntwo\n", "binary.bin": "\x00one\r\ntwo\n",
		"id.txt": "$Id$ one\n", "idvalue.txt": "$Id: 0123 $\n", "empty.txt": "", "cr.txt": "one\rtwo\r\n", "ctrlz.txt": "one\r\n\x1a",
	}
	n := 0
	for _, attributes := range []string{
		"", "* text", "* text=auto", "* -text", "* text eol=crlf", "* text=auto eol=crlf", "* text=auto eol=lf", "* crlf", "* -crlf", "* crlf=input",
		"* eol=lf", "* eol=crlf", "* binary", "* ident", "* working-tree-encoding=UTF-16LE", "* filter=up", "* filter=undefined",
		"* text\n*.txt -text", "* -text\n*.txt text", "[attr]words text=auto\n* words", "* text=nonsense",
	} {
		for _, autocrlf := range []string{"false", "true", "input"} {
			if autocrlf == "input" && attributes != "" && attributes != "* text" {
				continue // it differs from true where nothing is said of text
			}
			s := newSandbox(t)
			s.Git("config", "core.autocrlf", autocrlf)
			s.Git("config", "core.safecrlf", "false")
			s.Git("config", "filter.up.clean", "tr a-z A-Z")
			s.Write(".gitattributes", attributes+"\n")
			var paths []artifact.Path
			for name, text := range contents {
				s.Write(name.String(), text)
				paths = append(paths, name)
			}
			r := s.open()
			v, err := r.View(t.Context(), noEnv)
			if err != nil {
				t.Fatal(err)
			}
			got, err := v.Obstacles(t.Context(), paths)
			if err != nil {
				t.Fatal(err)
			}
			// UTF-16 cannot be made of an odd number of bytes: git add ends then.
			s.GitMay("add", "-A")
			stored := map[string]string{}
			for line := range strings.Lines(s.Git("ls-files", "--stage")) {
				about, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
				stored[name] = strings.Fields(about)[1]
			}
			for name, text := range contents {
				want := stored[name.String()] != r.BlobID([]byte(text))
				if strings.Contains(attributes, "eol=crlf") && !want {
					os.Remove(s.Path(name.String()))
					s.Git("checkout", "-q", "--", name.String())
					data, _ := os.ReadFile(s.Path(name.String()))
					want = string(data) != text
				}
				if strings.Contains(attributes, "filter=up") || strings.Contains(attributes, "UTF-16") {
					want = true // whatever it does to these bytes
				}
				if o := got[name]; (o.Kind != Untracked) != want && !(o.Kind == Identified && text == contents["id.txt"]) {
					t.Errorf("%q, core.autocrlf=%s, %s: obstacle is %+v, git changes it: %v", attributes, autocrlf, name, o, want)
				}
				n++
			}
		}
	}
	if n == 0 {
		t.Fatal("nothing was compared")
	}
}

// Everything else that keeps a file out of a commit.
func TestObstacles(t *testing.T) {
	s := newSandbox(t)
	s.Git("config", "user.name", "A")
	s.Git("config", "user.email", "a@example.org")
	s.Write("tracked.txt", "a\n")
	s.Write("out/skipped.txt", "b\n")
	s.Write("conflict.txt", "base\n")
	s.commit()
	s.Git("checkout", "-q", "-b", "side")
	s.Write("conflict.txt", "side\n")
	s.commit()
	s.Git("checkout", "-q", "-")
	s.Write("conflict.txt", "main\n")
	s.commit()
	s.GitMay("merge", "side")
	s.Git("update-index", "--skip-worktree", "out/skipped.txt")
	os.RemoveAll(s.Path("out"))
	s.Write("new.txt", "c\n")
	s.Write(".gitignore", "*.log\n!kept.log\n")
	s.Write("a.log", "d\n")
	s.Write("kept.log", "d\n")
	s.Write("tracked.log", "e\n")
	s.Git("add", "-f", "tracked.log")
	os.MkdirAll(s.Path("lib"), 0o755)
	s.Git("init", "-q", "lib")
	s.Write("lib/inner.txt", "f\n")
	os.Symlink("lib", s.Path("link"))

	r := s.open()
	v, err := r.View(t.Context(), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := map[artifact.Path]string{
		"tracked.txt": "", "tracked.log": "", "new.txt": "untracked", "kept.log": "untracked", "a.log": "ignored .gitignore:1: *.log", "missing.log": "ignored .gitignore:1: *.log",
		"out/skipped.txt": "not-checked-out out", "conflict.txt": "unmerged", "lib": "submodule lib", "lib/inner.txt": "submodule lib",
		"link": "", "link/inner.txt": "", "missing.txt": "untracked",
	}
	var paths []artifact.Path
	for p := range want {
		paths = append(paths, p)
	}
	got, err := v.Obstacles(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	for p, w := range want {
		if o := got[p]; strings.TrimSpace(fmt.Sprintf("%s %s", o.Kind, o.Detail)) != w {
			t.Errorf("%s: got %+v, want %q", p, o, w)
		}
	}
}

// Asking Git about attributes runs nothing of the repository.
func TestViewRunsNothing(t *testing.T) {
	s := newSandbox(t)
	witness := s.Path("witness")
	for _, key := range []string{"filter.x.clean", "filter.x.smudge", "filter.x.process", "core.fsmonitor", "core.pager", "core.editor", "alias.check-attr"} {
		s.Git("config", key, "touch "+witness)
	}
	s.Git("config", "filter.x.required", "true")
	s.Write(".gitattributes", "* filter=x text=auto\n")
	s.Write("a.txt", "one\r\n")
	r := s.open()
	v, err := r.View(t.Context(), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Obstacles(t.Context(), []artifact.Path{"a.txt"})
	if err != nil || got["a.txt"].Kind != Filtered {
		t.Errorf("Obstacles = %+v, %v, want the filter", got, err)
	}
	if _, err := os.Lstat(witness); err == nil {
		t.Error("something of the repository was run")
	}
}
