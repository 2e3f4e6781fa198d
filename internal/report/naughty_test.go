package report_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/report"
)

// listed is the number of strings in the Big List of Naughty Strings.
const listed = 515

// naughty is text that is more than text to a terminal, to the runner of an action, or to
// Markdown: our own, and the Big List of Naughty Strings.
var naughty = append(own, bigList()...)

func bigList() (list []string) {
	text, err := os.ReadFile("testdata/blns/blns.json")
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		panic(err)
	}
	return list
}

// TestEveryFormatIsInert: whatever a text from outside is, no format has a command of others,
// or something that does not show. The other tests hold each format to its own oracle.
func TestEveryFormatIsInert(t *testing.T) {
	if n := len(naughty) - len(own); n != listed {
		t.Fatalf("%d strings in testdata/blns, want %d", n, listed)
	}
	for _, format := range report.Formats() {
		for _, s := range naughty {
			text := write(t, format, from(s), report.Options{})
			if !utf8.ValidString(text) {
				t.Errorf("%s of %.100q is not UTF-8", format, s)
			}
			if found := runnerCommands(text); format != "github" && len(found) > 0 { // see checkLogs
				t.Errorf("%s of %.100q: the runner finds %+v", format, s, found)
			}
			switch format {
			case "html", "junit": // see checkPage and checkJUnit
			default:
				inert(t, format, text)
			}
		}
	}
}

var own = []string{
	"", " ", "\n", "\r", "\r\n", "\t", "\x00", "\x7f", "\u0085", "\u2028", "\u2029", "\v\f",
	"::error::x", "::error file=a::x", "\n::error::x", "\r::error::x", "\r\n::set-output name=a::b", "  ::error::x",
	"\u00a0::error::x", "\u3000::error::x", "\u2003::add-mask::x", "::stop-commands::x", "x\n\t::debug::y", "::", ":::", "::notice::",
	"##[error]x", "a ##[set-env name=PATH]y", "##[add-path]/tmp", "#[", "##", "###[error]x", "##\u200b[error]x", "##\u00ad[error]x",
	"##\ufe0f[error]x", "##\u034f[error]x", "##[command]rm -rf", "##[endgroup]", "[error]", "\u2028##[error]x",
	"%0A::error::x", "%25", "%", "a%3A%2C", "a,line=1", "a:b,title=c::d", "=", "file=x", ";]", "%3B%5D",
	"\x1b[31mred\x1b[0m", "\x1b]8;;https://example.com\x07link\x1b]8;;\x07", "\x9b31m", "\x1b[2K\x1b[1A", "\b\b\bok",
	"\u202etxt.exe", "\u2066a\u2069", "\u200e\u200f\u061c", "a\u200bb\u200c\u200d\ufeff", "\u3164\u115f\uffa0", "\U000e0041\U000e0001", "\u2800", "e\u0301",
	"\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\ufffd", "\ue000", "\U0010ffff",
	"`", "``", "```\ncode\n```", "`` ` ``", " ` ", "\\`", "`|`", "|", "a|b|c", "\\|", "\n|---|", "\\", "a\\",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- ", "-->", "<details>", "</code></td><b>", "&lt;b&gt;", "&#60;b&#62;", "&#x7c;",
	"@octocat", "@org/team", "#1", "GH-1", "https://example.com", "www.example.com", "<https://example.com>", "a@example.com",
	"[link](https://example.com)", "![image](https://example.com/x.png)", "[a]: https://example.com", "[x][a]", "[^1]", "[ ] task",
	"# heading", "- list", "> quote", "---", "***", "*bold*", "_em_", "~~strike~~", "$math$", ":smile:", "\n\n# heading", "    code",
	strings.Repeat("`", 5000), strings.Repeat("x", 5000), strings.Repeat("é", 5000), strings.Repeat("\u202e", 3000), strings.Repeat("`|", 4000),
}

// A runnerCommand is what a runner of GitHub Actions takes a line for.
type runnerCommand struct {
	name, data string
	properties map[string]string
}

// runnerLines are the lines that the runner sees in a log: it reads them with
// .NET's StreamReader.
func runnerLines(log string) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(log), "\n")
}

// runnerCommands is the runner's parser (actions/runner,
// src/Runner.Common/ActionCommand.cs), except that it takes every name for one
// that is registered, and that a rune which .NET's comparison ignores hides
// nothing from it.
func runnerCommands(log string) []runnerCommand {
	var found []runnerCommand
	for _, line := range runnerLines(log) {
		line = strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || unicode.Is(unicode.Cc, r) && !unicode.IsSpace(r) {
				return -1
			}
			return r
		}, line)
		if c, ok := second(line); ok {
			found = append(found, c)
		} else if c, ok := first(line); ok {
			found = append(found, c)
		}
	}
	return found
}

// second is TryParseV2: ::name key=value,key=value::data at a line's start.
func second(line string) (runnerCommand, bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::")
	if !ok {
		return runnerCommand{}, false
	}
	info, data, ok := strings.Cut(rest, "::")
	if !ok {
		return runnerCommand{}, false
	}
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	c := parts(info, ",", unescape)
	c.data = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(data)
	return c, true
}

// first is TryParse: ##[name key=value;key=value]data anywhere in a line.
func first(line string) (runnerCommand, bool) {
	_, rest, ok := strings.Cut(line, "##[")
	if !ok {
		return runnerCommand{}, false
	}
	info, data, ok := strings.Cut(rest, "]")
	if !ok {
		return runnerCommand{}, false
	}
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3B", ";", "%5D", "]", "%25", "%")
	c := parts(info, ";", unescape)
	c.data = unescape.Replace(data)
	return c, true
}

func parts(info, separator string, unescape *strings.Replacer) runnerCommand {
	name, list, _ := strings.Cut(info, " ")
	c := runnerCommand{name: name, properties: map[string]string{}}
	for pair := range strings.SplitSeq(strings.TrimSpace(list), separator) {
		if key, value, ok := strings.Cut(pair, "="); ok {
			c.properties[key] = unescape.Replace(value)
		}
	}
	return c
}
