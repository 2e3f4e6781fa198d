package repo

import (
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/git/gittest"
	"github.com/codexlock/codexlock/internal/trees"

	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
)

// Names that quoting, options, pathspecs, terminals or logs could mistake.
var hostileNames = []string{
	"new\nline", "carriage\rreturn", "tab\ttab", "quote\"quote", "single'quote", "back\\slash", "\x1b[31mred", "bell\a",
	"invalid\xff\xfeutf8", "-dash", "--help", "-", ":(top)a.txt", ":!exclude", ":/x", "##[error]x", "::error::x", "$(id)", "`id`",
	" leading", "trailing ", "a..b", "*", "[a-z]", "rtl\u202eoverride", "e\u0301", "é", "100644 blob x\ty", "new\n100644 blob", "~", "日本",
}

func TestHostileNames(t *testing.T) {
	s := newSandbox(t)
	for i, name := range hostileNames {
		s.Write(name, fmt.Sprint(i))
	}
	head := s.commit()
	r := s.open()
	tree, work := mustTree(t, r, head), mustWorkTree(t, r)
	want := slices.Sorted(slices.Values(hostileNames))
	for side, tree := range map[string]trees.Tree{"commit": tree, "work tree": work} {
		var got []string
		for e, err := range tree.Entries(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Path)
			data, err := tree.Read(t.Context(), e, 10)
			if want := fmt.Sprint(slices.Index(hostileNames, e.Path)); err != nil || string(data) != want {
				t.Errorf("%s: Read(%q) = %q, %v, want %q", side, e.Path, data, err, want)
			}
		}
		equal(t, side, got, want...)
	}
	equal(t, "changes", changes(t, r, tree, work))
	if got := deltas(t, r, r.EmptyTree(), tree, nil); len(got) != len(hostileNames) {
		t.Errorf("%d changes, want %d", len(got), len(hostileNames))
	}
}

func TestMalformedTrees(t *testing.T) {
	s := newSandbox(t)
	blob, other := s.Object("blob", "x"), s.Object("blob", "y")
	sub := s.Object("tree", gittest.TreeItem("100644", "x", blob))
	for name, test := range map[string]struct {
		tree string
		want []string // entries; none: listing is an error
	}{
		"not in order":      {gittest.TreeItem("100644", "b", blob) + gittest.TreeItem("100644", "a", blob), []string{"a file 100644", "b file 100644"}},
		"twice":             {gittest.TreeItem("100644", "a", blob) + gittest.TreeItem("100644", "a", other), nil},
		"twice and apart":   {gittest.TreeItem("100644", "a", blob) + gittest.TreeItem("100644", "b", other) + gittest.TreeItem("100755", "a", other), nil},
		"file and folder":   {gittest.TreeItem("100644", "a", blob) + gittest.TreeItem("40000", "a", sub), nil},
		"slash in a name":   {gittest.TreeItem("100644", "a/b", blob), nil},
		"absolute":          {gittest.TreeItem("100644", "/etc/passwd", blob), nil},
		"empty name":        {gittest.TreeItem("100644", "", blob), nil},
		"cut short":         {gittest.TreeItem("100644", "a", blob)[:20], nil},
		"mode is no number": {gittest.TreeItem("\x1b[m", "a", blob), nil},
		"mode is empty":     {gittest.TreeItem("", "a", blob), nil},
		"mode is too large": {gittest.TreeItem(strings.Repeat("7", 7), "a", blob), nil},
		"no NUL":            {"100644 a", nil},
		"no space":          {gittest.TreeItem("100644", "a", blob)[7:], nil},
		"folder is a blob":  {gittest.TreeItem("40000", "a", blob), nil},
		"folder is missing": {gittest.TreeItem("40000", "a", strings.Repeat("1", 40)), nil},
		"path too long":     {gittest.TreeItem("100644", strings.Repeat("a", 4096+1), blob), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.open()
			tree, err := r.Tree(t.Context(), s.commitTree(s.Object("tree", test.tree)))
			onDemand := listOnDemand(t, s.open(), s.commitTree(s.Object("tree", test.tree)))
			if (onDemand == nil) != (test.want != nil) {
				t.Errorf("listed on demand: %v", onDemand)
			}
			if test.want != nil {
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "entries", entries(t, tree), test.want...)
				if err := trees.CheckTree(t.Context(), tree); err != nil {
					t.Errorf("CheckTree: %v", err)
				}
				return
			}
			var malformed *trees.MalformedTreeError
			var corrupt *git.CorruptObjectError
			var missing *git.MissingObjectError
			if !errors.As(err, &malformed) && !errors.As(err, &corrupt) && !errors.As(err, &missing) {
				t.Errorf("Tree: %v, want an error that says what is wrong", err)
			}
		})
	}
	// A commit whose tree is something else, and one that is none.
	r := s.open()
	var corrupt *git.CorruptObjectError
	if _, err := r.Tree(t.Context(), git.Commit(s.Object("commit", "tree "+blob+"\n\nx\n"))); !errors.As(err, &corrupt) {
		t.Errorf("a commit of a blob: %v, want a *CorruptObjectError", err)
	}
	for _, text := range []string{"", "tree x\n", "parent " + blob + "\n"} {
		if _, err := r.Tree(t.Context(), git.Commit(s.Object("commit", text))); !errors.As(err, &corrupt) {
			t.Errorf("commit %q: %v, want a *CorruptObjectError", text, err)
		}
	}
	if _, err := r.Tree(t.Context(), git.Commit(blob)); !errors.As(err, &corrupt) {
		t.Errorf("a blob for a commit: %v, want a *CorruptObjectError", err)
	}
}

