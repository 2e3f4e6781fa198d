package content

import (
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFinderFindsEachEntry: in every place of eight, in either case, beside others, and
// at the end of a text.
func TestFinderFindsEachEntry(t *testing.T) {
	f := theFinder()
	var texts []string
	for _, of := range f.entries {
		for _, e := range of {
			texts = append(texts, e.text)
		}
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) < 100 {
		t.Fatalf("only %d words and keywords", len(texts))
	}
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 2000 {
		var b strings.Builder
		b.WriteString(random(r, r.IntN(20), letters+" _-=\n\x00\xff"))
		for range r.IntN(5) {
			word := texts[r.IntN(len(texts))]
			if r.IntN(2) == 0 {
				word = strings.ToUpper(word)
			}
			b.WriteString(word + random(r, r.IntN(12), letters+" _-=\n\x00\xff"))
		}
		text := []byte(b.String())
		lower := make([]byte, len(text))
		for i, c := range text {
			if lower[i] = c; 'A' <= c && c <= 'Z' {
				lower[i] += 'a' - 'A'
			}
		}
		var want, got []string
		for i := range lower {
			for _, word := range texts {
				if strings.HasPrefix(string(lower[i:]), word) {
					want = append(want, fmt.Sprint(i, " ", word))
				}
			}
		}
		f.each(text, func(start int, of []entry) {
			for _, e := range of {
				if start+len(e.text) <= len(text) && foldsTo(text[start:start+len(e.text)], e.text) {
					got = append(got, fmt.Sprint(start, " ", e.text))
				}
			}
		})
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Fatalf("text %d, %q: %q, want %q", n, text, got, want)
		}
	}
}

// TestAssignedAsksForEveryMatch: wherever genericRule matches behind one of its
// keywords, the engine is asked; and prose with a colon somewhere costs nothing.
func TestAssignedAsksForEveryMatch(t *testing.T) {
	_, behind, found := strings.Cut(rulesByKeyword()["secret"][0].regex, "|secret|token)")
	if !found {
		t.Fatal("the rule is another one")
	}
	rule := regexp.MustCompile("(?i)^" + behind)
	r := rand.New(rand.NewPCG(7, 8))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	matched := 0
	for range 200_000 {
		text := random(r, r.IntN(8), "ab_ .-\t") + pick("", "", "_of_the_longer_name", "'", "\"") + pick("", " ", "\n", "'", "' ") +
			pick("=", ">", ":", ":=", "::=", ":::=", "||:", "=>", "?=", ",", "==", "|", "") + random(r, r.IntN(7), "`'\" =\n") +
			random(r, 4+r.IntN(12), "ab1_.=-+/Ks") + pick("", " ", ";", "\n", `\n`, `"`, "x", "é", "\u017f ", "\u212a")
		if rule.MatchString(text) {
			matched++
			for _, text := range []string{text, inEscapes(r, text)} {
				if !assigned([]byte(text)) {
					t.Fatalf("%q matches and is not asked about", text)
				}
			}
		}
	}
	if matched < 1000 {
		t.Fatalf("only %d texts match", matched)
	}
	for text, want := range map[string]bool{
		" of the session: token count 5": false, " lookup took 5 ms": false, " and token, then more": false, "": false, " (see: abcdefghijklmn)": false,
		": x": false, "=": false, ": abcdefghij": true, " of it: abcdefghij": true, ` of it \u003d "x", y`: false, ` of it \u003d \"abcdefghij\"`: true,
		` of it: \"x`: false, ` of it: \"abcdefghij\"`: true, ` of it: "abc\n`: false, `\": \"abcd\u0065fghij\"`: true, "s\\n": false,
		` of the \"api\" are counted\n",`: false, `, token in rows:\n",` + "\n    \"    print(f": false,
	} {
		if got := assigned([]byte(text)); got != want {
			t.Errorf("assigned(%q) = %v, want %v", text, got, want)
		}
	}
}

// TestProseAsksNothing: a text full of words such as key and token that assigns nothing
// is looked through to its end without the engine.
func TestProseAsksNothing(t *testing.T) {
	s := NewScanner("a.txt").Within(NewBudget())
	for i := range 200_000 {
		fmt.Fprintf(s, "%07d cache key of the session: token count %d, api key lookup took %d ms\n", i, i%977, i%53)
	}
	facts, err := s.Facts()
	if err != nil || facts.State != "text" || len(facts.Secrets) > 0 || s.suspect > 0 {
		t.Errorf("%+v, %v, the engine was asked about %d bytes", facts, err, s.suspect)
	}
}

func BenchmarkScanner(b *testing.B) {
	line := "%07d cache key of the session: token count %d, api key lookup took %d ms\n"
	var full, plain, notebook strings.Builder
	for i := 0; full.Len() < 16<<20; i++ {
		fmt.Fprintf(&full, line, i, i%977, i%53)
		fmt.Fprintf(&plain, "%07d and nothing of interest stands on this line of text at all %d\n", i, i%977)
		fmt.Fprintf(&notebook, "    \"key = store.get(\\\"token %d\\\")  # the api's\\n\",\n", i)
	}
	for name, text := range map[string]string{"full": full.String(), "plain": plain.String(), "notebook": notebook.String()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for range b.N {
				s := NewScanner("a.txt").Within(NewBudget())
				if _, err := io.Copy(s, strings.NewReader(text)); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Facts(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
