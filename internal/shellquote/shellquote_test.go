package shellquote_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/shellquote"
)

// words are given to a shell, which has to print each as it is.
var words = []string{
	"", "a", "assets/sources/model.bin", "a b", "it's", "''", `\`, `a\`, "$HOME", "`id`", "$(id)", "*", "?", "[a]", "{a,b}", "~", "#a", "a#",
	"!a", "a;b", "a&b", "a|b", "<a", ">a", "a\nb", "\t", `"`, "-n", "--help", "a=b", "ünï/çödé", "日本", "\x7f", "a\\\nb",
}

func TestAShellReadsThemBack(t *testing.T) {
	for name, quote := range map[string]func(string) string{"Word": shellquote.Word, "Quoted": shellquote.Quoted} {
		for _, word := range words {
			out, err := exec.Command("sh", "-c", "printf %s "+quote(word)).CombinedOutput()
			if strings.HasPrefix(word, "-") {
				out, err = exec.Command("sh", "-c", "printf %s -- "+quote(word)).CombinedOutput()
				out = []byte(strings.TrimPrefix(string(out), "--"))
			}
			if err != nil || string(out) != word {
				t.Errorf("%s(%q) is %s: a shell reads %q, %v", name, word, quote(word), out, err)
			}
		}
	}
}

func TestWhatNeedsNoQuotesHasNone(t *testing.T) {
	for word, want := range map[string]string{
		"": "''", "assets/sources/model-1.bin": "assets/sources/model-1.bin", "a@b%c+d=e:f,g_h": "a@b%c+d=e:f,g_h",
		"a b": "'a b'", "it's": `'it'\''s'`, "ünï": "'ünï'",
	} {
		if got := shellquote.Word(word); got != want {
			t.Errorf("Word(%q) is %s, want %s", word, got, want)
		}
	}
	for path, want := range map[string]string{
		"-n": "./-n", "-a b": "'./-a b'", "a-": "a-",
		"assets/a-1.bin": "assets/a-1.bin", "a b": "'a b'", "-rf": "./-rf", "a'b": `'a'\''b'`, "$(x)": "'$(x)'", "é": "'é'", "": "''", "a\nb": "'a\nb'", "~": "'~'",
	} {
		if got := shellquote.Path(path); got != want {
			t.Errorf("Path(%q) is %s, want %s", path, got, want)
		}
	}
}
