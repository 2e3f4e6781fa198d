package uses

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
)

// memory is a tree of texts.
type memory map[string]string

func (m memory) Lookup(_ context.Context, p artifact.Path) (trees.Entry, bool, error) {
	name := p.String()
	if text, ok := m[name]; ok {
		kind := trees.File
		if strings.HasPrefix(text, "-> ") {
			kind = trees.Symlink
		}
		return trees.Entry{Path: name, Kind: kind, Size: int64(len(text))}, true, nil
	}
	for other := range m {
		if strings.HasPrefix(other, name+"/") {
			return trees.Entry{Path: name, Kind: trees.Directory}, true, nil
		}
	}
	return trees.Entry{}, false, nil
}

func (m memory) Open(context.Context, artifact.Path) (*trees.Handle, bool, error) {
	return nil, false, nil
}

func (m memory) Names(context.Context) ([]string, error) { return slices.Sorted(maps.Keys(m)), nil }

func (m memory) Entries(ctx context.Context) iter.Seq2[trees.Entry, error] {
	return func(yield func(trees.Entry, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			e, _, err := m.Lookup(ctx, artifact.Path(name))
			if !yield(e, err) {
				return
			}
		}
	}
}

func (m memory) Read(_ context.Context, e trees.Entry, _ int64) ([]byte, error) {
	return []byte(m[e.Path]), nil
}

func (m memory) Hash(context.Context, trees.Entry, io.Writer) (artifact.Digest, int64, []byte, error) {
	return artifact.Digest{}, 0, nil, nil
}

// artifacts are the files of every test's repository that are artifacts: those below scripts/
// and assets/sources/.
func repository(files map[string]string) memory {
	m := memory{
		"scripts/x.sh": "#!/bin/sh\n", "scripts/y.sh": "#!/bin/sh\n", "scripts/lib/common.sh": "", "scripts/tool.py": "", "scripts/gen.js": "",
		"scripts/pkg/__main__.py": "", "assets/sources/model.bin": "", "assets/sources/schema.sql": "", "ingest_archive.test.sh": "", "README.md": "", "other/x.sh": "",
		"scripts/x.sh.manifest.json": "{}", "scripts/x.sh.test": "",
	}
	maps.Copy(m, files)
	return m
}

func testSet(m memory, sites ...string) *changeset.Set {
	if len(sites) == 0 {
		sites = []string{"workflows"}
	}
	return &changeset.Set{
		Options: changeset.Options{Head: m, Config: config.Config{Include: []string{"scripts/**", "assets/sources/**"}, UseSites: sites}},
		Ledger:  &changeset.Ledger{}, BaseLedger: &changeset.Ledger{},
	}
}

// usesOf are the uses of a repository, and the files.
func usesOf(t testing.TB, files map[string]string, sites ...string) *reader {
	t.Helper()
	m := repository(files)
	r := newReader(newSide(context.Background(), testSet(m, sites...), m, true))
	r.read()
	if r.side.err != nil {
		t.Fatal(r.side.err)
	}
	return r
}

// short is a use in one line.
func short(u facts.ArtifactUse) string {
	return fmt.Sprintf("%d:%d %s %s %s %s", u.Line, u.Column, u.Kind, u.Path, u.How, u.Verified)
}

func shorts(r *reader) []string {
	var all []string
	for _, u := range r.out.Uses {
		all = append(all, short(u))
	}
	return all
}

const workflow = ".github/workflows/w.yml"

// inSteps is a workflow with one job of some steps, which begin in line 7.
func inSteps(steps string) string {
	return "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n" + steps
}

// inRun is a workflow with one script, whose text begins in line 8, column 11.
func inRun(script string) string {
	text := "      - run: |\n"
	for line := range strings.SplitSeq(strings.TrimRight(script, "\n"), "\n") {
		if line != "" {
			line = "          " + line
		}
		text += line + "\n"
	}
	return inSteps(text)
}

