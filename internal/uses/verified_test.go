package uses

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
)

// verifiedOf is how the last use of scripts/x.sh in a workflow is verified.
func verifiedOf(t *testing.T, text string, more map[string]string) facts.Verification {
	t.Helper()
	files := map[string]string{workflow: text}
	for name, text := range more {
		files[name] = text
	}
	r := usesOf(t, files)
	last := facts.Verification("")
	for _, u := range r.out.Uses {
		if u.Path == "scripts/x.sh" && u.Kind != facts.UseKindLoad {
			last = u.Verified
		}
	}
	if last == "" {
		t.Errorf("no use in\n%s", text)
	}
	return last
}

const useStep = "      - run: ./scripts/x.sh\n"

// honest are jobs in which the artifact is verified earlier.
var honest = map[string]string{
	"one step after the other":             inSteps("      - run: codexlock verify --all\n" + useStep),
	"in one script":                        inRun("codexlock verify --all\n./scripts/x.sh"),
	"with &&":                              inRun("codexlock verify --all && ./scripts/x.sh"),
	"the path alone":                       inRun("codexlock verify scripts/x.sh\n./scripts/x.sh"),
	"its folder":                           inRun("codexlock verify scripts\n./scripts/x.sh"),
	"a pattern":                            inRun("codexlock verify scripts/*.sh\n./scripts/x.sh"),
	"in its folder":                        inRun("cd scripts\ncodexlock verify x.sh\n./x.sh"),
	"the action":                           inSteps("      - uses: codexlock/codexlock@v1\n        env:\n          VAULTTIME_KEY: ${{ secrets.VAULTTIME_KEY }}\n" + useStep),
	"the action, all":                      inSteps("      - uses: codexlock/codexlock@v1\n        with: {scope: all, fail-on-warn: 'true'}\n" + useStep),
	"the standard's script":                inRun("./ingest_archive.test.sh --verify-all\n./scripts/x.sh"),
	"the standard's script, by bash":       inRun("bash ingest_archive.test.sh --verify-all\n./scripts/x.sh"),
	"the standard's script, one":           inRun("./ingest_archive.test.sh --verify scripts/x.sh\n./scripts/x.sh"),
	"exit after a failure":                 inSteps("      - shell: bash {0}\n        run: |\n          codexlock verify --all || exit 1\n          ./scripts/x.sh\n"),
	"if not, exit":                         inRun("if ! codexlock verify --all; then\n  echo bad\n  exit 1\nfi\n./scripts/x.sh"),
	"if, then":                             inRun("if codexlock verify --all; then\n  ./scripts/x.sh\nfi"),
	"if, else exit":                        inRun("if codexlock verify --all; then\n  echo good\nelse\n  exit 2\nfi\n./scripts/x.sh"),
	"or a block that exits":                inRun("codexlock verify --all || { echo bad >&2; exit 1; }\n./scripts/x.sh"),
	"a function":                           inRun("check() { codexlock verify --all; }\ncheck\n./scripts/x.sh"),
	"a function that dies":                 inRun("die() { echo \"$1\"; exit 1; }\ncodexlock verify --all || die bad\n./scripts/x.sh"),
	"with flags":                           inRun("codexlock verify --all --fail-on-warn -q -f json=report.json\n./scripts/x.sh"),
	"with a pipe and pipefail":             inSteps("      - shell: bash\n        run: |\n          codexlock verify --all | tee log\n          ./scripts/x.sh\n"),
	"set -euo pipefail":                    inRun("set -euo pipefail\ncodexlock verify --all 2>&1 | tee log\n./scripts/x.sh"),
	"the last command of a pipe":           inRun("echo | codexlock verify --all\n./scripts/x.sh"),
	"a subshell":                           inRun("(cd scripts && codexlock verify --all)\n./scripts/x.sh"),
	"with timeout and env":                 inRun("env LANG=C timeout 60 codexlock verify --all\n./scripts/x.sh"),
	"the key before it":                    inRun("VAULTTIME_KEY=\"$KEY\" codexlock verify --all\n./scripts/x.sh"),
	"steps between":                        inSteps("      - run: codexlock verify --all\n      - uses: actions/setup-python@v5\n      - run: pip install build && make\n" + useStep),
	"a download elsewhere":                 inSteps("      - run: codexlock verify --all\n      - run: curl -fsSL -o /tmp/x https://example.com/x && tar xzf /tmp/x -C \"$RUNNER_TEMP\"\n" + useStep),
	"a download of another name":           inRun("codexlock verify --all\ncurl -fsSLO https://example.com/tool.tgz\n./scripts/x.sh"),
	"a file elsewhere is written":          inRun("codexlock verify --all\necho 1 > VERSION\n./scripts/x.sh"),
	"another checkout elsewhere":           inSteps("      - run: codexlock verify --all\n      - uses: actions/checkout@v4\n        with: {repository: other/tools, path: tools}\n" + useStep),
	"artifacts elsewhere":                  inSteps("      - run: codexlock verify --all\n      - uses: actions/download-artifact@v4\n        with: {path: dist}\n" + useStep),
	"installed by PATH":                    inSteps("      - run: |\n          mkdir \"$RUNNER_TEMP/codexlock\"\n          docker cp \"$container:/usr/local/bin/codexlock\" \"$RUNNER_TEMP/codexlock/codexlock\"\n          echo \"$RUNNER_TEMP/codexlock\" >> \"$GITHUB_PATH\"\n      - run: codexlock verify --all\n" + useStep),
	"PATH with a folder of the home":       inRun("export PATH=\"$HOME/.local/bin:$PATH\"\ncodexlock verify --all\n./scripts/x.sh"),
	"variables for later":                  inSteps("      - run: echo \"VERSION=$V\" >> \"$GITHUB_ENV\"\n      - run: codexlock verify --all\n" + useStep),
	"a block for later":                    inSteps("      - run: |\n          {\n            echo A=1\n            echo \"B=$B\"\n          } >> $GITHUB_ENV\n      - run: codexlock verify --all\n" + useStep),
	"in each of some rounds":               inRun("for f in scripts/x.sh scripts/y.sh; do\n  codexlock verify \"$f\"\ndone\n./scripts/x.sh"),
	"the use has a condition":              inSteps("      - run: codexlock verify --all\n      - if: github.event_name == 'push'\n        run: ./scripts/x.sh\n"),
	"success() is a condition":             inSteps("      - run: codexlock verify --all\n        if: success()\n" + useStep),
	"pwsh, alone":                          inSteps("      - shell: pwsh\n        run: codexlock verify --all\n" + useStep),
	"a job on Linux and macOS":             strings.Replace(inSteps("      - run: codexlock verify --all\n"+useStep), "ubuntu-latest\n", "${{ matrix.os }}\n    strategy:\n      matrix:\n        os: [ubuntu-latest, macos-latest]\n", 1),
	"runs-on is not known, alone":          strings.Replace(inSteps("      - run: codexlock verify --all\n"+useStep), "ubuntu-latest", "${{ inputs.os }}", 1),
	"runs-on is not known, bash":           strings.Replace(inSteps("      - shell: bash\n        run: |\n          codexlock verify --all\n          ./scripts/x.sh\n"), "ubuntu-latest", "${{ inputs.os }}", 1),
	"a trap that cleans up":                inSteps("      - run: |\n          clean() { rm -rf \"$tmp\"; }\n          trap clean EXIT\n          codexlock verify --all\n" + useStep),
	"code of the system":                   inRun("source /etc/profile\ncodexlock verify --all\n./scripts/x.sh"),
	"verified code is sourced":             inRun("codexlock verify scripts\n. scripts/lib/common.sh\ncodexlock verify --all\n./scripts/x.sh"),
	"set +e, and set -e again":             inRun("set +e\ngrep x y\nset -e\ncodexlock verify --all\n./scripts/x.sh"),
	"exec":                                 inSteps("      - run: exec codexlock verify --all\n" + useStep),
	"checked out in a folder":              "jobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n        with: {path: src}\n      - run: codexlock verify --all\n        working-directory: src\n      - run: src/scripts/x.sh\n",
	"head is HEAD":                         inRun("codexlock verify --all --head HEAD\n./scripts/x.sh"),
	"a new branch":                         inRun("codexlock verify --all\ngit checkout -b release\ngit add . && git commit -m x && git push\n./scripts/x.sh"),
	"another artifact is written":          inRun("codexlock verify --all\necho > scripts/y.sh\n./scripts/x.sh"),
	"verified again":                       inRun("codexlock verify --all\ngit pull\ncodexlock verify --all\n./scripts/x.sh"),
	"case":                                 inRun("case $x in a) codexlock verify --all;; *) exit 1;; esac\n./scripts/x.sh"),
	"by eval":                              inRun("eval 'codexlock verify --all'\n./scripts/x.sh"),
	"a subshell that does not get further": inRun("(codexlock verify --all; exit 0)\n./scripts/x.sh"),
	"bash -c":                              inRun("bash -c 'codexlock verify --all'\n./scripts/x.sh"),
}