// TestUnusualEntries: what git does not write is listed as git reads it, so that
// nothing below it is invisible, and CheckTree names it.
func TestUnusualEntries(t *testing.T) {
	s := newSandbox(t)
	blob := s.Object("blob", "x")
	sub := s.Object("tree", gittest.TreeItem("100644", "x", blob))
	for name, test := range map[string]struct {
		tree string
		want []string // entries
		says string   // CheckTree
	}{
		"a folder's mode with bits":   {gittest.TreeItem("40755", "a", sub), []string{"a/x file 100644"}, `mode "40755" at "a"`},
		"padded folder":               {gittest.TreeItem("040000", "a", sub), []string{"a/x file 100644"}, `mode "040000" at "a"`},
		"padded folder once more":     {gittest.TreeItem("0040000", "a", sub), []string{"a/x file 100644"}, `mode "0040000" at "a"`},
		"socket":                      {gittest.TreeItem("140000", "a", sub), []string{"a submodule 160000"}, `mode "140000" at "a"`},
		"no type":                     {gittest.TreeItem("0", "a", sub), []string{"a submodule 160000"}, `mode "0" at "a"`},
		"group writable":              {gittest.TreeItem("100664", "a", blob), []string{"a file 100644"}, `mode "100664" at "a"`},
		"padded file":                 {gittest.TreeItem("0100755", "a", blob), []string{"a file 100755"}, `mode "0100755" at "a"`},
		"set user id":                 {gittest.TreeItem("104755", "a", blob), []string{"a file 100755"}, `mode "104755" at "a"`},
		"link with bits":              {gittest.TreeItem("120777", "a", blob), []string{"a symlink 120000"}, `mode "120777" at "a"`},
		"below a folder":              {gittest.TreeItem("40000", "b", s.Object("tree", gittest.TreeItem("40775", "a", sub))), []string{"b/a/x file 100644"}, `mode "40775" at "b/a"`},
		"dot":                         {gittest.TreeItem("40000", ".", sub), []string{"./x file 100644"}, `name "." at "."`},
		"dot dot":                     {gittest.TreeItem("100644", "..", blob), []string{".. file 100644"}, `name ".." at ".."`},
		"dot dot folder":              {gittest.TreeItem("40000", "..", sub), []string{"../x file 100644"}, `name ".." at ".."`},
		"dot git":                     {gittest.TreeItem("40000", ".git", sub), []string{".git/x file 100644"}, `name ".git"`},
		"dot git, a file":             {gittest.TreeItem("100644", ".git", blob), []string{".git file 100644"}, `name ".git"`},
		"dot git in another case":     {gittest.TreeItem("40000", ".GiT", sub), []string{".GiT/x file 100644"}, `name ".GiT"`},
		"dot git to HFS+":             {gittest.TreeItem("40000", ".g\u200cit", sub), []string{".g\u200cit/x file 100644"}, `at ".g\u200cit"`},
		"dot git to NTFS":             {gittest.TreeItem("40000", ".git. ", sub), []string{".git. /x file 100644"}, `name ".git. "`},
		"dot git's stream":            {gittest.TreeItem("40000", ".git::$INDEX_ALLOCATION", sub), []string{".git::$INDEX_ALLOCATION/x file 100644"}, "$INDEX_ALLOCATION"},
		"dot git's short name":        {gittest.TreeItem("40000", "GIT~1", sub), []string{"GIT~1/x file 100644"}, `name "GIT~1"`},
		"dot git after a backslash":   {gittest.TreeItem("100644", `a\.git\config`, blob), []string{`a\.git\config file 100644`}, "config"},
		"dot git in a folder":         {gittest.TreeItem("40000", "b", s.Object("tree", gittest.TreeItem("40000", ".git", sub))), []string{"b/.git/x file 100644"}, `at "b/.git"`},
		"what is like it and is none": {gittest.TreeItem("100644", ".gitignore", blob) + gittest.TreeItem("40000", ".github", sub) + gittest.TreeItem("40000", "a.git", sub), []string{".github/x file 100644", ".gitignore file 100644", "a.git/x file 100644"}, ""},
	} {
		r := s.open()
		tree := mustTree(t, r, s.commitTree(s.Object("tree", test.tree)))
		equal(t, name, entries(t, tree), test.want...)
		for _, tree := range []trees.Tree{tree, r.Overlay(tree, nil)} {
			var malformed *trees.MalformedTreeError
			err := trees.CheckTree(t.Context(), tree)
			switch {
			case test.says == "" && err != nil:
				t.Errorf("%s: CheckTree: %v, want none", name, err)
			case test.says != "" && (!errors.As(err, &malformed) || !strings.Contains(malformed.Reason, test.says) || malformed.Hint() == ""):
				t.Errorf("%s: CheckTree: %v, want a *MalformedTreeError with %q", name, err, test.says)
			}
		}
	}
}