// TestUsesInScripts: what a script uses, where, and how.
func TestUsesInScripts(t *testing.T) {
	for script, want := range map[string][]string{
		"./scripts/x.sh":                                            {"8:11 execute scripts/x.sh exact none"},
		"scripts/x.sh --flag":                                       {"8:11 execute scripts/x.sh exact none"},
		"bash scripts/x.sh":                                         {"8:16 execute scripts/x.sh exact none"},
		"bash -eux ./scripts/x.sh a":                                {"8:21 execute scripts/x.sh exact none"},
		"bash -c './scripts/x.sh'":                                  {"8:20 execute scripts/x.sh exact none"},
		"sh -c 'cd scripts && ./x.sh'":                              {"8:32 execute scripts/x.sh workdir none"},
		". scripts/lib/common.sh":                                   {"8:13 source scripts/lib/common.sh exact none"},
		"source ./scripts/lib/common.sh":                            {"8:18 source scripts/lib/common.sh exact none"},
		"python scripts/tool.py":                                    {"8:18 execute scripts/tool.py exact none"},
		"python3 -m scripts.tool":                                   {"8:22 execute scripts/tool.py exact none"},
		"python3 -m scripts.pkg":                                    {"8:22 execute scripts/pkg/__main__.py exact none"},
		"node scripts/gen":                                          {"8:16 execute scripts/gen.js exact none"},
		"chmod +x scripts/x.sh && ./scripts/x.sh":                   {"8:36 execute scripts/x.sh exact none"},
		"env X=1 ./scripts/x.sh":                                    {"8:19 execute scripts/x.sh exact none"},
		"sudo -u root ./scripts/x.sh":                               {"8:24 execute scripts/x.sh exact none"},
		"timeout 5 ./scripts/x.sh":                                  {"8:21 execute scripts/x.sh exact none"},
		"exec ./scripts/x.sh":                                       {"8:16 execute scripts/x.sh exact none"},
		"X=1 scripts/x.sh":                                          {"8:15 execute scripts/x.sh exact none"},
		"$GITHUB_WORKSPACE/scripts/x.sh":                            {"8:11 execute scripts/x.sh exact none"},
		"\"${GITHUB_WORKSPACE}\"/scripts/x.sh":                      {"8:11 execute scripts/x.sh exact none"},
		"${{ github.workspace }}/scripts/x.sh":                      {"8:11 execute scripts/x.sh exact none"},
		"\"$PWD/scripts/x.sh\"":                                     {"8:11 execute scripts/x.sh exact none"},
		"$(pwd)/scripts/x.sh":                                       {"8:11 execute scripts/x.sh exact none"},
		"cd scripts\n./x.sh":                                        {"9:11 execute scripts/x.sh workdir none"},
		"(cd scripts; ./x.sh)\n./x.sh":                              {"8:24 execute scripts/x.sh workdir none"},
		"cd \"$somewhere\"\nscripts/x.sh":                           {"9:11 execute scripts/x.sh suffix none"},
		"\"$DIR/scripts/x.sh\"":                                     {"8:11 execute scripts/x.sh suffix none"},
		"${{ inputs.dir }}/scripts/x.sh":                            {"8:11 execute scripts/x.sh suffix none"},
		"scripts/${{ matrix.name }}.sh":                             {"8:11 execute scripts/*.sh glob none"},
		"s=scripts/x.sh; bash $s":                                   {"8:32 execute scripts/x.sh exact none"},
		"for s in scripts/x.sh scripts/y.sh; do bash \"$s\"; done":  {"8:55 execute scripts/x.sh exact none", "8:55 execute scripts/y.sh exact none"},
		"for s in scripts/*.sh; do bash \"$s\"; done":               {"8:42 execute scripts/*.sh glob none"},
		"f() { ./scripts/x.sh; }\nf":                                {"8:17 execute scripts/x.sh exact none"},
		"f() { \"$@\"; }\nf ./scripts/x.sh":                         {"8:17 execute scripts/x.sh exact none"},
		"f() { ./scripts/x.sh; }":                                   nil,
		"find scripts -name '*.sh' -exec bash {} \\;":               {"8:16 execute scripts folder none"},
		"find scripts -name '*.sh' -exec shellcheck {} +":           nil,
		"find scripts -name '*.sh' | xargs -n1 bash":                {"8:16 execute scripts folder none"},
		"ls scripts/*.sh | xargs shellcheck":                        nil,
		"echo scripts/x.sh | xargs bash":                            {"8:16 execute scripts/x.sh exact none"},
		"bash < scripts/x.sh":                                       {"8:18 execute scripts/x.sh exact none"},
		"cat scripts/x.sh | bash":                                   {"8:15 execute scripts/x.sh exact none"},
		"cat scripts/x.sh":                                          nil,
		"bash <<'EOF'\n./scripts/x.sh\nEOF":                         {"9:11 execute scripts/x.sh exact none"},
		"bash <<EOF\n./scripts/x.sh\nEOF":                           {"9:11 execute scripts/x.sh exact none"},
		"cat <<EOF\n./scripts/x.sh\nEOF":                            nil,
		"eval './scripts/x.sh'":                                     {"8:11 execute scripts/x.sh exact none"},
		"if ./scripts/x.sh; then :; fi":                             {"8:14 execute scripts/x.sh exact none"},
		"X=$(./scripts/x.sh)":                                       {"8:15 execute scripts/x.sh exact none"},
		"echo \"$(./scripts/x.sh)\"":                                {"8:19 execute scripts/x.sh exact none"},
		"./scripts/x.sh | tee log":                                  {"8:11 execute scripts/x.sh exact none"},
		"./scripts/x.sh > log 2>&1 &":                               {"8:11 execute scripts/x.sh exact none"},
		"cp scripts/x.sh /usr/local/bin/":                           {"8:14 copy scripts/x.sh exact none"},
		"cp -r scripts/ out/":                                       {"8:17 copy scripts folder none"},
		"rsync -a scripts/x.sh host:/srv/":                          {"8:20 copy scripts/x.sh exact none"},
		"install -m 755 scripts/x.sh /bin/x":                        {"8:26 copy scripts/x.sh exact none"},
		"tar czf out.tgz scripts":                                   {"8:27 copy scripts folder none"},
		"psql -f assets/sources/schema.sql":                         {"8:19 load assets/sources/schema.sql exact none"},
		"psql < assets/sources/schema.sql":                          {"8:18 load assets/sources/schema.sql exact none"},
		"cat assets/sources/schema.sql | psql":                      {"8:15 load assets/sources/schema.sql exact none"},
		"serve --model=assets/sources/model.bin":                    {"8:17 load assets/sources/model.bin token none"},
		"serve assets/sources/model.bin":                            {"8:17 load assets/sources/model.bin token none"},
		"shellcheck scripts/x.sh":                                   nil,
		"git add scripts/x.sh":                                      nil,
		"ls scripts":                                                nil,
		"test -f scripts/x.sh":                                      nil,
		"echo scripts/x.sh":                                         nil,
		"x.sh":                                                      nil,
		"/usr/bin/scripts/x.sh":                                     nil,
		"other/x.sh":                                                nil,
		"./scripts/x.sh.test":                                       nil,
		"./ingest_archive.test.sh --verify-all":                     nil,
		"bash ingest_archive.test.sh --verify-all":                  nil,
		"docker run -v \"$PWD:/src\" -w /src alpine ./scripts/x.sh": {"8:52 execute scripts/x.sh image none"},
		"docker run -v $PWD/scripts:/s alpine sh /s/x.sh":           {"8:51 execute scripts/x.sh image none"},
		"docker run alpine ./scripts/x.sh":                          {"8:29 execute scripts/x.sh suffix none"},
		"ssh host ./scripts/x.sh":                                   nil,
		"ssh host bash < scripts/x.sh":                              nil,
		"uv run scripts/tool.py":                                    {"8:18 execute scripts/tool.py exact none"},
		"Rscript scripts/x.sh":                                      {"8:19 execute scripts/x.sh exact none"},
		"codexlock run -- scripts/x.sh":                             {"8:28 execute scripts/x.sh exact at_use"},
		"codexlock run --base $GITHUB_SHA --log-file \"$RUNNER_TEMP/l\" -- scripts/x.sh a": {"8:75 execute scripts/x.sh exact at_use"},
		"codexlock open assets/sources/schema.sql | psql":                                  {"8:26 load assets/sources/schema.sql exact at_use"},
		"codexlock copy scripts/x.sh scripts/y.sh /opt":                                    {"8:26 copy scripts/x.sh exact at_use", "8:39 copy scripts/y.sh exact at_use"},
		"./bin/codexlock run -- scripts/x.sh":                                              {"8:34 load scripts/x.sh token none"},
		"PATH=bin:$PATH codexlock run -- scripts/x.sh":                                     {"8:43 execute scripts/x.sh exact none"},
		"codexlock attest scripts/x.sh":                                                    nil,
		"case $x in a) scripts/x.sh;; esac":                                                {"8:25 execute scripts/x.sh exact none"},
		"arr=(scripts/x.sh scripts/y.sh); for s in \"${arr[@]}\"; do bash $s; done":        {"8:74 execute scripts/x.sh exact none", "8:74 execute scripts/y.sh exact none"},
		"bash scripts/{x,y}.sh":                                                            {"8:16 execute scripts/x.sh exact none", "8:16 load scripts/y.sh token none"},
		"bash \"${SCRIPT:-scripts/x.sh}\"":                                                 {"8:16 execute scripts/x.sh exact none"},
		"nohup setsid nice -n 5 ./scripts/x.sh":                                            {"8:34 execute scripts/x.sh exact none"},
		"time ./scripts/x.sh":                                                              {"8:16 execute scripts/x.sh exact none"},
		"! ./scripts/x.sh":                                                                 {"8:13 execute scripts/x.sh exact none"},
		"pushd scripts; ./x.sh; popd; scripts/y.sh":                                        {"8:26 execute scripts/x.sh workdir none", "8:40 execute scripts/y.sh exact none"},
		"bash -n scripts/x.sh":                                                             nil,
		"coverage run scripts/tool.py":                                                     {"8:24 execute scripts/tool.py exact none"},
		"spin run -- python scripts/tool.py":                                               {"8:30 execute scripts/tool.py exact none"},
		"lima sudo V=1 scripts/x.sh":                                                       {"8:25 execute scripts/x.sh image none"},
		"lima /tmp/repo/scripts/x.sh":                                                      {"8:16 execute scripts/x.sh suffix none"},
		"python$V scripts/tool.py":                                                         {"8:20 execute scripts/tool.py exact none"},
		"docker run --rm --entrypoint python3 image - < scripts/tool.py":                   {"8:58 execute scripts/tool.py exact none"},
		"docker run -v \"$PWD\":/w --entrypoint /w/scripts/x.sh image":                     {"8:35 execute scripts/x.sh image none"},
		"docker run -v \"$PWD/scripts/x.sh\":/x.sh image /x.sh":                            {"8:25 load scripts/x.sh exact none", "8:57 execute scripts/x.sh image none"},
		"lint --files scripts/*.sh":                                                        nil,
		"make -f scripts/x.sh":                                                             {"8:19 execute scripts/x.sh exact none"},
	} {
		r := usesOf(t, map[string]string{workflow: inRun(script)})
		got := shorts(r)
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got  %q\n want %q", script, got, want)
		}
		for name, f := range r.files {
			if f.State != facts.UseFileStateParsed {
				t.Errorf("%s: %s is unread: %s", script, name, f.Problem)
			}
		}
	}
}

