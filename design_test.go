// Package codexlock_test holds the promises of the whole repository as tests: who may
// import whom, who may touch the outside, and that rules, pages and the standard
// speak of each other. A new edge is a design change, and is made here first.
package codexlock_test

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/codexlock/codexlock/"

// picture says who may import whom: in a line "a b -> c d", c and d may import a, b and
// everything that a and b may import. A package's subfolders belong to it unless they are
// named; * is every package; codexlock is the root folder, with the published schemas.
const picture = `
	artifact concurrent escape lazyregexp namefold progress shellquote -> *
	codexlock -> schemas
	schemas -> kinds ledger manifest vaulttime
	kinds -> baseline ownerschema
	ledger -> script
	facts -> content script shellcheck
	git -> trees
	trees -> repo
	repo vaulttime -> renewals
	bundle -> fetch
	bundle vaulttime -> config
	config -> keys
	kinds txn -> audit
	kinds txn vaulttime -> incoming
	incoming manifest script -> attest
	config exit repo script txn -> attributes
	facts schemas trees -> document
	audit config document ledger manifest repo -> changeset
	changeset script -> collision
	config content script trees -> lfs
	changeset script useflags yamltree -> uses
	collision uses -> wholechange
	lfs renewals sandbox shellcheck wholechange -> measure
	baseline decision facts -> suppression
	bundle decision kinds policykey -> ruleset
	evalcache ruleset suppression -> policy
	audit decision -> report
	ownerschema policies policy -> preview
	policies policy report txn -> workbench
	txn -> outfile
	keyfile keys ledger manifest owned -> use
	use -> launch
	buildinfo exit launch useflags -> usemain
	useflags -> handover
	handover -> supervisor
	exit keyfile outfile supervisor -> host
	content decision document ledger -> excerpt
	excerpt fetch host keys measure preview report -> gate
	report -> github
	attest attributes gate github -> signing
	gate github -> action
	facts keys ledger report -> explain
	config report -> status
	keys report yamltree -> doctor
	buildinfo doctor explain signing status useflags workbench -> cli
	action cli usemain -> cmd
	cli -> bench
`

// only says which packages may import something that reaches outside.
var only = map[string]string{
	"github.com/open-policy-agent/opa/": "internal/evalcache internal/policy internal/ruleset internal/workbench",
	"github.com/google/go-github/":      "internal/github",
	"net/http":                          "internal/fetch internal/github internal/keys/transit",
	"github.com/santhosh-tekuri/":       "internal/ownerschema", // and the tests of internal/schemas
	"golang.org/x/text/message":         "internal/ownerschema",
	"oras.land/":                        "internal/fetch",
	"os/exec":                           "internal/git internal/preview internal/sandbox internal/shellcheck internal/workbench bench bench/precision",
	"mvdan.cc/sh/":                      "internal/script internal/script/artifacttest internal/script/flow internal/script/programs internal/script/shelltext internal/script/words",
	"github.com/landlock-lsm/":          "internal/sandbox",
	"github.com/zricethezav/gitleaks/":  "", // in tests; internal/content has its rules
	"crypto/hmac":                       "internal/vaulttime",
	"crypto/hkdf":                       "internal/vaulttime",
	"crypto/rand":                       "internal/host",
	"math/rand":                         "",
}

// calls says which packages may ask the world for what every other one is given.
var calls = map[string]string{
	"txn.Hooks": "", // tests alone
	"time.Now":  "cmd/codexlock-use internal/host bench", "time.Since": "bench",
	"os.Getenv": "bench/profiled", "os.LookupEnv": "internal/host internal/supervisor", "os.Environ": "cmd/codexlock-use internal/host internal/supervisor bench bench/precision", "os.Args": "cmd/codexlock-use internal/host internal/supervisor internal/buildinfo/answer cmd/image",
	"os.Stdin": "cmd/codexlock-use internal/host internal/sandbox internal/supervisor", "os.Stdout": "cmd/codexlock-use internal/buildinfo/answer internal/host internal/sandbox internal/supervisor bench", "os.Stderr": "cmd/codexlock-use internal/handover internal/buildinfo/answer internal/host internal/sandbox internal/supervisor bench bench/precision bench/profiled", "os.Getwd": "cmd/codexlock-use internal/host bench", "os.Executable": "cmd/codexlock-use internal/handover internal/host internal/supervisor",
}

