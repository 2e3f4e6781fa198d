package content

import (
	"fmt"

	"github.com/codexlock/codexlock/internal/facts"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp/syntax"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestEveryMatchIsSuspicious: of each rule, matches are not quiet, as they stand and in
// a string of a notebook's cell.
func TestEveryMatchIsSuspicious(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	around := []string{"", "\n", " ", "(", "x (", "; ", "-", "é "}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\r", `\r`)
	var all []string
	for i := range rules {
		if rules[i].regex == "" {
			continue
		}
		re, err := syntax.Parse(rules[i].regex, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		matched := 0
		for range 80 {
			text := around[r.IntN(len(around))] + example(re, r) + around[r.IntN(len(around))]
			if !rules[i].pattern().MatchString(text) {
				continue
			}
			matched++
			if slices.Contains(farRules, rules[i].id) {
				text = rules[i].keywords[0] + strings.Repeat(" and", 500) + "\n" + text
			}
			for _, text := range []string{text, escape.Replace(text), inEscapes(r, text), strings.Repeat(" ", r.IntN(40)) + text + strings.Repeat(" ", r.IntN(40))} {
				if isQuiet([]byte(text)) {
					t.Fatalf("%s matches and is quiet: %q", rules[i].id, text)
				}
			}
		}
		if matched < 3 {
			all = append(all, fmt.Sprintf("%s %d", rules[i].id, matched))
		}
	}
	if len(all) > 0 {
		t.Errorf("few examples match: %s", all)
	}
}

// inEscapes writes some characters of a text as escapes.
func inEscapes(r *rand.Rand, text string) string {
	var b strings.Builder
	for _, c := range text {
		if r.IntN(8) == 0 && c < 0x10000 {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(string(c)))
		}
	}
	return b.String()
}

// TestQuietHasNothing: in what is quiet, the search for keywords finds nothing. The texts
// are files of this repository, and mixtures of secrets, words and what stands around them.
func TestQuietHasNothing(t *testing.T) {
	var texts []string
	for _, pattern := range []string{"*.go", "../../docs/*.md", "../../docs/*/*.md", "../../cmd/codexlock/testdata/*", "../../policies/*/*/*.rego"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s, %v", pattern, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				continue // a folder
			}
			texts = append(texts, strings.SplitAfter(string(text), "\n")...)
			texts = append(texts, string(text))
		}
	}
	r := rand.New(rand.NewPCG(13, 14))
	for range 300 {
		text := mixture(r)
		at := r.IntN(len(text) + 1)
		texts = append(texts, text, text[:at], text[at:], inEscapes(r, text))
	}
	quiet, found := 0, 0
	for _, text := range texts {
		if isQuiet([]byte(text)) {
			quiet++
			checkNothing(t, text)
		} else if f := look(t, "a.txt", text); len(f.Secrets)+len(f.Placeholders) > 0 {
			found++
		}
	}
	if quiet < 10_000 || found < 300 {
		t.Errorf("%d of %d texts are quiet, %d have something", quiet, len(texts), found)
	}
}

// isQuiet reports whether the engine is asked about nothing of a text, and no word is
// looked at.
func isQuiet(text []byte) bool {
	s := NewScanner("a.txt")
	s.buf = text
	return len(s.hits(suspicious(text))) == 0
}

// everywhere looks through a text as if all of it were suspicious.
func everywhere(name string, text []byte) facts.Content {
	s := NewScanner(name)
	s.buf = text
	h := s.hits([]span{{0, len(text), false}})
	s.placeholders(h, len(s.buf), true)
	s.secrets(h, len(s.buf))
	return s.facts
}

// checkNothing looks through a text without asking whether it is quiet.
func checkNothing(t *testing.T, text string) {
	if f := everywhere("a.txt", []byte(text)); len(f.Secrets)+len(f.Placeholders) > 0 {
		t.Errorf("quiet, but has %+v: %q", f, text)
	}
}

