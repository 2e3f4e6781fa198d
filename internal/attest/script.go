package attest

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
)

// scriptTemplate is X.test. Its @NAMES@ stand in single-quoted strings, or where
// only the name of an environment variable can stand.
//
//go:embed template.test.sh
var scriptTemplate string

// ours is the line by which a test that attest wrote is known again.
const ours = "# Written by codexlock attest, and written again by it: keep changes in a file of your own."

func isOurs(data []byte) bool { return bytes.Contains(data, []byte("\n"+ours+"\n")) }

// A script is what differs between two X.test.
type script struct {
	at, artifact, manifest, record artifact.Path
	keyEnv                         string
}

// render fills the template in. A path may hold any printable character, so each
// goes in as one single-quoted word; the texts searched for are whole lines of the
// canonical JSON.
func render(s script) ([]byte, error) {
	entry := ledger.Ledger{Artifacts: []ledger.Entry{{Path: s.artifact.String()}}}
	var line string
	for l := range strings.Lines(string(entry.Encode())) {
		if strings.HasPrefix(l, `      "path": `) {
			line = strings.TrimSuffix(l, "\n")
		}
	}
	written := strings.TrimSuffix(strings.TrimPrefix(line, `      "path": `), ",")
	if written == "" {
		return nil, fmt.Errorf("write %s: the ledger's form has no path line", s.at)
	}
	text := strings.NewReplacer(
		"'@ROOT@'", quote(strings.Repeat("../", strings.Count(s.at.String(), "/"))+"."),
		"'@ARTIFACT@'", quote(s.artifact.String()),
		"'@MANIFEST@'", quote(s.manifest.String()),
		"'@RECORD@'", quote(s.record.String()),
		"'@LEDGER@'", quote(ledger.Path.String()),
		"'@WRITTEN@'", quote(written),
		"@KEY_ENV@", s.keyEnv,
		"@OURS@", ours,
	).Replace(scriptTemplate)
	return []byte(text), nil
}

// quote makes one word of s for any shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
