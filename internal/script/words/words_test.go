package words_test

import (
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/words"
)

// word is the only argument of a call of echo.
func word(t *testing.T, text string) *syntax.Word {
	t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader("echo "+text), "")
	if err != nil {
		t.Fatal(err)
	}
	return file.Stmts[0].Cmd.(*syntax.CallExpr).Args[1]
}

// TestWhatIsKnownOfAWord: quotes and backslashes are taken away as Bash takes them away, and
// a parameter is a hole unless its value is known.
func TestWhatIsKnownOfAWord(t *testing.T) {
	known := func(p *syntax.ParamExp, quoted bool) (string, bool) { return "v", p.Param.Value == "x" && quoted }
	for text, want := range map[string]string{
		`a`: "a", `'a b'`: "a b", `"a\$b\c"`: `a$b\c`, `a\ b`: "a b", `$'a\tb'`: "a\tb",
		`"$x"`: "v", `$x`: words.Hole, `"a$y"b`: "a" + words.Hole + "b", `a$(b)`: "a" + words.Hole,
	} {
		if got := words.Text(word(t, text).Parts, known); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	if text, whole := words.Literal(word(t, `a"b$x"c`)); text != "ab" || whole {
		t.Errorf("the literal is %q, whole %v, want ab up to the parameter", text, whole)
	}
	if text, whole := words.Literal(nil); text != "" || !whole {
		t.Errorf("no word is %q, whole %v", text, whole)
	}
}