// TestUsesInWorkflows: what a workflow says around its scripts.
func TestUsesInWorkflows(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		more map[string]string
		want []string
	}{
		"working-directory":               {inSteps("      - run: ./x.sh\n        working-directory: scripts\n"), nil, []string{"7:14 execute scripts/x.sh workdir none"}},
		"defaults of the job":             {strings.Replace(inSteps("      - run: ./x.sh\n"), "    steps:", "    defaults: {run: {working-directory: ./scripts}}\n    steps:", 1), nil, []string{"8:14 execute scripts/x.sh workdir none"}},
		"defaults of the workflow":        {"defaults: {run: {working-directory: scripts/lib}}\n" + inSteps("      - run: . ./common.sh\n"), nil, []string{"8:16 source scripts/lib/common.sh workdir none"}},
		"env":                             {"env: {S: scripts/x.sh}\n" + inSteps("      - run: bash $S\n"), nil, []string{"8:19 execute scripts/x.sh exact none"}},
		"env of the expression":           {inSteps("      - env: {S: scripts/x.sh}\n        run: bash ${{ env.S }}\n"), nil, []string{"8:19 execute scripts/x.sh exact none"}},
		"folded":                          {inSteps("      - run: >-\n          echo a &&\n          ./scripts/x.sh\n"), nil, []string{"9:11 execute scripts/x.sh exact none"}},
		"in quotes":                       {inSteps("      - run: \"echo \\\"a\\\"; ./scripts/x.sh\"\n"), nil, []string{"7:27 execute scripts/x.sh exact none"}},
		"an alias":                        {inSteps("      - run: &use ./scripts/x.sh\n      - run: *use\n"), nil, []string{"7:19 execute scripts/x.sh exact none"}},
		"tabs and blank lines":            {inRun("\n\necho\n\techo é; ./scripts/x.sh"), nil, []string{"11:20 execute scripts/x.sh exact none"}},
		"a container":                     {strings.Replace(inSteps("      - run: ./scripts/x.sh\n"), "    steps:", "    container: alpine\n    steps:", 1), nil, []string{"8:14 execute scripts/x.sh exact none"}},
		"a workflow of elsewhere":         {"jobs:\n  a:\n    uses: other/repo/.github/workflows/w.yml@v1\n", nil, nil},
		"a step that never runs":          {inSteps("      - if: false\n        run: ./scripts/x.sh\n"), nil, nil},
		"pwsh":                            {inSteps("      - shell: pwsh\n        run: |\n          $x = 1\n          if ($x) { echo }\n          .\\scripts\\x.sh -a\n"), nil, []string{"11:11 execute scripts/x.sh exact none"}},
		"cmd":                             {inSteps("      - shell: cmd\n        run: scripts\\x.sh\n"), nil, []string{"8:14 execute scripts/x.sh exact none"}},
		"python":                          {inSteps("      - shell: python\n        run: |\n          import subprocess\n          subprocess.run(['scripts/x.sh'])\n"), nil, []string{"10:28 load scripts/x.sh token none"}},
		"github-script":                   {inSteps("      - uses: actions/github-script@v7\n        with:\n          script: |\n            const f = require('./scripts/gen.js')\n"), nil, []string{"10:32 execute scripts/gen.js exact none"}},
		"an input of an action":           {inSteps("      - uses: x/y@v1\n        with: {file: assets/sources/model.bin}\n"), nil, []string{"8:22 load assets/sources/model.bin token none"}},
		"a script for an action":          {inSteps("      - uses: x/vm@v1\n        with:\n          run: |\n            make\n            ./scripts/x.sh\n"), nil, []string{"11:13 execute scripts/x.sh token none"}},
		"checked out in a folder":         {"jobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n        with: {path: src}\n      - run: src/scripts/x.sh\n      - run: scripts/x.sh\n", nil, []string{"7:14 execute scripts/x.sh exact none"}},
		"another repository":              {"jobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n        with: {repository: other/x}\n      - run: scripts/x.sh\n", nil, nil},
		"a folder that is not ours":       {inSteps("      - run: ./repo/scripts/x.sh\n"), nil, []string{"7:14 execute scripts/x.sh suffix none"}},
		"a matrix":                        {strings.Replace(inSteps("      - run: scripts/${{ matrix.s }}.sh\n"), "    steps:", "    strategy: {matrix: {s: [x, y]}}\n    steps:", 1), nil, []string{"8:14 execute scripts/x.sh exact none", "8:14 execute scripts/y.sh exact none"}},
		"a matrix of commands":            {strings.Replace(inSteps("      - run: ${{ matrix.s }}\n"), "    steps:", "    strategy: {matrix: {s: [A=1 ./scripts/x.sh, make]}}\n    steps:", 1), nil, []string{"8:14 execute scripts/x.sh exact none"}},
		"a composite action":              {inSteps("      - uses: ./.github/actions/a\n        with: {script: x}\n"), map[string]string{".github/actions/a/action.yml": "inputs:\n  script: {default: y}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: scripts/${{ inputs.script }}.sh\n"}, []string{"7:12 execute scripts/x.sh exact none"}},
		"a composite action, alone":       {inSteps(""), map[string]string{".github/actions/a/action.yml": "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: scripts/x.sh\n"}, []string{"5:12 execute scripts/x.sh exact none"}},
		"a composite action, elsewhere":   {inSteps("      - uses: ./tools/a\n"), map[string]string{"tools/a/action.yaml": "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: $GITHUB_ACTION_PATH/../../scripts/x.sh\n"}, []string{"5:12 execute scripts/x.sh exact none"}},
		"an action of JavaScript":         {inSteps("      - uses: ./scripts/js\n"), map[string]string{"scripts/js/action.yml": "runs: {using: node20, main: dist/index.js}\n", "scripts/js/dist/index.js": ""}, []string{"7:15 execute scripts/js/action.yml exact none", "7:15 execute scripts/js/dist/index.js exact none"}},
		"composites that call each other": {inSteps("      - uses: ./a\n"), map[string]string{"a/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: ./a\n    - shell: bash\n      run: scripts/x.sh\n"}, []string{"6:12 execute scripts/x.sh exact none"}},
	} {
		files := map[string]string{workflow: tt.text}
		for name, text := range tt.more {
			files[name] = text
		}
		r := usesOf(t, files)
		if got := shorts(r); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got  %q\n want %q\n%s", name, got, tt.want, tt.text)
		}
		for name, f := range r.files {
			if f.State != facts.UseFileStateParsed {
				t.Errorf("%s is unread: %s", name, f.Problem)
			}
		}
	}
}