// A few kilobytes of objects that unfold to 10^10 paths, and the like.
func TestTreeBombs(t *testing.T) {
	s := newSandbox(t)
	blob := s.Object("blob", "boom")
	nest := func(leaf, mode string, width, depth int, name string) git.Commit {
		oid := leaf
		for range depth {
			var tree strings.Builder
			for i := range width {
				tree.WriteString(gittest.TreeItem(mode, fmt.Sprintf("%s%03d", name, i), oid))
			}
			oid, mode = s.Object("tree", tree.String()), "40000"
		}
		return s.commitTree(oid)
	}
	for name, bomb := range map[string]struct {
		c    git.Commit
		want string
	}{
		"files":      {nest(blob, "100644", 10, 10, "f"), "has over 1000000 entries"},
		"no files":   {nest(s.Object("tree", ""), "40000", 10, 10, "d"), "has over 1000000 entries"},
		"deep":       {nest(blob, "100644", 1, 64+1, "d"), "has folders more than 64 deep"},
		"long names": {nest(blob, "100644", 100, 4, strings.Repeat("n", 900)), "bytes in all"},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.open()
			start := time.Now()
			_, err := r.Tree(t.Context(), bomb.c)
			var malformed *trees.MalformedTreeError
			if !errors.As(err, &malformed) || !strings.Contains(malformed.Reason, bomb.want) {
				t.Errorf("Tree: %v, want a *MalformedTreeError with %q", err, bomb.want)
			}
			if err := listOnDemand(t, s.open(), bomb.c); !errors.As(err, &malformed) || !strings.Contains(malformed.Reason, bomb.want) {
				t.Errorf("listed on demand: %v, want a *MalformedTreeError with %q", err, bomb.want)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("Tree took %v", took)
			}
		})
	}
	r := s.open()
	if got := entries(t, mustTree(t, r, nest(blob, "100644", 1, 64, "d"))); len(got) != 1 {
		t.Errorf("a tree of the greatest depth has %d entries, want 1", len(got))
	}
}

