package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func ms(n ...int) sample {
	var s sample
	for _, n := range n {
		s = append(s, cost{wall: time.Duration(n) * time.Millisecond, cpu: time.Duration(2*n) * time.Millisecond, peak: int64(n) << 20})
	}
	return s
}

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		s                   sample
		median, least, most int
	}{
		{ms(7), 7, 7, 7},
		{ms(9, 1, 5), 5, 1, 9},
		{ms(8, 2, 4, 100), 6, 2, 100},
	} {
		median, least, most := tt.s.wall()
		for _, pair := range [][2]time.Duration{{median, time.Duration(tt.median)}, {least, time.Duration(tt.least)}, {most, time.Duration(tt.most)}} {
			if pair[0] != pair[1]*time.Millisecond {
				t.Errorf("%v: %v %v %v, want %d %d %d", tt.s, median, least, most, tt.median, tt.least, tt.most)
			}
		}
	}
	if got := ms(9, 1, 5).cpu(); got != 10*time.Millisecond {
		t.Errorf("CPU %v", got)
	}
	if got := ms(9, 1, 5).peak(); got != 9<<20 {
		t.Errorf("peak %d", got)
	}
}

// The start-up of a peer that ran on a sample counts once.
func TestWhole(t *testing.T) {
	got := whole(ms(110, 90), ms(10, 100), 3)
	if median, least, most := got.wall(); least != 100*time.Millisecond || most != 310*time.Millisecond || median != 205*time.Millisecond {
		t.Errorf("%v %v %v", median, least, most)
	}
	if median, _, _ := whole(ms(10), nil, 400).wall(); median != 4*time.Second {
		t.Errorf("without start-up %v", median)
	}
}

// Commands run in turn, after a round of all that is not counted.
func TestInterleave(t *testing.T) {
	b := &bench{dir: t.TempDir()}
	log := filepath.Join(b.dir, "log")
	say := func(what string) *command {
		return &command{args: []string{"sh", "-c", "printf " + what + " | tee -a " + log}, prints: what}
	}
	samples, err := b.interleave(2, []*command{say("a"), say("b")})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(log); err != nil || string(text) != "ababab" {
		t.Errorf("ran %q, %v", text, err)
	}
	for _, s := range samples {
		if len(s) != 2 || s[0].wall <= 0 || s[0].peak <= 0 {
			t.Errorf("%v, want the cost of two runs", s)
		}
	}
}

// A run that does not do what is measured is an error, never a figure.
func TestRunHoldsTheOutput(t *testing.T) {
	b := &bench{dir: t.TempDir()}
	for name, c := range map[string]command{
		"exit code": {args: []string{"sh", "-c", "echo yes; exit 3"}, prints: "yes"},
		"output":    {args: []string{"echo", "no"}, prints: "yes"},
		"missing":   {args: []string{filepath.Join(b.dir, "none")}},
	} {
		if _, err := b.run(&c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := b.run(&command{args: []string{"sh", "-c", "echo yes; exit 1"}, exit: 1, prints: "yes"}); err != nil {
		t.Error(err)
	}
}

func TestVerdicts(t *testing.T) {
	r := row{ours: ms(30), peers: []measured{{"peer", ms(10)}}}
	for _, tt := range []struct {
		t    target
		want string
		miss bool
	}{
		{toPeer("peer", 4, 0), "yes", false},
		{toPeer("peer", 4, 3), "yes, the stretch too", false},
		{toPeer("peer", 2, 1), "**no**, 1.50 times as much", true},
		{toPeer("other", 2, 1), "not measured", false},
		{wallTime(30*time.Millisecond, 0), "yes", false},
		{cpuTime(40*time.Millisecond, 0), "**no**, 1.50 times as much", true},
		{cpuEach(1000, 50*time.Microsecond), "**no**, 1.20 times as much", true},
		{memory(128, 96), "yes, the stretch too", false},
	} {
		if got := tt.t.verdict(tt.t.figure(r)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.t, got, tt.want)
		}
		r.targets = []target{tt.t}
		if r.fallsShort() != tt.miss {
			t.Errorf("%s: falls short: %t", tt.t, !tt.miss)
		}
	}
	if !math.IsNaN(toPeer("other", 2, 1).figure(r)) {
		t.Error("a missing peer has a ratio")
	}
}

// Every peer, missing peer and target has a line of its own, and nothing is left out.
func TestMarkdown(t *testing.T) {
	text := table{machine: "a machine", quick: true, rows: []row{
		{what: "first", ours: ms(30), peers: []measured{{"peer", ms(10)}}, missing: []string{"other: not there"},
			targets: []target{toPeer("peer", 2, 0), memory(128, 0)}, profile: []string{"runtime 50%"}},
		{what: "second", ours: ms(5)},
	}, failed: []string{"third: exit code 3\nmore"}, notes: []string{"a note"}}.markdown()
	for _, want := range []string{
		"a machine", "-quick",
		"| first | 30 ms (1: 30 ms to 30 ms) | 60 ms | 30 MiB | peer | 10 ms (1: 10 ms to 10 ms) | 3x | <= 2x | **no**, 1.50 times as much |",
		"| | | | | **missing**: other: not there |  |  |  | not measured |",
		"| | | | | memory | 30 MiB |  | <= 128 MiB | yes |",
		"| second | 5.0 ms (1: 5.0 ms to 5.0 ms) | 10 ms | 5 MiB |  |  |  |  |  |",
		"- **Not measured**, third: exit code 3\n", "- a note\n", "- first: runtime 50%.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 10 {
			t.Errorf("not nine columns: %s", line)
		}
	}
}

