package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys/transit/transittest"
	"github.com/codexlock/codexlock/internal/workflowtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"codexlock": func() {
			ctx, w := host.Here()
			w.TestWall = testWall(os.Getenv("TEST_WALL"))
			os.Exit(cli.Main(ctx, w))
		},
	})
}

// testWall is how long a test may run, the one thing that users cannot set.
func testWall(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}

// TestCommandLine runs the command line's specification: testdata/*.txtar.
// CODEXLOCK_UPDATE=1 go test ./cmd/codexlock rewrites the expected outputs.
func TestCommandLine(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in testdata, %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       os.Getenv("CODEXLOCK_UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"edit":   edit,
			"step":   step,
			"gitlab": gitlab,
			"cat-to": catTo,
			"vault":  vault,
			"ours":   ours,
		},
	})
}

// ours copies a file of this repository: ours NAME FILE.
func ours(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ours NAME FILE")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o644))
}

// setup gives each script a home, a key and a git that is nobody's.
func setup(env *testscript.Env) error {
	for name, value := range map[string]string{
		"HOME":                env.WorkDir,
		"GIT_CONFIG_GLOBAL":   filepath.Join(env.WorkDir, ".gitconfig"),
		"GIT_CONFIG_NOSYSTEM": "1",
		"KEY":                 "a-key-of-this-specification-0123456789abcdef",
		"USER":                "tester",
	} {
		env.Setenv(name, value)
	}
	config := "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n[protocol \"file\"]\n\tallow = always\n"
	return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte(config), 0o644)
}

// exits runs a codexlock command and asserts its exit code: exits 3 codexlock verify.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := "0"
	if args[1] == "codexlock" && !processOnly(ts, args[2:]) {
		code = strconv.Itoa(here(ts, args[2:]...))
	} else if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("%s ended with %s, want exit code %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// vault starts a server that answers as HashiCorp Vault's transit engine, with one
// key of so many versions, and names it as Vault's own program is told:
// vault MOUNT/NAME VERSIONS. VAULT_KEY is the latest version as a VaultTime key.
func vault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: vault MOUNT/NAME VERSIONS")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	versions := map[int][]byte{}
	for v := 1; v <= n; v++ {
		digest := sha256.Sum256([]byte(args[0] + strconv.Itoa(v)))
		versions[v] = digest[:]
	}
	server := httptest.NewServer(&transittest.Server{Keys: map[string]map[int][]byte{args[0]: versions}})
	ts.Defer(server.Close)
	ts.Setenv("VAULT_ADDR", server.URL)
	ts.Setenv("VAULT_TOKEN", transittest.Token)
	ts.Setenv("VAULT_KEY", hex.EncodeToString(versions[n]))
}

// edit replaces every occurrence of a text in a file, which has to be there:
// edit FILE OLD NEW.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o644))
}

// catTo puts files together: cat-to INTO FILE...
func catTo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: cat-to INTO FILE...")
	}
	var text strings.Builder
	for _, name := range args[1:] {
		text.WriteString(ts.ReadFile(name))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o644))
}

// step writes the script of a workflow's step to a file:
// step WORKFLOW NAME FILE.
func step(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: step WORKFLOW NAME FILE")
	}
	text, err := workflowtest.Script(args[0], args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o644))
}

// gitlab writes the script of a job of the template for GitLab CI to a file: gitlab JOB FILE.
func gitlab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gitlab JOB FILE")
	}
	text, err := workflowtest.GitLabScript(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}
