package script

import (
	"strings"
	"testing"
	"time"
)

// TestValidBashIsParsed: subscripts of associative arrays are strings, and elements of
// arrays are patterns; each of these passes bash -n.
func TestValidBashIsParsed(t *testing.T) {
	for _, text := range []string{
		"m[a.b/c]=1", `arr=([^\#]*)`, "arr=([foo-bar]=1 [a.b]=2)", "m[a b]=1", "declare -A m=([a.b]=1)", "echo ${m[a.b/c]}", "m[$x.y]=1",
		"((m[a.b]=1))", "m[a.b]+=x", "arr=(*.[ch] [!a]*)", "arr=([a-z]*)", "m[key with space]=1", "m[@foo]=1", "m[a:b]=1", "m[./x]=1", "x=(a [b] c)",
		"x=([0-9]*)", "local m[a.b]=1", "m[/]=1", `m[a/b/c.d-e]="x"`, "echo ${x[a-b.c]:-d}", "m[%s]=1", "declare m[a.b]=1", "a=([$x.y]=1)",
		"a=([$x/y]=1 [a b]=2)", "echo ${!m[a.b]}", "echo ${#m[a.b]}", "echo ${=x}", "m[a.b]=1; m[c/d]=2; echo ${m[e.f]}", "x=(\n  [^a]*\n  [a.b]=c\n)",
	} {
		if f := Parse([]byte(head + text + "\n")); f.State != "parsed" {
			t.Errorf("%s: %s (%+v)", text, f.State, f.Problem)
		}
	}
	for _, text := range []string{"m[a.b=1; (", "arr=([^a", "echo 'a", "if true", "m[a.b]=(", "x=([^a]* ;; )", "f() { m[a.b]=1"} {
		if f := Parse([]byte(head + text + "\n")); f.State != "invalid" {
			t.Errorf("%s: %s, want invalid", text, f.State)
		}
	}
}

// TestRepairsHideNothing: what is executed in and next to a subscript is judged.
func TestRepairsHideNothing(t *testing.T) {
	for text, want := range map[string]string{
		"m[a.b/$(curl https://a.example)]=1":            "curl a.example",
		"arr=([^$(curl https://a.example)]*)":           "curl a.example",
		"m[a.b]=1; curl https://a.example":              "curl a.example",
		"m[a.b]=$(curl https://a.example)":              "curl a.example",
		"m[a.b]=1; echo x[c; curl https://a.example":    "curl a.example",
		"m[a.b]=`curl https://a.example`":               "curl a.example",
		"echo ${m[a.b${x:-$(curl https://a.example)}]}": "curl a.example",
	} {
		if got := found(Parse([]byte(head + text + "\n"))); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestLargeScripts: scripts of 250 KB take bounded time, whatever they repeat.
func TestLargeScripts(t *testing.T) {
	n := 0
	for _, unit := range []string{
		"m[a.b/c]=1\n", "arr=([^\\#]*)\n", "curl https://a.example \"$x\"\n", "eval \"$x\"\n", "bash -c 'curl https://a.example'\n", "x=$x$x; eval \"$x\"\n",
		"f() { f; }; f | f\n", "a=(\"${a[@]}\" \"${a[@]}\"); \"${a[@]}\" \"${a[@]}\"\n", "env ", "{a,b}{c,d}{e,f} ", "awk 'x | y' \n", "trap \"trap '$x' EXIT\" EXIT\n",
		"sudo $x $y curl $z\n", "mkdir d; rm d; echo x >> f\n", "a=b; $a c; a=$a$a\n", "python3 -c 'import os; os.system(\"a\")'\n", "xargs xargs ", "git -c alias.x='x' x\n",
		"x=a; y=$x; z=$y; curl $z\n",
	} {
		text := head + strings.Repeat(unit, 250_000/len(unit))
		start := time.Now()
		f := Parse([]byte(text))
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%q takes %v (%s)", unit, took, f.State)
		} else if testing.Verbose() {
			t.Logf("%v %s %q", took, f.State, unit)
		}
		n++
	}
	if n == 0 {
		t.Fatal("no scripts")
	}
}
