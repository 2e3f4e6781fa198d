package schemas

import (
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func TestPositions(t *testing.T) {
	text := "{\r\n" +
		"  \"é😀\": \"x\",\r\n" +
		"\t\"list\": [ 1, {\"a/b\": {\"m~n\": null}}, \"日本\", true ],\n" +
		"\n" +
		"  \"日本\" : \"語\", \"last\"   :  -7\n" +
		"}\n"
	d, err := Parse(Manifest, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{
		"": `1:1 {`, "/é😀": `2:9 "x"`, "/list": `3:10 [`, "/list/0": `3:12 1`, "/list/1": `3:15 {`,
		"/list/1/a~1b": `3:23 {`, "/list/1/a~1b/m~0n": `3:31 null`, "/list/2": `3:39 "日本"`, "/list/3": `3:45 true`,
		"/日本": `5:10 "語"`, "/last": `5:27 -7`,
	} {
		at, ok := d.Position(pointer)
		raw, ok2 := d.Raw(pointer)
		if !ok || !ok2 {
			t.Errorf("%s: not found", pointer)
			continue
		}
		if got := at.String() + " " + raw; !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", pointer, got, want)
		}
		i, _ := d.find(pointer)
		if got := d.pointer(i); got != pointer {
			t.Errorf("pointer of %s is %s", pointer, got)
		}
	}
	for _, pointer := range []string{"list", "/no", "/list/4", "/list/-", "/list/01", "/list/-1", "/list/+1", "/list/", "/last/x", "/list/99999999999999999999", "//", "/list/1/a/b"} {
		if at, ok := d.Position(pointer); ok {
			t.Errorf("%s: got %v, want nothing", pointer, at)
		}
	}
}

// Positions come from blocks; a text longer than several of them, with characters
// across their edges, has to give the same as counting from the beginning.
func TestPositionsInLongTexts(t *testing.T) {
	var b strings.Builder
	b.WriteString("[")
	for i := range 4000 {
		if i > 0 {
			b.WriteString([]string{",", ",\n", ",\r\n", ", "}[bits.OnesCount(uint(i))%4])
		}
		fmt.Fprintf(&b, `"é%s%d"`, strings.Repeat("語", i%7), i)
	}
	b.WriteString("]")
	oneLine := strings.NewReplacer("\n", "", "\r", "").Replace(b.String())
	for _, text := range []string{b.String(), oneLine} {
		d, err := Parse(Manifest, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4000 {
			pointer := fmt.Sprintf("/%d", i)
			n, ok := d.find(pointer)
			if !ok || d.pointer(n) != pointer {
				t.Fatalf("%s leads to %d, %v", pointer, n, ok)
			}
			before := text[:d.tokens[n].start]
			want := Position{strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1}
			if got, _ := d.Position(pointer); got != want {
				t.Fatalf("%s: got %v, want %v", pointer, got, want)
			}
		}
	}
}

func TestDocumentServesSeveralGoroutines(t *testing.T) {
	d, err := Parse(Manifest, []byte("["+strings.Repeat("{\"a\":1},\n", 999)+"{\"a\":1}]"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := g; i < 1000; i += 8 {
				if at, ok := d.Position(fmt.Sprintf("/%d/a", i)); !ok || at.Line != i+1 {
					t.Errorf("/%d/a: got %v, %v", i, at, ok)
				}
			}
			d.Validate()
		})
	}
	wg.Wait()
}