// TestUnread: what cannot be parsed is named, with its line, and whether it names an artifact.
func TestUnread(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no YAML":               {"on: push\njobs:\n  a: [\n  scripts/x.sh\n", "unread yes"},
		"no YAML, and no path":  {"a: [\n", "unread no"},
		"a script":              {inRun("if then\n./scripts/x.sh"), "unread yes 8"},
		"a script without path": {inRun("echo\nif then"), "unread no 9"},
		"a list":                {"- scripts/x.sh\n", "unread yes"},
		"a symlink":             {"-> other", "unread yes"},
		"nothing":               {"", "parsed no"},
		"a comment":             {"# scripts/x.sh\n", "parsed no"},
		"too many commands":     {inRun(strings.Repeat("a;", 6000) + "\nscripts/x.sh"), "unread yes 7"},
		"too many brackets":     {inRun(strings.Repeat("(", 11000)), "unread no 8"},
		"an anchor in a circle": {"a: &a [*a]\njobs: *a\n", "parsed no"},
		"a NUL":                 {"jobs: \x00\n", "unread no"},
	} {
		r := usesOf(t, map[string]string{workflow: tt.text})
		f := r.files[workflow]
		got := string(f.State) + " " + string(f.Names)
		if f.Line > 0 && strings.Count(tt.want, " ") > 1 {
			got += fmt.Sprint(" ", f.Line)
		}
		if got != tt.want {
			t.Errorf("%s: %s (%s, line %d), want %s", name, got, f.Problem, f.Line, tt.want)
		}
	}
}

