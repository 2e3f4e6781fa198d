package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
)

// seen keeps the commands that were executed for certain before, and notes each with them.
type seen struct{ log *[]string }

type done []string

func (s seen) Command(c *flow.Command[done], v done) (ok, fail done) {
	if len(c.Args) == 0 {
		return v, v
	}
	text := strings.ReplaceAll(strings.ReplaceAll(words.Joined(c.Args), words.Hole, "?"), flow.Root, "ROOT")
	*s.log = append(*s.log, fmt.Sprintf("%s after %v in %s", text, []string(v), strings.ReplaceAll(strings.ReplaceAll(c.Dir, flow.Root, "ROOT"), words.Hole, "?")))
	return append(slices.Clone(v), c.Args[0].Code), v
}

func (s seen) Meet(a, b done) done {
	var both done
	for _, one := range a {
		if slices.Contains(b, one) {
			both = append(both, one)
		}
	}
	return both
}

func (s seen) Pipe(_, left, right done, pipefail bool) done {
	if pipefail {
		return append(slices.Clone(left), right...)
	}
	return right
}

func (s seen) Aside(before, _ done, _ bool) done { return before }

func follow(t *testing.T, script string, errexit bool) []string {
	t.Helper()
	var log []string
	if _, err := flow.Follow[done](flow.Script{Text: script, Dir: flow.Root, ErrExit: errexit}, seen{&log}, nil); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return log
}

// TestWhatHoldsAfterACommand: what was executed with success before each command.
func TestWhatHoldsAfterACommand(t *testing.T) {
	for script, want := range map[string][]string{
		"a\nb":                        {"a after [] in ROOT", "b after [a] in ROOT"},
		"a || b\nc":                   {"a after [] in ROOT", "b after [] in ROOT", "c after [] in ROOT"},
		"a || exit 1\nc":              {"a after [] in ROOT", "exit 1 after [] in ROOT", "c after [a] in ROOT"},
		"a && b":                      {"a after [] in ROOT", "b after [a] in ROOT"},
		"if a; then b; else c; fi":    {"a after [] in ROOT", "b after [a] in ROOT", "c after [] in ROOT"},
		"! a\nb":                      {"a after [] in ROOT", "b after [] in ROOT"},
		"(cd d; a)\nb":                {"cd d after [] in ROOT", "a after [cd] in ROOT/d", "b after [cd a] in ROOT"},
		"cd d; cd ..; a":              {"cd d after [] in ROOT", "cd .. after [cd] in ROOT/d", "a after [cd cd] in ROOT"},
		"cd \"$x\"; a":                {"cd ? after [] in ROOT", "a after [cd] in ?"},
		"x=v; a $x \"${x}w\"":         {"a v vw after [] in ROOT"},
		"x=v; x=w; a $x":              {"a w after [] in ROOT"},
		"if c; then x=v; fi; a $x":    {"c after [] in ROOT", "a ? after [] in ROOT"},
		"for x in 1 2; do a $x; done": {"a 1 after [] in ROOT", "a 2 after [a] in ROOT"},
		"f() { a $1; }; f x":          {"a x after [] in ROOT"},
		"f() { return 1; a; }; f":     {"return 1 after [] in ROOT"},
		"exit; a":                     {"exit after [] in ROOT"},
		"a=(x y); b \"${a[@]}\"":      {"b x y after [] in ROOT"},
		"a {x,y}z":                    {"a xz yz after [] in ROOT"},
		"a $(b)":                      {"b after [] in ROOT", "a ? after [] in ROOT"},
		"a ~/x":                       {"a ~/x after [] in ROOT"},
		"pushd d; popd; a":            {"pushd d after [] in ROOT", "popd after [pushd] in ROOT/d", "a after [pushd popd] in ROOT"},
		"a ${x:-d}":                   {"a d after [] in ROOT"},
		"x=a.b; c ${x%.b}":            {"c a after [] in ROOT"},
		"a & b":                       {"a after [] in ROOT", "b after [] in ROOT"},
		"eval 'a; b'; c":              {"eval a; b after [] in ROOT", "a after [eval] in ROOT", "b after [eval a] in ROOT", "c after [eval a b] in ROOT"},
	} {
		if got := follow(t, script, true); !slices.Equal(got, want) {
			t.Errorf("%s\n got  %q\n want %q", script, got, want)
		}
	}
	if got, want := follow(t, "a\nb", false), []string{"a after [] in ROOT", "b after [] in ROOT"}; !slices.Equal(got, want) {
		t.Errorf("without -e: %q, want %q", got, want)
	}
}

// TestMask: expressions become words of the same length, and back.
func TestMask(t *testing.T) {
	text := "a ${{ x.y }} '${{z}}' ${{ open"
	masked, said := flow.Mask(text)
	if len(masked) != len(text) || !slices.Equal(said, []string{"x.y", "z"}) {
		t.Errorf("%q, %q", masked, said)
	}
	got := flow.Unmask(masked, func(n int) (string, bool) { return "E" + said[n], n == 0 })
	if want := "a Ex.y '" + words.Hole + "' ${{ open"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLimits: a script that would take too long ends.
func TestLimits(t *testing.T) {
	var log []string
	loops := strings.Repeat("while a; do ", 30) + "b" + strings.Repeat("; done", 30)
	end, err := flow.Follow[done](flow.Script{Text: loops}, seen{&log}, nil)
	if err != nil || !end.Exceeded || len(log) > 10_000 {
		t.Errorf("%d commands, %v, exceeded %v", len(log), err, end.Exceeded)
	}
	if _, err := flow.Follow[done](flow.Script{Text: "if then"}, seen{&log}, nil); err == nil {
		t.Error("what Bash does not parse is followed")
	}
}

func FuzzFollow(f *testing.F) {
	for _, script := range []string{"a || b; (c)", "f() { f; }; f", "for x in a b; do $x | $x; done", "trap 'exit 0' EXIT; eval \"$x\"", "cat <<EOF | sh\n$(a)\nEOF", "case $x in *) a;; esac", "${{ a }}"} {
		f.Add(script, true)
	}
	f.Fuzz(func(t *testing.T, script string, errexit bool) {
		if len(script) > 1<<14 {
			t.Skip()
		}
		var one, two []string
		text, said := flow.Mask(script)
		if len(text) != len(script) {
			t.Errorf("%q has %d bytes, want %d", text, len(text), len(script))
		}
		s := flow.Script{Text: text, ErrExit: errexit, Expression: func(n int) (string, bool) { return said[n], n < len(said) }}
		_, a := flow.Follow[done](s, seen{&one}, nil)
		_, b := flow.Follow[done](s, seen{&two}, nil)
		if !slices.Equal(one, two) || (a == nil) != (b == nil) {
			t.Errorf("%q, and then %q", one, two)
		}
	})
}
