package artifacttest

import (
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// TestDelegates: the script of the repository's root, with the artifact's path, from
// whatever folder the test is started in.
func TestDelegates(t *testing.T) {
	const at, p = artifact.Path("assets/sources/x.test"), artifact.Path("assets/sources/x")
	for text, want := range map[string]bool{
		`"$(dirname -- "$0")"/'../../.'/ingest_archive.test.sh --verify 'assets/sources/x'`:                            true,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify "assets/sources/x"`:                                   true,
		`exec "$(dirname "${BASH_SOURCE[0]}")/../../ingest_archive.test.sh" --verify ./assets/sources/x`:               true,
		"cd \"$(dirname \"$0\")/../..\"\nexec ./ingest_archive.test.sh --verify assets/sources/x":                      true,
		"cd -- \"$(dirname -- \"$0\")\"\n../../ingest_archive.test.sh --verify assets/sources/x":                       true,
		"cd \"$(dirname \"$0\")\"\ncd ../..\n./ingest_archive.test.sh --verify assets/sources/x":                       true,
		"here=$(dirname -- \"$0\")\nCDPATH='' cd -- \"$here\"\n../../ingest_archive.test.sh --verify assets/sources/x": true,
		"root=$(cd \"$(dirname \"$0\")/../..\" && pwd)\n\"$root/ingest_archive.test.sh\" --verify assets/sources/x":    true,
		"echo ready\n" + `A=b "$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x >/dev/null`:     true,

		// Another script: in another folder, in one that is not known, with a longer name
		`"$(dirname "$0")/ingest_archive.test.sh" --verify assets/sources/x`:                                       false,
		`"$(dirname "$0")/../ingest_archive.test.sh" --verify assets/sources/x`:                                    false,
		`"$(dirname "$0")/../../../ingest_archive.test.sh" --verify assets/sources/x`:                              false,
		`"$(dirname "$0")/../../tools/ingest_archive.test.sh" --verify assets/sources/x`:                           false,
		`"$(dirname "$0")../../ingest_archive.test.sh" --verify assets/sources/x`:                                  false,
		`"$(dirname "$0")/../../my-ingest_archive.test.sh" --verify assets/sources/x`:                              false,
		`"$(dirname "$0")/../../ingest_archive.test.sh.old" --verify assets/sources/x`:                             false,
		`"$(dirname "$1")/../../ingest_archive.test.sh" --verify assets/sources/x`:                                 false,
		`"$(dirname "$0" x)/../../ingest_archive.test.sh" --verify assets/sources/x`:                               false,
		`/ingest_archive.test.sh --verify assets/sources/x`:                                                        false,
		`./ingest_archive.test.sh --verify assets/sources/x`:                                                       false,
		`ingest_archive.test.sh --verify assets/sources/x`:                                                         false,
		"cd \"$(dirname \"$0\")/../..\"\ningest_archive.test.sh --verify assets/sources/x":                         false,
		"cd \"$(dirname \"$0\")/../..\"\ncd \"$OTHER\"\n./ingest_archive.test.sh --verify assets/sources/x":        false,
		"cd /tmp\n./ingest_archive.test.sh --verify assets/sources/x":                                              false,
		"root=$OTHER\n\"$root/ingest_archive.test.sh\" --verify assets/sources/x":                                  false,
		"root=$(dirname \"$0\")/../..\nroot=/tmp$root\n\"$root/ingest_archive.test.sh\" --verify assets/sources/x": false,

		// Another artifact, another command of the script
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/y`:        false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x2`:       false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify "assets/sources/x$1"`:    false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify "$1"`:                    false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify`:                         false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --help assets/sources/x`:          false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x --help`: false,
		`echo "$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x`:   false,

		// A call that does not run, or whose result does not count
		`# "$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x`:                  false,
		"exit 0\n" + `"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x`:       false,
		"exec true\n" + `"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x`:    false,
		`! "$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x`:                  false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x &`:                  false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x || true`:            false,
		`"$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x | cat`:              false,
		`f() { "$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x; }`:           false,
		`if false; then "$(dirname "$0")/../../ingest_archive.test.sh" --verify assets/sources/x; fi`: false,
		"": false,
	} {
		if got := Delegates([]byte("#!/usr/bin/env bash\nset -euo pipefail\n"+text+"\n"), at, p); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for _, test := range testsOf() {
		test.Form = Short
		if test.Artifact != "" && !Delegates(test.Render(), test.At, test.Artifact) {
			t.Errorf("a short test of %q is not known to call the script", test.Artifact)
		}
	}
}
