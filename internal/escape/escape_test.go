package escape

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"assets/sources/é 日本 👍 e\u0301": "assets/sources/é 日本 👍 e\u0301",
		"a\x1b[31mb":                    `a\u{001B}[31mb`,
		"a\r\nb":                        `a\u{000D}\u{000A}b`,
		"\u202egpj.exe":                 `\u{202E}gpj.exe`,
		"a\u00a0b":                      `a\u{00A0}b`,
		"\xff\xc3":                      `\xff\xc3`,
		"\ufffd":                        "\ufffd",
		"##[error]x":                    `#\u{0023}[error]x`,
		"# #1 ##":                       "# #1 ##",
		"\U000e0041":                    `\u{E0041}`,
		"::error::x":                    "::error::x",
	} {
		if got := Terminal(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
		if again := Terminal(want); again != want {
			t.Errorf("%q, which is safe, becomes %q", want, again)
		}
	}
}

func FuzzTerminal(f *testing.F) {
	for _, s := range []string{"", "##[a]", "\x1b[0m", "\xff", "\u202e", "##\u200b[", "a\r\nb", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Terminal(s)
		if Terminal(got) != got || !utf8.ValidString(got) || strings.Contains(got, "##[") || strings.ContainsAny(got, "\x1b\r\n\u2028\u202e\u200b") {
			t.Errorf("%q is %q", s, got)
		}
	})
}