// writes are the functions that make, change, rename or remove files, or can. Only
// internal/txn calls them for files of a repository, or files that a user names.
var writes = strings.Fields("os.Create os.CreateTemp os.Rename os.WriteFile os.OpenFile os.Mkdir os.MkdirAll os.MkdirTemp os.Remove os.RemoveAll " +
	"os.Symlink os.Link os.Truncate os.Chmod os.Chown os.Lchown os.Chtimes os.CopyFS os.OpenRoot os.OpenInRoot " +
	"unix.Open unix.Openat unix.Openat2 unix.Creat unix.Mkdir unix.Mkdirat unix.Rename unix.Renameat unix.Renameat2 unix.Unlink unix.Unlinkat unix.Rmdir " +
	"unix.Link unix.Linkat unix.Symlink unix.Symlinkat unix.Mknod unix.Mknodat unix.Mkfifo unix.Truncate unix.Ftruncate unix.Chmod unix.Fchmod unix.Fchmodat unix.Pwrite unix.Write unix.Flock " +
	"syscall.Open syscall.Openat syscall.Creat syscall.Mkdir syscall.Mkdirat syscall.Rename syscall.Renameat syscall.Unlink syscall.Unlinkat syscall.Rmdir syscall.Link syscall.Symlink syscall.Write syscall.Flock")

// writers are the packages that call some of them for other files, and for what.
var writers = map[string]struct{ calls, what string }{
	"bench":                {"os.Create os.MkdirAll os.MkdirTemp os.RemoveAll os.WriteFile", "its scratch repositories and its table"},
	"bench/precision":      {"os.CopyFS os.MkdirAll os.MkdirTemp os.RemoveAll os.WriteFile", "its copies of repositories and its lists"},
	"bench/profiled":       {"os.Create", "the profile"},
	"internal/cli/initcmd": {"os.MkdirAll os.MkdirTemp os.Remove os.WriteFile", "the files of the demo's temporary repository"},
	"internal/fetch":       {"os.CreateTemp os.MkdirAll os.OpenFile os.Remove os.Rename", "the user's cache of bundles"},
	"internal/github":      {"os.OpenFile", "the runner's files, which are added to"},
	"internal/keyfile":     {"os.OpenFile", "reading a key file, which is no symlink"},
	"internal/git":         {"os.MkdirTemp os.OpenFile os.RemoveAll", "temporary repositories, into which it fetches"},
	"internal/repo":        {"os.OpenFile unix.Open unix.Openat2", "reading, without following symlinks"},
	"internal/launch":      {"os.OpenFile unix.Open unix.Openat unix.Openat2 unix.Write", "looking where a watched process's names lead, its memory, and the socket to it"},
	"internal/owned":       {"os.OpenFile syscall.Flock", "trust files, state files and logs, which are added to"},
	"internal/use":         {"os.CreateTemp os.OpenRoot os.Remove unix.Open unix.Openat2", "reading without following symlinks, the copies that the user asks for, and files without a name"},
	"internal/sandbox":     {"os.Chmod os.Chown os.Mkdir os.MkdirAll os.MkdirTemp os.OpenFile os.RemoveAll os.WriteFile unix.Open", "the sandbox's own folder, /proc, and what a test finds it cannot open"},
	"internal/supervisor":  {"syscall.Write", "the pipe for the exit code"},
	"internal/shellcheck":  {"os.MkdirTemp os.Remove os.RemoveAll os.WriteFile", "what ShellCheck reads"},
}

// TestOnePackageWrites: no other package creates, renames, changes or removes files of a
// repository.
func TestOnePackageWrites(t *testing.T) {
	used := map[string]bool{}
	for pkg, files := range sources(t) {
		if pkg == "internal/txn" || slices.Contains(forTests, pkg) {
			continue
		}
		for _, name := range files {
			ast.Inspect(parse(t, name), func(n ast.Node) bool {
				call := selected(n)
				if !slices.Contains(writes, call) {
					return true
				}
				if used[pkg+" "+call] = true; !may(writers[pkg].calls, call) {
					t.Errorf("%s uses %s: internal/txn writes files, or writers says for what else", name, call)
				}
				return true
			})
		}
	}
	for pkg, w := range writers {
		for _, call := range strings.Fields(w.calls) {
			if !used[pkg+" "+call] {
				t.Errorf("%s may use %s for %s and does not: remove it from writers", pkg, call, w.what)
			}
		}
	}
}

// selected returns a qualified name, such as os.Create, "" for another node.
func selected(n ast.Node) string {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + sel.Sel.Name
}

// sources are the Go files of the repository by package, tests left out.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	walk(t, func(name string) {
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			files[path.Dir(name)] = append(files[path.Dir(name)], name)
		}
	})
	if len(files) == 0 {
		t.Fatal("no Go files")
	}
	return files
}

