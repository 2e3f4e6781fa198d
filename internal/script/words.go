package script

import (
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/words"
)

// maxWords bounds how many words the braces of one word make.
const maxWords = 64

// words are the arguments that the words of a call become: braces are expanded, and variables that
// have one known value.
func (w *walker) words(call []*syntax.Word) []words.Argument {
	var args []words.Argument
	for _, word := range call {
		if list, ok := w.array(word); ok {
			args = append(args, list...)
			continue
		}
		split := *word
		if !syntax.SplitBraces(&split) {
			args = append(args, w.fields(word, word)...)
			continue
		}
		n := 0
		for one, err := range expand.BracesSeq(nil, &split) {
			if n++; err != nil || n > maxWords {
				args = append(args, words.Argument{Word: word, Code: words.Hole})
				break
			}
			args = append(args, w.fields(one, word)...)
		}
	}
	return args
}

// fields are the arguments that one word becomes: more than one where a variable
// that is not quoted holds more.
func (w *walker) fields(word, at *syntax.Word) []words.Argument {
	if name := words.Parameter(word.Parts); name != nil && len(word.Parts) == 1 {
		if text, ok := w.constant(name); ok && !w.splits() {
			var args []words.Argument
			for _, field := range strings.Fields(text) {
				args = append(args, words.Argument{Word: at, Code: field})
			}
			return args
		}
	}
	return []words.Argument{{Word: at, Code: w.textOf(word)}}
}

// textOf is a word with a hole for each part that is not known.
func (w *walker) textOf(word *syntax.Word) string {
	if word == nil {
		return ""
	}
	return words.Text(word.Parts, w.value)
}

// value is the text of a parameter, where it is certain.
func (w *walker) value(p *syntax.ParamExp, quoted bool) (text string, ok bool) {
	if text, ok := w.constant(p); ok && (quoted || !w.splits() && !strings.ContainsAny(text, " \t\n")) {
		return text, true
	}
	return "~", w.isHome(p)
}

// isHome reports whether a parameter is the home directory of whoever runs the script.
func (w *walker) isHome(p *syntax.ParamExp) bool {
	return w.vars != nil && p.Param != nil && p.Param.Value == "HOME" && p.Index == nil && words.IsPlain(p) && len(w.vars.writes["HOME"]) == 0
}

// splits reports whether words are split elsewhere than at blanks.
func (w *walker) splits() bool { return len(w.vars.writes["IFS"]) > 0 }
