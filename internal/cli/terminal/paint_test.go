package terminal

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/host"
)

// TestColors: which variables decide, for a stream that is no terminal.
func TestColors(t *testing.T) {
	for env, want := range map[string]bool{
		"": false, "FORCE_COLOR=1": true, "FORCE_COLOR=0": false, "FORCE_COLOR=": false, "CLICOLOR_FORCE=1": true, "CLICOLOR_FORCE=0": false,
		"NO_COLOR=1 FORCE_COLOR=1": false, "NO_COLOR= FORCE_COLOR=1": true, "FORCE_COLOR=1 TERM=dumb": true, "CLICOLOR=1": false,
	} {
		w := host.World{Env: func(name string) (string, bool) {
			for _, pair := range strings.Fields(env) {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value, true
				}
			}
			return "", false
		}}
		if got, columns := w.Terminal(&bytes.Buffer{}); got != want || columns != 0 {
			t.Errorf("%q: colours %t and %d columns, want %t and 0", env, got, columns, want)
		}
	}
}

func TestPainter(t *testing.T) {
	var out bytes.Buffer
	p := &painter{out: &out, color: true, columns: 40}
	for _, part := range []string{
		"[✓] a.bin ver", "ified\n[✗] a.bin: one two three four five six seven\n",
		"      hint: a command that is longer than the width of it\n", "{\"json\": \"[✓] is long, and it stays as it is written\"}\n",
		"\x1b[31m[✗]\x1b[0m has colours already\n", "[\x1b[31m✗\x1b[0m] a.bin: a report has coloured its mark already\n",
		"      \x1b[2mhint: one two three four five six seven eight\x1b[0m\n", "codexlock: warning: x\n", "  [!] indented\n", "rest",
	} {
		if n, err := p.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	want := green + "[✓]" + plain + " a.bin verified\n" +
		red + "[✗]" + plain + " a.bin: one two three four five six\n      seven\n" +
		"      " + dim + "hint:" + plain + " a command that is longer than the width of it\n" +
		"{\"json\": \"[✓] is long, and it stays as it is written\"}\n" +
		"\x1b[31m[✗]\x1b[0m has colours already\n" +
		"[\x1b[31m✗\x1b[0m] a.bin: a report has coloured its\n      mark already\n" +
		"      \x1b[2mhint: one two three four five six seven eight\x1b[0m\n" +
		yellow + "codexlock: warning:" + plain + " x\n" +
		"  " + yellow + "[!]" + plain + " indented\n"
	if out.String() != want || string(p.line) != "rest" {
		t.Errorf("got\n%q\nwant\n%q\nand %q is left", &out, want, p.line)
	}
}

// TestWrapKeepsWords: nothing but spaces becomes a line break.
func TestWrapKeepsWords(t *testing.T) {
	text := " the quick brown fox jumps over a word-that-is-longer-than-the-whole-width-of-it and more"
	for columns := range 120 {
		got := wrap(text, 3, 6, columns)
		if strings.Join(strings.Fields(got), " ") != strings.TrimSpace(text) {
			t.Errorf("%d columns: %q", columns, got)
		}
	}
}

// TestWrapIsNarrow: whatever the width, no line is longer than it unless a word is.
func TestWrapIsNarrow(t *testing.T) {
	text := " all artifacts are trusted, and the first of them expires in 23 h 35 min from now"
	for columns := leastColumns; columns < 120; columns++ {
		for i, line := range strings.Split("[✓]"+wrap(text, 3, 6, columns), "\n") {
			if n := utf8.RuneCountInString(line); n > columns {
				t.Errorf("%d columns: line %d has %d: %q", columns, i+1, n, line)
			}
		}
	}
}