// Whatever an earlier step wrote into the repository's configuration, reading
// runs nothing of it.
func TestHostileConfigurationRunsNothing(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "$Id$\n")
	s.Write(".gitattributes", "* filter=evil diff=evil merge=evil ident\n")
	base := s.commit()
	s.Write("a.txt", "two\n")
	head := s.commit()
	s.Write("new.txt", "untracked\n")

	canary := filepath.Join(t.TempDir(), "canary")
	script := filepath.Join(t.TempDir(), "evil")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$0 $*\" >>"+canary+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	hooks := t.TempDir()
	for _, hook := range []string{"post-index-change", "reference-transaction", "fsmonitor-watchman", "post-checkout", "pre-auto-gc"} {
		os.Symlink(script, filepath.Join(hooks, hook))
	}
	missing := strings.Repeat("1", 40)
	for key, value := range map[string]string{
		"core.hooksPath": hooks, "core.pager": script, "pager.ls-files": script, "pager.cat-file": script, "core.editor": script,
		"core.sshCommand": script, "core.gitProxy": script, "core.askPass": script, "core.alternateRefsCommand": script, "credential.helper": "!" + script,
		"diff.external": script, "diff.evil.textconv": script, "diff.evil.command": script, "filter.evil.clean": script, "filter.evil.smudge": script,
		"filter.evil.process": script, "filter.evil.required": "true", "gpg.program": script, "log.showSignature": "true",
		"alias.ls-files": "!" + script, "alias.cat-file": "!" + script, "alias.rev-parse": "!" + script, "uploadpack.packObjectsHook": script,
		// A missing object makes git fetch, through a helper that is a command.
		"extensions.partialClone": "origin", "remote.origin.promisor": "true", "remote.origin.url": "ext::" + script + " %S",
		"remote.origin.uploadpack": script, "remote.origin.vcs": "ext", "protocol.ext.allow": "always", "protocol.allow": "always",
		"core.repositoryFormatVersion": "1", "core.fsmonitor": script, "core.untrackedCache": "true", "core.worktree": t.TempDir(), "core.excludesFile": script,
	} {
		s.Git("config", "--file", ".git/config", key, value)
	}
	check := func(when string) {
		t.Helper()
		if said, err := os.ReadFile(canary); err == nil {
			t.Errorf("%s ran %s", when, said)
			os.Remove(canary)
		}
	}
	r := s.open()
	check("Open")
	for _, rev := range []string{"HEAD", "HEAD^1", "nothing", missing} {
		r.Commit(t.Context(), rev)
		check("Commit " + rev)
	}
	r.FirstParent(t.Context(), head)
	check("FirstParent")
	from, to, work := mustTree(t, r, base), mustTree(t, r, head), mustWorkTree(t, r)
	check("Tree")
	equal(t, "commits", changes(t, r, from, to), "modified a.txt")
	check("Changes of commits")
	equal(t, "work tree", changes(t, r, to, work), "added new.txt")
	check("Changes to the work tree")
	for _, tree := range []trees.Tree{to, work} {
		if _, _, _, err := tree.Hash(t.Context(), lookup(t, tree, "a.txt"), nil); err != nil {
			t.Error(err)
		}
	}
	check("Hash")
	var gone *git.MissingObjectError
	if _, _, _, err := to.Hash(t.Context(), trees.Entry{Path: "a.txt", OID: missing}, nil); !errors.As(err, &gone) {
		t.Errorf("a missing object: %v, want a *MissingObjectError", err)
	}
	check("Hash of a missing object")

	// The canary lives: plain git sings.
	s.GitMay("status")
	if _, err := os.Stat(canary); err != nil {
		t.Error("git status did not run the file-system monitor: this test proves nothing")
	}
}

func TestHashHandsBackTheHead(t *testing.T) {
	s := newSandbox(t)
	for _, size := range []int{0, 1, trees.HeadBytes - 1, trees.HeadBytes, trees.HeadBytes + 1, 3 << 20} {
		content := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		s.Write("a", content)
		head := s.commit()
		r := s.open()
		for name, tree := range map[string]trees.Tree{"commit": mustTree(t, r, head), "work tree": mustWorkTree(t, r)} {
			d, n, got, err := tree.Hash(t.Context(), lookup(t, tree, "a"), nil)
			if err != nil || n != int64(size) || d != artifact.HashBytes([]byte(content)) || string(got) != content[:min(size, trees.HeadBytes)] {
				t.Errorf("%s: Hash of %d bytes = %v, %d, a head of %d, %v", name, size, d, n, len(got), err)
			}
		}
	}
}
