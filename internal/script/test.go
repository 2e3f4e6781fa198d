package script

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
)

// testTemplate is X.test. Its @NAMES@ stand in single-quoted strings, or where
// only the name of an environment variable can stand.
//
//go:embed template.test.sh
var testTemplate string

// firstTemplate is the one of the releases before HMACs were computed without openssl.
// A test of it is attest's own still, and attest replaces it.
//
//go:embed template.1.test.sh
var firstTemplate string

// ours is the line by which a test that attest wrote is known again.
const ours = "# Written by codexlock attest, and written again by it: keep changes in a file of your own."

// IsOurs reports whether a test was written by attest, which may write it again.
func IsOurs(data []byte) bool { return bytes.Contains(data, []byte("\n"+ours+"\n")) }

// A Test is what differs between two X.test.
type Test struct {
	At, Artifact, Manifest, Record artifact.Path
	KeyEnv                         string // the environment variable that the domain's key is in
}

// Render fills the template in. A path may hold any printable character, so each
// goes in as one single-quoted word; the texts searched for are whole lines of the
// canonical JSON.
func (t Test) Render() ([]byte, error) { return t.render(testTemplate) }

// Wrote reports whether a text is, byte for byte, what attest writes for t, or what an
// earlier release wrote. It takes the name of the key's variable from the text.
func (t Test) Wrote(text []byte) (bool, error) {
	if !IsOurs(text) {
		return false, nil
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "key=${"); ok {
			t.KeyEnv, _, _ = strings.Cut(rest, "-}")
		}
	}
	if !isVariable(t.KeyEnv) {
		return false, nil
	}
	for _, template := range []string{testTemplate, firstTemplate} {
		want, err := t.render(template)
		if err != nil || bytes.Equal(want, text) {
			return err == nil, err
		}
	}
	return false, nil
}

// isVariable reports whether a text can only be a variable's name.
func isVariable(name string) bool {
	for _, r := range name {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

func (t Test) render(template string) ([]byte, error) {
	entry := ledger.Ledger{Artifacts: []ledger.Entry{{Path: t.Artifact.String()}}}
	var line string
	for l := range strings.Lines(string(entry.Encode())) {
		if strings.HasPrefix(l, `      "path": `) {
			line = strings.TrimSuffix(l, "\n")
		}
	}
	written := strings.TrimSuffix(strings.TrimPrefix(line, `      "path": `), ",")
	if written == "" {
		return nil, fmt.Errorf("write %s: the ledger's form has no path line", t.At)
	}
	text := strings.NewReplacer(
		"'@ROOT@'", quote(strings.Repeat("../", strings.Count(t.At.String(), "/"))+"."),
		"'@ARTIFACT@'", quote(t.Artifact.String()),
		"'@MANIFEST@'", quote(t.Manifest.String()),
		"'@RECORD@'", quote(t.Record.String()),
		"'@LEDGER@'", quote(ledger.Path.String()),
		"'@WRITTEN@'", quote(written),
		"@KEY_ENV@", t.KeyEnv,
		"@OURS@", ours,
	).Replace(template)
	return []byte(text), nil
}

// quote makes one word of s for any shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Ours are the facts of every test that attest writes: what differs between two
// of them stands in quotes. This package's tests show that they are the same for
// whatever path, and that ShellCheck passes them.
var Ours = sync.OnceValues(func() (Facts, error) {
	text, err := Test{At: "x.test", Artifact: "x", Manifest: "x.manifest.json", Record: "x.vaulttime.json", KeyEnv: "VAULTTIME_KEY"}.Render()
	if err != nil {
		return Facts{}, err
	}
	f := Parse(text)
	f.ShellCheck.State = "ours"
	return f, nil
})