// walk visits every file that is not built and not git's.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "build" || name == "tools"):
			return filepath.SkipDir
		case !d.IsDir():
			visit(filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// forTests are the packages that only tests import: servers, repositories, a harness that kills
// writers, and the scripts of workflows.
var forTests = []string{"internal/fetch/fetchtest", "internal/git/gittest", "internal/github/githubtest", "internal/keys/transit/transittest", "internal/txn/txntest", "internal/workflowtest"}

func may(list, who string) bool { return slices.Contains(strings.Fields(list), who) }

// TestTheOutside: what reaches outside is imported where only says.
func TestTheOutside(t *testing.T) {
	for pkg, files := range sources(t) {
		if slices.Contains(forTests, pkg) {
			continue
		}
		for _, name := range files {
			for _, spec := range parse(t, name).Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				for prefix, who := range only {
					if strings.HasPrefix(imported, prefix) && !may(who, pkg) {
						t.Errorf("%s imports %s, which only %q may", name, imported, who)
					}
				}
			}
		}
	}
}

// TestProvidersOfKeysAreKnownInOnePlace: no other package names what a provider of
// keys alone knows, so that adding one is adding a package.
func TestProvidersOfKeysAreKnownInOnePlace(t *testing.T) {
	private := map[string]string{"vault-transit": "internal/keys/transit", "VAULT_ADDR": "internal/keys/transit", "VAULT_TOKEN": "internal/keys/transit", "CODEXLOCK_KEY_VARIABLES": "internal/keys/env"}
	seen := 0
	for pkg, files := range sources(t) {
		for _, name := range files {
			ast.Inspect(parse(t, name), func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				for word, owner := range private {
					if !strings.Contains(literal.Value, word) {
						continue
					}
					if seen++; pkg != owner {
						t.Errorf("%s says %s, which only %s knows", name, word, owner)
					}
				}
				return true
			})
		}
	}
	if seen == 0 {
		t.Error("no package names them: the test looks for the wrong thing")
	}
}

// TestWorldEntersInOnePlace: clock, environment and arguments are given to
// every package but one.
func TestWorldEntersInOnePlace(t *testing.T) {
	seen := 0
	for pkg, files := range sources(t) {
		if slices.Contains(forTests, pkg) {
			continue
		}
		for _, name := range files {
			ast.Inspect(parse(t, name), func(n ast.Node) bool {
				call := selected(n)
				if who, restricted := calls[call]; restricted {
					seen++
					if !may(who, pkg) {
						t.Errorf("%s uses %s, which only %s may", name, call, who)
					}
				}
				return true
			})
		}
	}
	if seen == 0 {
		t.Error("nobody asks for the time: the test looks for the wrong thing")
	}
}

// TestGitAnswersInOnePlace: the packages that read trees and the work tree put questions to
// git and read objects by id; every other one uses what a repository offers.
func TestGitAnswersInOnePlace(t *testing.T) {
	asking := "internal/git internal/repo internal/trees"
	seen := 0
	for pkg, files := range sources(t) {
		for _, name := range files {
			if !slices.ContainsFunc(parse(t, name).Imports, func(s *ast.ImportSpec) bool {
				return strings.HasPrefix(s.Path.Value, `"`+module+"internal/git\"") || strings.HasPrefix(s.Path.Value, `"`+module+"internal/repo\"") || strings.HasPrefix(s.Path.Value, `"`+module+"internal/trees\"")
			}) {
				continue
			}
			ast.Inspect(parse(t, name), func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != "Runner" && sel.Sel.Name != "Objects" {
					return true
				}
				if seen++; !may(asking, pkg) {
					t.Errorf("%s uses %s of a repository, which only %s may", name, sel.Sel.Name, asking)
				}
				return true
			})
		}
	}
	if seen == 0 {
		t.Error("nobody asks git: the test looks for the wrong thing")
	}
}

func TestMainsAreWiring(t *testing.T) {
	for name, most := range map[string]int{"cmd/codexlock/main.go": 15, "cmd/action/main.go": 25, "cmd/image/main.go": 25, "cmd/codexlock-use/main.go": 30} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > most {
			t.Errorf("%s has %d lines, want at most %d", name, lines, most)
		}
	}
}

// maxPackage is how many lines of code a package has, tests left out, before it is split.
const maxPackage = 2700