// TestStretchesHoldAllThatIsFound: the search of the suspicious stretches alone finds
// what the search of the whole text finds, in the same places. The texts are examples of
// every rule, as they stand and in escapes, between prose, code, words and keywords.
func TestStretchesHoldAllThatIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	between := []string{
		"and so on and on ", "the key of it: no\n", "\n", "x = f(y) ", "token = \"\" ", `\"key\": \"\",\n`, "TODO: it ", "# TODO\n", "it is not implemented\n", "a TODO app ", "kkeey ",
		"facebook ", "xoxe.xoxb-", "https://localhost/a/b/c?d=e&f=g ", `"\u001b[0m",\n`, "AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHH ", "curl it ", strings.Repeat("and prose of no interest ", 400),
	}
	found, less, all := 0, 0, 0
	for range 3 {
		for i := range rules {
			if rules[i].regex == "" {
				continue
			}
			re, err := syntax.Parse(rules[i].regex, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for range 1 + r.IntN(4) {
				for range r.IntN(12) {
					b.WriteString(between[r.IntN(len(between))])
				}
				text := example(re, r)
				if r.IntN(2) == 0 {
					text = inEscapes(r, text)
				}
				b.WriteString(text)
			}
			text := []byte(strings.ReplaceAll(b.String(), "\x00", ""))
			want := everywhere("a.txt", text)
			got := look(t, "a.txt", string(text))
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: %+v, want %+v: %q", rules[i].id, got, want, text)
			}
			found += len(want.Secrets) + len(want.Placeholders)
			for _, s := range suspicious(text) {
				less += s.end - s.start
			}
			all += len(text)
		}
	}
	if found < 300 || less > all*9/10 {
		t.Errorf("%d places are found in %d of %d bytes", found, less, all)
	}
}

func FuzzQuiet(f *testing.F) {
	for _, seed := range []string{
		"TODO", "not implemented", "key = abcdefghij12", `"key = \"abcdefghij12\""`, "curl -u ab:cd x ", "c\\u0075rl -u abc:def x ", "\u212aey = abcdefgh1jkl",
		"airtable " + strings.Repeat("x ", 400) + "pat" + strings.Repeat("a", 14) + "." + strings.Repeat("0f", 32), "-----BEGIN " + "PRIVATE KEY-----",
		"token: \\t abcdefghij12", "key\\u003dabcdefghij", "+++++++++++", "xoxs-1-1-1-f",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if isQuiet(text) {
			checkNothing(t, string(text))
		}
	})
}

func BenchmarkQuiet(b *testing.B) {
	var full strings.Builder
	for i := 0; full.Len() < 1<<20; i++ {
		fmt.Fprintf(&full, "%07d cache key of the session: token count %d, api key lookup took %d ms\n", i, i%977, i%53)
	}
	text := []byte(full.String())
	b.SetBytes(int64(len(text)))
	for range b.N {
		if len(suspicious(text)) > 0 {
			b.Fatal("something is suspicious")
		}
	}
}

// TestNextNoise compares with a search byte by byte: a block that holds something is
// never passed over.
func TestNextNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	pieces := []string{"curl", "TODO", "XXX", "implemented", "+++++++++", "++", " ", "\n", "*", "\"", "abcdefgh", "abc", "é", "\xff", "a", "r", "l", "T", "_", "\x00", "\x80"}
	quiet := 0
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(40) {
			b.WriteString(pieces[r.IntN(len(pieces))])
			if r.IntN(3) > 0 {
				b.WriteByte(' ')
			}
		}
		text := b.String()
		got, want := nextNoise([]byte(text), 0), noise(text)
		if quiet += min(want, 1); got > want {
			t.Fatalf("%q: %d, but there is something at %d", text, got, want)
		}
	}
	if quiet == 0 {
		t.Error("every text begins with something")
	}
}

// noise is where the first run of minRun bytes, three capitals or "curl" ends.
func noise(text string) int {
	run, capitals := 0, 0
	for i := range len(text) {
		if run++; text[i] < runByte {
			run = 0
		}
		if capitals++; text[i] < 'A' || text[i] > 'Z' {
			capitals = 0
		}
		if run >= minRun || capitals >= 3 || strings.HasSuffix(text[:i+1], "curl") {
			return i
		}
	}
	return len(text)
}

// TestLargeTextsShareARoom: a text is looked through in one piece of memory, however
// large it is.
func TestLargeTextsShareARoom(t *testing.T) {
	block := []byte(strings.Repeat("the cache key of a session: token 5\n", artifactBlock/36))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := NewScanner("a.txt").Within(NewBudget())
	for range 24 {
		if _, err := s.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := s.Facts(); err != nil || f.State != "text" || s.suspect > 0 {
		t.Errorf("%+v, %v", f, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 2*chunk {
		t.Errorf("%d bytes are allocated for a text of %d", used, 24*len(block))
	}
}

// artifactBlock is about how many bytes are written at once.
const artifactBlock = 1 << 20