func TestReplace(t *testing.T) {
	for _, tt := range []struct{ old, want string }{
		{"", "new\n"},
		{"other\n", "new\n"},
		{"a\n" + begin + "old\n" + finis + "z\n", "a\n" + begin + "new\n" + finis + "z\n"},
		{begin + "old\n", ""},
		{finis + begin, ""},
	} {
		got, err := replace([]byte(tt.old), "new\n")
		if string(got) != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%q: %q, %v", tt.old, got, err)
		}
	}
}

// docs/performance.md has the markers, or a run would replace the whole page.
func TestPageHasMarkers(t *testing.T) {
	text, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	got, err := replace(text, "new\n")
	if err != nil || string(got) == "new\n" || !strings.Contains(string(got), begin+"new\n"+finis) {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestByPackage(t *testing.T) {
	got := byPackage([]byte(`File: codexlock
Type: cpu
      flat  flat%   sum%        cum   cum%
     0.50s 50.00% 50.00%      0.50s 50.00%  github.com/codexlock/codexlock/internal/facts.(*collector).read
     0.20s 20.00% 70.00%      0.20s 20.00%  runtime.mallocgc
     0.10s 10.00% 80.00%      0.10s 10.00%  github.com/open-policy-agent/opa/v1/ast.(*set[go.shape.int]).Add
     0.15s 15.00% 95.00%      0.15s 15.00%  runtime.scanobject (inline)
     0.03s  3.00% 98.00%      0.03s  3.00%  memeqbody
     0.01s  0.10% 98.10%      0.01s  0.10%  os.(*File).Read
`))
	if want := []string{"internal/facts 50%", "runtime 38%", "open-policy-agent/opa/v1/ast 10%"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A ledger that is taken apart and put together has the same bytes, and grows by what
// is asked for.
func TestLedger(t *testing.T) {
	entry := "      \"path\": \"A\",\n      \"sha256\": \"00\"\n"
	text := "{\n  \"artifacts\": [\n    {\n" + entry + "    },\n    {\n" + strings.Replace(entry, `"A"`, `"B"`, 1) + "    }\n  ]\n}\n"
	entries, err := ledgerEntries(text)
	if err != nil || len(entries) != 2 || ledgerText(entries) != text {
		t.Errorf("%v, %d entries:\n%s", err, len(entries), ledgerText(entries))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Codex-Lock.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := lengthen(dir, 3); err != nil {
		t.Fatal(err)
	}
	longer, err := os.ReadFile(filepath.Join(dir, "Codex-Lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if entries, err = ledgerEntries(string(longer)); err != nil || len(entries) != 5 || ledgerText(entries) != string(longer) {
		t.Errorf("%v, %d entries:\n%s", err, len(entries), longer)
	}
}

// Names of cases choose cases, fixtures and profiles, and no two are the same.
func TestCases(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.name] || c.measure == nil {
			t.Errorf("%s is there twice, or measures nothing", c.name)
		}
		seen[c.name] = true
	}
	if len(seen) < 12 {
		t.Errorf("%d cases, want at least 12", len(seen))
	}
}

// TestPercentile: of 30 runs, 29 are at most the 95th percentile.
func TestPercentile(t *testing.T) {
	var took []time.Duration
	for i := 30; i > 0; i-- {
		took = append(took, time.Duration(i))
	}
	for p, want := range map[float64]time.Duration{95: 29, 50: 15, 100: 30, 1: 1} {
		if got := percentile(took, p); got != want {
			t.Errorf("percentile %v is %d, want %d", p, got, want)
		}
	}
}