// TestPackagesAreSmall: no package has more than maxPackage lines.
func TestPackagesAreSmall(t *testing.T) {
	for pkg, files := range sources(t) {
		lines := 0
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			lines += bytes.Count(text, []byte("\n"))
		}
		if lines > maxPackage {
			t.Errorf("%s has %d lines, want at most %d: split it along a seam that has a name", pkg, lines, maxPackage)
		}
	}
}

func TestNames(t *testing.T) {
	for pkg, files := range sources(t) {
		documented := false
		for _, name := range files {
			base := strings.TrimSuffix(path.Base(name), ".go")
			for _, bad := range []string{"util", "utils", "common", "helper", "helpers", "misc", "types"} {
				if base == bad || path.Base(pkg) == bad {
					t.Errorf("%s: a name that says nothing", name)
				}
			}
			documented = documented || parse(t, name).Doc != nil
		}
		if !documented {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}

// plainMethods need no doc comment: the standard library says what they do.
var plainMethods = []string{"Error", "Unwrap", "String"}

// articles may stand in front of the name of a type in its doc comment.
var articles = regexp.MustCompile(`^(A|An|The) `)

// TestExportedNamesAreDocumented: every exported name has a doc comment that starts
// with the name. The names of one const or var block can share the block's comment.
func TestExportedNamesAreDocumented(t *testing.T) {
	names := 0
	check := func(file, name string, doc *ast.CommentGroup) {
		names++
		text := doc.Text()
		if !strings.HasPrefix(articles.ReplaceAllString(text, ""), name+" ") {
			t.Errorf("%s: the doc comment of %s starts with %q, want the name", file, name, text[:min(len(text), 30)])
		}
	}
	for _, files := range sources(t) {
		for _, file := range files {
			for _, decl := range parse(t, file).Decls {
				switch decl := decl.(type) {
				case *ast.FuncDecl:
					if decl.Name.IsExported() && receiverIsExported(decl) && !(decl.Recv != nil && slices.Contains(plainMethods, decl.Name.Name)) {
						check(file, decl.Name.Name, decl.Doc)
					}
				case *ast.GenDecl:
					for _, spec := range decl.Specs {
						checkSpec(file, decl, spec, check)
					}
				}
			}
		}
	}
	if names < 500 {
		t.Errorf("%d exported names, want those of the whole repository", names)
	}
}

// checkSpec calls check for the exported names of a type, const or var declaration.
func checkSpec(file string, decl *ast.GenDecl, spec ast.Spec, check func(file, name string, doc *ast.CommentGroup)) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			check(file, spec.Name.Name, cmp.Or(spec.Doc, decl.Doc))
		}
	case *ast.ValueSpec:
		block := decl.Lparen.IsValid() && (spec.Doc != nil || spec.Comment != nil || decl.Doc != nil)
		if spec.Names[0].IsExported() && !block {
			check(file, spec.Names[0].Name, decl.Doc)
		}
	}
}

// receiverIsExported reports whether a function is no method, or one of an exported
// type.
func receiverIsExported(decl *ast.FuncDecl) bool {
	if decl.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(decl.Recv.List[0].Type, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && !exported {
			exported = name.IsExported()
			return false
		}
		return true
	})
	return exported
}

// TestNothingIsHalfMerged: no file has Git's conflict markers, which Go's compiler
// does not see in a string nor anybody in Markdown.
func TestNothingIsHalfMerged(t *testing.T) {
	marker := regexp.MustCompile(`(?m)^(<{7} HEAD|>{7} [0-9a-f]{7,} \()`)
	n := 0
	walk(t, func(name string) {
		if !slices.Contains([]string{".go", ".md", ".rego", ".json", ".yml", ".yaml", ".txtar", ".sh"}, path.Ext(name)) {
			return
		}
		n++
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if at := marker.FindIndex(text); at != nil {
			t.Errorf("%s:%d: a merge was not finished", name, bytes.Count(text[:at[0]], []byte("\n"))+1)
		}
	})
	if n < 100 {
		t.Errorf("only %d files were looked at", n)
	}
}

var (
	pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}( #.*)?$`)
	uses   = regexp.MustCompile(`(?m)^\s*-?\s*uses:\s*(.+)$`)
)

