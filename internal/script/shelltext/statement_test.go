package shelltext_test

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/script/shelltext"
)

const sent = `#!/usr/bin/env bash
set -euo pipefail
url=https://mirror.example
say() {
  echo hello
}
fetch() {
  curl "$url"
}
say
fetch
curl https://fixed.example
printf x | curl -d @- https://piped.example
for u in https://a.example; do curl "$u"; done
while read -r r; do curl "$r"; done < list
cat <<EOF | curl -d @- https://doc.example
body
EOF
# the end
`

// edited replaces one text and reports whether the statement at a place is another.
func edited(t *testing.T, text, place, from, to string) bool {
	t.Helper()
	if !strings.Contains(text, from) || !strings.Contains(text, place) {
		t.Fatalf("no %q or %q in the script", from, place)
	}
	changed := strings.Replace(text, from, to, 1)
	at := func(s string) string {
		i := strings.Index(s, place)
		if i < 0 { // it is what was edited
			return ""
		}
		start := strings.LastIndexByte(s[:i], '\n') + 1
		return string(shelltext.Statement([]byte(s), strings.Count(s[:i], "\n")+1, i-start+1))
	}
	return at(text) != at(changed)
}

// A statement is another one where it, or what decides what it does, changes, and
// the same where anything else does.
func TestStatementsChangeWithWhatDecidesThem(t *testing.T) {
	for _, tt := range []struct {
		name, place, from, to string
		want                  bool
	}{
		{"another line", "curl https://fixed", "echo hello", "echo bye", false},
		{"moved", "curl https://fixed", "# the end\n", "# the end\n# more\n", false},
		{"moved down", "curl https://fixed", "set -euo", "\n\nset -euo", false},
		{"itself", "curl https://fixed", "fixed.example", "evil.example", true},
		{"itself, with more", "curl https://fixed", "curl https://fixed", `curl -d "$VAULTTIME_KEY" https://fixed`, true},
		{"its variable", `curl "$url"`, "url=https://mirror", "url=https://evil", true},
		{"its variable, read", `curl "$url"`, "say\nfetch", "say\nread -r url < other\nfetch", true},
		{"who calls its function", `curl "$url"`, "say\nfetch", "say\necho | fetch", true},
		{"an unrelated function", `curl "$url"`, "echo hello", "echo bye", false},
		{"what is piped into it", "curl -d @- https://piped", "printf x", `printf "$VAULTTIME_KEY"`, true},
		{"its loop", `curl "$u"`, "https://a.example", "https://evil.example", true},
		{"its loop's input", `curl "$r"`, "< list", "< other", true},
		{"its here-document", "curl -d @- https://doc", "body", "$VAULTTIME_KEY", true},
		{"eval elsewhere", "curl https://fixed", "echo hello", "eval x", true},
		{"a function of its command's name", "curl https://fixed", "say() {", "curl() { :; }\nsay() {", true},
		{"a comment", "# the end", "# the end", "# the END", true},
		{"does not parse any more", "curl https://fixed", "echo hello", "if then", true},
	} {
		if got := edited(t, sent, tt.place, tt.from, tt.to); got != tt.want {
			t.Errorf("%s: it is another statement: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := string(shelltext.Statement([]byte(sent), 12, 1)); got != "curl https://fixed.example" {
		t.Errorf("a statement that names nothing is %q", got)
	}
	alone := "curl https://a.example\nhello() { echo x; }\n"
	if !edited(t, alone, "https://a.example", "hello()", "curl()") {
		t.Error("a function now has the name of its command, and it is the same statement")
	}
	function := "get() { curl https://b.example; }\nget https://a.example\n"
	if !edited(t, function, "https://a.example", "b.example", "c.example") {
		t.Error("the body of the function that it calls changed, and it is the same statement")
	}
	positional := strings.Replace(sent, "curl https://fixed.example", `curl "$1"`, 1)
	if !edited(t, positional, `curl "$1"`, "echo hello", "echo bye") {
		t.Error("what decides a positional parameter cannot be known")
	}
	// What sets a variable that it does not name can set any.
	for _, setter := range []string{"eval x", `printf -v "$n" x`, `read -r "$n"`, "declare -n a=b", `export "$n=x"`, ". ./x"} {
		changed := strings.Replace(sent, "echo hello", setter, 1)
		if !edited(t, changed, `curl "$url"`, "# the end", "# the END") {
			t.Errorf("%s: the rest of the script decides nothing", setter)
		}
	}
	if edited(t, strings.Replace(sent, "echo hello", `echo "$1"`, 1), "curl https://fixed", "# the end", "# the END") {
		t.Error("another statement has a positional parameter, and it is another one")
	}
}

func FuzzStatement(f *testing.F) {
	f.Add([]byte(sent), 8, 3)
	f.Add([]byte("x() { y; }; declare -n a=b\n"), 1, 1)
	f.Fuzz(func(t *testing.T, text []byte, line, column int) {
		line, column = line&0xffff, column&0xffff
		if a, b := shelltext.Statement(text, line, column), shelltext.Statement(text, line, column); string(a) != string(b) {
			t.Errorf("%q and %q", a, b)
		}
	})
}