// softened are jobs in which something that looks like a verification does not stop the use.
var softened = map[string]string{
	"nothing":                        inSteps(useStep),
	"after it":                       inSteps(useStep + "      - run: codexlock verify --all\n"),
	"|| true":                        inRun("codexlock verify --all || true\n./scripts/x.sh"),
	"|| :":                           inRun("codexlock verify --all || :\n./scripts/x.sh"),
	"|| echo":                        inRun("codexlock verify --all || echo bad\n./scripts/x.sh"),
	"|| exit 0":                      inSteps("      - run: codexlock verify --all || exit 0\n" + useStep),
	"|| exit":                        inSteps("      - run: codexlock verify --all || { echo bad; exit; }\n" + useStep),
	"; true without -e":              inSteps("      - shell: bash {0}\n        run: |\n          codexlock verify --all; true\n" + useStep),
	"without -e":                     inSteps("      - shell: bash {0}\n        run: |\n          codexlock verify --all\n          ./scripts/x.sh\n"),
	"set +e":                         inRun("set +e\ncodexlock verify --all\n./scripts/x.sh"),
	"set +o errexit":                 inRun("set +o errexit\ncodexlock verify --all\n./scripts/x.sh"),
	"set +e in a function":           inRun("soft() { set +e; }\nsoft\ncodexlock verify --all\n./scripts/x.sh"),
	"a variable for set":             inRun("set $FLAGS\ncodexlock verify --all\n./scripts/x.sh"),
	"in the background":              inRun("codexlock verify --all &\n./scripts/x.sh"),
	"in the background, waited":      inRun("codexlock verify --all &\nwait\n./scripts/x.sh"),
	"negated":                        inRun("! codexlock verify --all\n./scripts/x.sh"),
	"a pipe without pipefail":        inRun("codexlock verify --all | tee log\n./scripts/x.sh"),
	"set +o pipefail":                inSteps("      - shell: bash\n        run: |\n          set +o pipefail\n          codexlock verify --all | tee log\n          ./scripts/x.sh\n"),
	"a condition":                    inRun("if codexlock verify --all; then echo good; fi\n./scripts/x.sh"),
	"if not, a warning":              inRun("if ! codexlock verify --all; then echo bad; fi\n./scripts/x.sh"),
	"a while":                        inRun("while ! codexlock verify --all; do break; done\n./scripts/x.sh"),
	"under a condition":              inRun("if [ -n \"$CHECK\" ]; then codexlock verify --all; fi\n./scripts/x.sh"),
	"under &&":                       inRun("[ -n \"$CHECK\" ] && codexlock verify --all\n./scripts/x.sh"),
	"in one branch":                  inRun("case $x in a) codexlock verify --all;; esac\n./scripts/x.sh"),
	"in a loop over nothing":         inRun("for i in $LIST; do codexlock verify --all; done\n./scripts/x.sh"),
	"&& in the middle":               inRun("codexlock verify --all && echo good\n./scripts/x.sh"),
	"in a substitution":              inRun("echo \"$(codexlock verify --all)\"\n./scripts/x.sh"),
	"export of a substitution":       inRun("export X=$(codexlock verify --all)\n./scripts/x.sh"),
	"a process substitution":         inRun("cat <(codexlock verify --all)\n./scripts/x.sh"),
	"a function that is not called":  inRun("check() { codexlock verify --all; }\n./scripts/x.sh"),
	"a function of its name":         inRun("codexlock() { true; }\ncodexlock verify --all\n./scripts/x.sh"),
	"an alias of its name":           inRun("shopt -s expand_aliases\nalias codexlock=true\ncodexlock verify --all\n./scripts/x.sh"),
	"a trap":                         inSteps("      - run: |\n          trap 'exit 0' EXIT\n          codexlock verify --all\n" + useStep),
	"a trap on ERR":                  inSteps("      - run: |\n          trap 'exit 0' ERR\n          codexlock verify --all\n" + useStep),
	"a program of the repository":    inRun("./bin/codexlock verify --all\n./scripts/x.sh"),
	"another program":                inRun("codexlock2 verify --all\n./scripts/x.sh"),
	"PATH":                           inRun("PATH=$PWD/bin:$PATH\ncodexlock verify --all\n./scripts/x.sh"),
	"export PATH":                    inRun("export PATH=\"./bin:$PATH\"\ncodexlock verify --all\n./scripts/x.sh"),
	"PATH before it":                 inRun("PATH=bin codexlock verify --all\n./scripts/x.sh"),
	"PATH by env":                    inRun("env PATH=bin codexlock verify --all\n./scripts/x.sh"),
	"PATH of the step":               inSteps("      - run: codexlock verify --all\n        env:\n          PATH: ./bin\n" + useStep),
	"PATH of the job":                strings.Replace(inSteps("      - run: codexlock verify --all\n"+useStep), "    steps:", "    env:\n      PATH: ${{ github.workspace }}/bin:/usr/bin\n    steps:", 1),
	"PATH of the workflow":           "env:\n  PATH: ./bin\n" + inSteps("      - run: codexlock verify --all\n"+useStep),
	"GITHUB_PATH":                    inSteps("      - run: echo \"$PWD/bin\" >> \"$GITHUB_PATH\"\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_PATH by tee":             inSteps("      - run: echo \"$GITHUB_WORKSPACE/bin\" | tee -a $GITHUB_PATH\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV":                     inSteps("      - run: echo \"CODEXLOCK_CONFIG=soft.yaml\" >> $GITHUB_ENV\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV in a block":          inSteps("      - run: |\n          {\n            echo A=1\n            echo BASH_ENV=soft.sh\n          } >> ${GITHUB_ENV}\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV of a heredoc":        inSteps("      - run: |\n          cat >> \"$GITHUB_ENV\" <<EOF\n          PATH=$PWD/bin\n          EOF\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV of a file":           inSteps("      - run: cat ci.env >> \"$GITHUB_ENV\"\n      - run: codexlock verify --all\n" + useStep),
	"CODEXLOCK_BASE":                 inSteps("      - run: codexlock verify --all\n        env: {CODEXLOCK_BASE: HEAD}\n" + useStep),
	"BASH_ENV":                       inSteps("      - run: codexlock verify --all\n        env: {BASH_ENV: soft.sh}\n" + useStep),
	"--config":                       inRun("codexlock verify --all --config soft.yaml\n./scripts/x.sh"),
	"--policy":                       inRun("codexlock verify --all --policy=soft\n./scripts/x.sh"),
	"--base":                         inRun("codexlock verify --all --base HEAD\n./scripts/x.sh"),
	"--effective-time":               inRun("codexlock verify --all --effective-time 2020-01-01T00:00:00Z\n./scripts/x.sh"),
	"--minimum-level":                inRun("codexlock verify --all --minimum-level tier-1\n./scripts/x.sh"),
	"--write-baseline":               inRun("codexlock verify --all --write-baseline b.json\n./scripts/x.sh"),
	"--head":                         inRun("codexlock verify --all --head HEAD~5\n./scripts/x.sh"),
	"--help":                         inRun("codexlock verify --all --help\n./scripts/x.sh"),
	"flags in a variable":            inRun("codexlock verify --all $FLAGS\n./scripts/x.sh"),
	"flags of an expression":         inRun("codexlock verify --all ${{ inputs.flags }}\n./scripts/x.sh"),
	"a default":                      inRun("codexlock verify ${WHAT:---all}\n./scripts/x.sh"),
	"what is changed alone":          inRun("codexlock verify\n./scripts/x.sh"),
	"another path":                   inRun("codexlock verify scripts/y.sh\n./scripts/x.sh"),
	"another folder":                 inRun("codexlock verify assets\n./scripts/x.sh"),
	"another command":                inRun("codexlock status\n./scripts/x.sh"),
	"another repository":             inRun("cd /tmp/other && codexlock verify --all\n$GITHUB_WORKSPACE/scripts/x.sh"),
	"another checkout":               inSteps("      - uses: actions/checkout@v4\n        with: {repository: other/x, path: o}\n      - run: codexlock verify --all\n        working-directory: o\n" + useStep),
	"a folder that is not known":     inRun("cd $DIR\ncodexlock verify --all\n$GITHUB_WORKSPACE/scripts/x.sh"),
	"if:":                            inSteps("      - run: codexlock verify --all\n        if: github.event_name == 'push'\n" + useStep),
	"if: of the action":              inSteps("      - uses: codexlock/codexlock@v1\n        if: false\n" + useStep),
	"continue-on-error":              inSteps("      - run: codexlock verify --all\n        continue-on-error: true\n" + useStep),
	"continue-on-error, computed":    inSteps("      - uses: codexlock/codexlock@v1\n        continue-on-error: ${{ inputs.soft }}\n" + useStep),
	"the use runs always":            inSteps("      - run: codexlock verify --all\n      - if: always()\n        run: ./scripts/x.sh\n"),
	"the use runs after a failure":   inSteps("      - run: codexlock verify --all\n      - if: ${{ !cancelled() }}\n        run: ./scripts/x.sh\n"),
	"continue-on-error, one step":    inSteps("      - continue-on-error: true\n        run: |\n          codexlock verify --all\n          ./scripts/x.sh\n"),
	"a copy is verified":             inSteps("      - uses: actions/checkout@v4\n        with: {ref: other, path: copy}\n      - run: cd copy && codexlock verify --all\n" + useStep),
	"a copy is verified, by dir":     inSteps("      - uses: actions/checkout@v4\n        with: {path: copy}\n      - run: codexlock verify --all\n        working-directory: copy\n" + useStep),
	"a trap by a function":           inSteps("      - run: |\n          soft() { echo; exit 0; }\n          trap soft ERR\n          codexlock verify --all\n" + useStep),
	"code is sourced":                inRun("source ./env.sh\ncodexlock verify --all\n./scripts/x.sh"),
	"code is sourced by .":           inRun(". venv/bin/activate\ncodexlock verify --all\n./scripts/x.sh"),
	"code is evaluated":              inRun("eval \"$(cat env)\"\ncodexlock verify --all\n./scripts/x.sh"),
	"PATH of a loop":                 inRun("for PATH in ./bin; do codexlock verify --all; done\n./scripts/x.sh"),
	"PATH is read":                   inRun("read -r PATH < path\ncodexlock verify --all\n./scripts/x.sh"),
	"GITHUB_ENV by printf":           inSteps("      - run: printf '%s=%s\\n' PATH ./bin >> \"$GITHUB_ENV\"\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV by cp":               inSteps("      - run: cp ci.env \"$GITHUB_ENV\"\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV by a variable":       inSteps("      - run: |\n          out=$GITHUB_ENV\n          echo BASH_ENV=x >> $out\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV by exec":             inSteps("      - run: |\n          exec >> $GITHUB_ENV\n          echo BASH_ENV=x\n      - run: codexlock verify --all\n" + useStep),
	"python -c":                      inRun("codexlock verify --all\npython -c \"open('scripts/x.sh', 'w')\"\n./scripts/x.sh"),
	"python in a step":               inSteps("      - run: codexlock verify --all\n      - shell: python\n        run: open('scripts/x.sh', 'w').write('x')\n" + useStep),
	"-o of any program":              inRun("codexlock verify --all\ngpg -d -o scripts/x.sh x.gpg\n./scripts/x.sh"),
	"--output= of any program":       inRun("codexlock verify --all\nbuild --output=scripts/x.sh\n./scripts/x.sh"),
	"a bind mount":                   inRun("codexlock verify --all\nsudo mount --bind /tmp/x scripts/x.sh\n./scripts/x.sh"),
	"ln -sf":                         inRun("codexlock verify --all\nln -sf /tmp/x scripts/x.sh\n./scripts/x.sh"),
	"runs-on is not known":           strings.Replace(inRun("codexlock verify --all\n./scripts/x.sh"), "ubuntu-latest", "${{ inputs.os }}", 1),
	"GITHUB_PATH by PowerShell":      inSteps("      - shell: pwsh\n        run: |\n          Add-Content $env:GITHUB_PATH \"$pwd/bin\"\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV by PowerShell":       inSteps("      - shell: pwsh\n        run: echo CODEXLOCK_CONFIG=x | Out-File $env:GITHUB_ENV -Append\n      - run: codexlock verify --all\n" + useStep),
	"GITHUB_ENV by Python":           inSteps("      - shell: python\n        run: |\n          open(os.environ['GITHUB_ENV'], 'a').write('BASH_ENV=soft.sh')\n      - run: codexlock verify --all\n" + useStep),
	"exportVariable":                 inSteps("      - uses: actions/github-script@v7\n        with:\n          script: core.exportVariable('PATH', './bin')\n      - run: codexlock verify --all\n" + useStep),
	"addPath":                        inSteps("      - uses: actions/github-script@v7\n        with:\n          script: core.addPath('./bin')\n      - run: codexlock verify --all\n" + useStep),
	"a checkout between":             inSteps("      - run: codexlock verify --all\n      - uses: actions/checkout@v4\n        with: {ref: other}\n" + useStep),
	"an artifact between":            inSteps("      - run: codexlock verify --all\n      - uses: actions/download-artifact@v4\n" + useStep),
	"an artifact into scripts":       inSteps("      - run: codexlock verify --all\n      - uses: actions/download-artifact@v4\n        with: {path: scripts}\n" + useStep),
	"a cache between":                inSteps("      - run: codexlock verify --all\n      - uses: actions/cache@v4\n        with: {path: scripts, key: k}\n" + useStep),
	"git pull":                       inRun("codexlock verify --all\ngit pull\n./scripts/x.sh"),
	"git checkout":                   inRun("codexlock verify --all\ngit checkout \"$BRANCH\"\n./scripts/x.sh"),
	"git -C":                         inRun("codexlock verify --all\ngit -C . reset --hard origin/x\n./scripts/x.sh"),
	"git submodule":                  inRun("codexlock verify --all\ngit submodule update --init\n./scripts/x.sh"),
	"git checkout in the background": inRun("(sleep 5; git checkout other) &\ncodexlock verify --all\n./scripts/x.sh"),
	"git checkout in a function":     inRun("get() { git checkout \"$1\"; }\ncodexlock verify --all\nget other\n./scripts/x.sh"),
	"curl -o":                        inRun("codexlock verify --all\ncurl -so scripts/x.sh https://example.com\n./scripts/x.sh"),
	"curl >":                         inRun("codexlock verify --all\ncurl -s https://example.com > scripts/x.sh\n./scripts/x.sh"),
	"wget":                           inRun("codexlock verify --all\nwget -O \"$F\" https://example.com\n./scripts/x.sh"),
	"tar":                            inRun("codexlock verify --all\ntar xzf /tmp/x.tgz\n./scripts/x.sh"),
	"tar -C":                         inRun("codexlock verify --all\ntar -xzf /tmp/x.tgz -C scripts\n./scripts/x.sh"),
	"unzip":                          inRun("codexlock verify --all\nunzip -o /tmp/x.zip\n./scripts/x.sh"),
	"cp over it":                     inRun("codexlock verify --all\ncp /tmp/x scripts/x.sh\n./scripts/x.sh"),
	"cp into its folder":             inRun("codexlock verify --all\ncp -r /tmp/new/. scripts\n./scripts/x.sh"),
	"mv over it":                     inRun("codexlock verify --all\nmv -f other/x.sh scripts/\n./scripts/x.sh"),
	"sed -i":                         inRun("codexlock verify --all\nsed -i s/a/b/ scripts/x.sh\n./scripts/x.sh"),
	"tee":                            inRun("codexlock verify --all\necho evil | tee -a scripts/x.sh\n./scripts/x.sh"),
	"code from elsewhere":            inRun("codexlock verify --all\ncurl -s https://example.com | bash\n./scripts/x.sh"),
	"a pipe with a change":           inSteps("      - shell: bash\n        run: |\n          git pull | codexlock verify --all\n          ./scripts/x.sh\n"),
	"another job":                    "jobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: codexlock/codexlock@v1\n  b:\n    needs: a\n    runs-on: x\n    steps:\n      - run: ./scripts/x.sh\n",
	"an action of its name":          inSteps("      - uses: evil/codexlock@v1\n" + useStep),
	"a local action":                 inSteps("      - uses: ./codexlock\n" + useStep),
	"the action, config":             inSteps("      - uses: codexlock/codexlock@v1\n        with: {config: soft.yaml}\n" + useStep),
	"the action, policies":           inSteps("      - uses: codexlock/codexlock@v1\n        with: {policies: soft}\n" + useStep),
	"the action, minimum-level":      inSteps("      - uses: codexlock/codexlock@v1\n        with: {minimum-level: tier-1}\n" + useStep),
	"the action, another folder":     inSteps("      - uses: codexlock/codexlock@v1\n        with: {working-directory: other}\n" + useStep),
	"the action, INPUT_":             inSteps("      - uses: codexlock/codexlock@v1\n        env: {INPUT_CONFIG: soft.yaml}\n" + useStep),
	"the standard's script, || true": inRun("./ingest_archive.test.sh --verify-all || true\n./scripts/x.sh"),
	"the standard's script, another": inRun("other/ingest_archive.test.sh --verify-all\n./scripts/x.sh"),
	"the standard's script, help":    inRun("./ingest_archive.test.sh --verify-all --help\n./scripts/x.sh"),
	"pwsh, and more":                 inSteps("      - shell: pwsh\n        run: |\n          codexlock verify --all\n          ./scripts/x.sh\n"),
	"Windows":                        strings.Replace(inSteps("      - run: |\n          codexlock verify --all\n          ./scripts/x.sh\n"), "ubuntu", "windows", 1),
	"Windows in the matrix":          strings.Replace(inSteps("      - run: |\n          codexlock verify --all\n          ./scripts/x.sh\n"), "ubuntu-latest\n", "${{ matrix.os }}\n    strategy:\n      matrix:\n        os: [ubuntu-latest, windows-latest]\n", 1),
	"a shell that is not known":      inSteps("      - shell: wrapper bash -e {0}\n        run: codexlock verify --all\n" + useStep),
	"a shell of an expression":       inSteps("      - shell: ${{ inputs.shell }}\n        run: codexlock verify --all\n" + useStep),
	"the default shell":              "defaults: {run: {shell: 'bash {0}'}}\n" + inRun("codexlock verify --all\n./scripts/x.sh"),
	"exit 0 before it":               inSteps("      - run: |\n          if [ -z \"$X\" ]; then exit 0; fi\n          codexlock verify --all\n" + useStep),
	"code that may leave":            inSteps("      - run: |\n          source ./env.sh\n          codexlock verify --all\n" + useStep),
	"eval of exit":                   inSteps("      - run: |\n          eval 'exit 0'\n          codexlock verify --all\n" + useStep),
	"return of a function":           inRun("check() { return 0; codexlock verify --all; }\ncheck\n./scripts/x.sh"),
	"a function that forgives":       inRun("check() { codexlock verify --all || return 0; }\ncheck\n./scripts/x.sh"),
	"xargs":                          inRun("echo --all | xargs codexlock verify\n./scripts/x.sh"),
	"find -exec":                     inRun("find . -name x -exec codexlock verify --all \\;\n./scripts/x.sh"),
	"in a container":                 inRun("docker run -v $PWD:/w -w /w image codexlock verify --all\n./scripts/x.sh"),
	"on another machine":             inRun("ssh host codexlock verify --all\n./scripts/x.sh"),
	"a fake program is installed":    inSteps("      - run: sudo cp tools/codexlock /usr/local/bin/codexlock\n      - run: codexlock verify --all\n" + useStep),
	"a fake program is written":      inSteps("      - run: printf '#!/bin/sh' | sudo tee /usr/local/bin/codexlock\n      - run: codexlock verify --all\n" + useStep),
	"a fake program by >":            inSteps("      - run: echo > /usr/local/bin/codexlock\n      - run: codexlock verify --all\n" + useStep),
	"a fake program by ln":           inSteps("      - run: ln -s $PWD/fake /usr/local/bin/codexlock\n      - run: codexlock verify --all\n" + useStep),
	"a list that goes on":            inRun("codexlock verify --all || echo soft && ./scripts/x.sh"),
	"subshell in a condition":        inRun("(codexlock verify --all; true) || exit 1\n./scripts/x.sh"),
	"block in a condition":           inRun("{ codexlock verify --all; echo done; } || exit 1\n./scripts/x.sh"),
	"function in a condition":        inRun("check() { codexlock verify --all; echo done; }\ncheck || exit 1\n./scripts/x.sh"),
	"bash -c that goes on":           inRun("bash -c 'codexlock verify --all; true'\n./scripts/x.sh"),
	"time of another":                inRun("command -v codexlock verify --all\n./scripts/x.sh"),
	"hash -p":                        inRun("hash -p $PWD/fake codexlock\ncodexlock verify --all\n./scripts/x.sh"),
	"git with another folder":        inSteps("      - run: codexlock verify --all\n        env: {GIT_DIR: /tmp/x}\n" + useStep),
	"comment":                        inRun("# codexlock verify --all\n./scripts/x.sh"),
	"text":                           inRun("echo codexlock verify --all\n./scripts/x.sh"),
	"heredoc":                        inRun("cat <<EOF\ncodexlock verify --all\nEOF\n./scripts/x.sh"),
	"a step that is not parsed":      inSteps("      - run: |\n          codexlock verify --all\n          if then\n" + useStep),
}

// TestVerifiedEarlier: what stops the use counts, and what does not, does not.
func TestVerifiedEarlier(t *testing.T) {
	for name, text := range honest {
		if got := verifiedOf(t, text, nil); got != facts.VerificationEarlier {
			t.Errorf("%s: %s, want earlier:\n%s", name, got, text)
		}
	}
	for name, text := range softened {
		if got := verifiedOf(t, text, nil); got != facts.VerificationNone {
			t.Errorf("%s: %s, want none:\n%s", name, got, text)
		}
	}
	if len(honest) < 40 || len(softened) < 100 {
		t.Errorf("%d honest jobs and %d softened ones", len(honest), len(softened))
	}
}