func TestWorkflowsObeyWhatWeEnforce(t *testing.T) {
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows, %v", err)
	}
	scaffolded, err := filepath.Glob("internal/cli/initcmd/templates/*.yml")
	if err != nil || len(scaffolded) < 4 {
		t.Fatalf("%d workflows that init writes, %v", len(scaffolded), err)
	}
	versions := map[string]string{} // of each action, the same everywhere
	installed := map[string]int{}   // the scripts of reusable workflows that install codexlock
	for _, name := range append(files, scaffolded...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// A job of a workflow that is only called has no more than its caller's job, and can ask
		// for no less where it needs less.
		called := bytes.Contains(text, []byte("\non:\n  workflow_call:\n")) && !bytes.Contains(text, []byte("permissions:\n"))
		if !bytes.Contains(text, []byte("\npermissions: {}\n")) && !called {
			t.Errorf("%s does not begin with no permissions", name)
		}
		if jobs, limits := bytes.Count(text, []byte("\n    runs-on: ")), bytes.Count(text, []byte("\n    timeout-minutes: ")); jobs != limits {
			t.Errorf("%s has %d jobs of its own and %d timeout-minutes", name, jobs, limits)
		}
		for _, m := range uses.FindAllSubmatch(text, -1) {
			action := string(m[1])
			if at, version, ok := strings.Cut(action, "@"); ok && !strings.HasPrefix(at, "codexlock/") {
				if versions[at] == "" {
					versions[at] = version
				}
				if versions[at] != version {
					t.Errorf("%s uses %s, others %s@%s", name, action, at, versions[at])
				}
			}
			if !strings.HasPrefix(action, "./") && !strings.HasPrefix(action, "codexlock/codexlock@") && !strings.HasPrefix(action, "codexlock/codexlock/.github/workflows/") && !pinned.MatchString(action) {
				t.Errorf("%s uses %s, want a commit", name, action)
			}
		}
		if regexp.MustCompile(`(?m)run:.*\$\{\{`).Match(text) {
			t.Errorf("%s puts an expression into a script", name)
		}
		if bytes.Contains(text, []byte("go install")) {
			t.Errorf("%s compiles the program: its users get a release's", name)
		}
		if _, step, ok := strings.Cut(string(text), "      - name: Install\n"); ok {
			step, _, _ = strings.Cut(step, "      - ")
			installed[step]++
		}
	}
	if len(installed) != 1 || slices.Max(slices.Collect(maps.Values(installed))) < 6 {
		t.Errorf("the reusable workflows install codexlock in %d ways, want one in at least six: %v", len(installed), installed)
	}
}

// TestRulesHavePagesAndAPlaceInTheStandard: rule, test, page and standard go together.
func TestRulesHavePagesAndAPlaceInTheStandard(t *testing.T) {
	standard, err := os.ReadFile("docs/standards/PROMETHEUS_ZERO_TRUST_STANDARD.md")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob("policies/*/*")
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	for _, dir := range folders {
		area, rule := path.Base(path.Dir(dir)), path.Base(dir)
		if area == "lib" {
			continue
		}
		rules++
		for _, name := range []string{rule + ".rego", rule + "_test.rego", "README.md"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s has no %s", dir, name)
			}
		}
		if link := "(../../policies/" + area + "/" + rule + "/README.md)"; !bytes.Contains(standard, []byte(link)) {
			t.Errorf("the standard does not name %s.%s", area, rule)
		}
	}
	if rules < 30 {
		t.Errorf("only %d rules", rules)
	}
	for _, id := range requirements() {
		if !bytes.Contains(standard, []byte("| "+id+" |")) {
			t.Errorf("the standard has no row for %s", id)
		}
	}
}

// requirements are the standard's: principles, and how many each chapter has.
func requirements() []string {
	ids := []string{"P1", "P2", "P3", "P4", "P5", "P6", "ZT-12", "ZT-13"}
	for chapter, n := range map[int]int{1: 4, 2: 5, 3: 5, 4: 3, 5: 3, 6: 4, 7: 3, 8: 3, 9: 3, 10: 3, 11: 4, 14: 5} {
		for i := 1; i <= n; i++ {
			ids = append(ids, "ZT-"+strconv.Itoa(chapter)+"."+strconv.Itoa(i))
		}
	}
	return ids
}

// TestNoProgramIsCommitted keeps what go build leaves behind out of the repository.
func TestNoProgramIsCommitted(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		t.Skip("no Git work tree: ", err) // such as the source of a release
	}
	names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	if len(names) < 200 {
		t.Fatalf("%d files are committed, want the whole repository", len(names))
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			continue // removed in the work tree
		}
		head := make([]byte, 4)
		_, _ = io.ReadFull(f, head)
		f.Close()
		for what, magic := range map[string]string{"ELF": "\x7fELF", "Mach-O": "\xcf\xfa\xed\xfe", "PE": "MZ\x90\x00"} {
			if string(head) == magic {
				t.Errorf("%s is a program (%s): build into build/bin, which Git ignores", name, what)
			}
		}
	}
}