// TestOurWorkflowsUseNothing: neither what init writes nor what this repository has is a use,
// though they run the standard's script and the program.
func TestOurWorkflowsUseNothing(t *testing.T) {
	files := map[string]string{}
	for _, pattern := range []string{"../cli/initcmd/templates/*.yml", "../../.github/workflows/*.yml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) < 4 {
			t.Fatalf("%d files %s, %v", len(names), pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			// The templates hold words that init replaces.
			plain := strings.NewReplacer("@REF@", "v1", "@COMMENT@", "v1", "@KEYS@", " {}", "@SECRETS@", " inherit", "@PULLS@", "", "@AUDITKEY@", "KEY").Replace(string(text))
			files[".github/workflows/"+filepath.Base(filepath.Dir(name))+filepath.Base(name)] = plain
		}
	}
	r := usesOf(t, files)
	if got := shorts(r); len(got) > 0 {
		t.Errorf("uses: %q", got)
	}
	for name, f := range r.files {
		if f.State != facts.UseFileStateParsed {
			t.Errorf("%s is unread: %s, line %d", name, f.Problem, f.Line)
		}
	}
}

// TestActionsThatCallEachOtherEnd: an action that calls itself twenty times, ten deep, is
// followed up to a limit, and the files that are not followed whole say so.
func TestActionsThatCallEachOtherEnd(t *testing.T) {
	const action = ".github/actions/a/action.yml"
	call := "  - uses: ./.github/actions/a\n"
	r := usesOf(t, map[string]string{
		workflow: inSteps("      - uses: ./.github/actions/a\n" + useStep),
		action:   "runs:\n  using: composite\n  steps:\n" + strings.Repeat(call, 20) + "  - run: ./scripts/x.sh\n    shell: bash\n",
	})
	for _, name := range []string{workflow, action} {
		if f := r.files[name]; f.State != facts.UseFileStateUnread || f.Names != facts.YesNoYes || f.Problem != "the repository has more steps than are followed" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestMoreUsesThanAreListed: what is left out is said.
func TestMoreUsesThanAreListed(t *testing.T) {
	files := map[string]string{}
	for i := range 60 {
		files[fmt.Sprintf(".github/workflows/%d.yml", i)] = inSteps(strings.Repeat("      - run: scripts/x.sh\n", 200))
	}
	r := usesOf(t, files)
	unread := 0
	for _, f := range r.files {
		if f.State == facts.UseFileStateUnread && f.Names == facts.YesNoYes {
			unread++
		}
	}
	if len(r.out.Uses) != 10_000 || unread != 1 {
		t.Errorf("%d uses, %d files unread", len(r.out.Uses), unread)
	}
}
