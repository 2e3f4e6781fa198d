package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "` `",
		"plain":                 "` plain `",
		"a`b":                   "`` a`b ``",
		"a``b`":                 "``` a``b` ```",
		"a|b\nc":                "` a\\u{007C}b\\u{000A}c `",
		"@a <b> ":               "` @a <b>  `",
		strings.Repeat("`", 17): "` " + strings.Repeat(`\u{0060}`, 17) + " `",
	} {
		if got := Code(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	const mark = " … (cut)"
	for _, s := range []string{"", "a", strings.Repeat("a", 40), strings.Repeat("é", 40), strings.Repeat("日", 40), strings.Repeat("👍", 40), "a" + strings.Repeat("👍", 40)} {
		for limit := range 200 {
			got := clip(s, limit)
			cut, isCut := strings.CutSuffix(got, mark)
			switch {
			case !utf8.ValidString(got):
				t.Errorf("clip(%q, %d) = %q splits a rune", s, limit, got)
			case len(got) > limit:
				t.Errorf("clip(%q, %d) = %q has %d bytes", s, limit, got, len(got))
			case len(s) <= limit && got != s:
				t.Errorf("clip(%q, %d) = %q, want all of it", s, limit, got)
			case len(s) > limit && limit >= len(mark) && (!isCut || !strings.HasPrefix(s, cut) || len(got) < limit-3):
				t.Errorf("clip(%q, %d) = %q, want the most that fits, and that it is cut", s, limit, got)
			}
		}
	}
}

func FuzzCode(f *testing.F) {
	for _, s := range []string{"", "a|b", "`", "\x1b[0m", "\xff", "\u202e", "a\r\nb", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c := Code(s); strings.ContainsAny(c, "|\n") {
			t.Errorf("%q is %q as code", s, c)
		}
	})
}
