package ledger_test

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
)

func of(entries ...ledger.Entry) *ledger.Ledger { return &ledger.Ledger{Artifacts: entries} }

func with(e ledger.Entry, change func(*ledger.Entry)) ledger.Entry {
	change(&e)
	return e
}

// TestMerge is the table of what a merge may decide alone (ZT-3).
func TestMerge(t *testing.T) {
	a, b := entry("a"), entry("b")
	drifted := with(a, func(e *ledger.Entry) { e.SHA256 = artifact.HashBytes([]byte("other")) })
	again := with(a, func(e *ledger.Entry) { e.VerifiedAt = "2025-11-10T12:00:00Z" })
	moved := with(a, func(e *ledger.Entry) { e.TrustDomain = "production" })
	late := with(a, func(e *ledger.Entry) { e.VerifiedAt = "2025-11-09T12:00:01Z" })
	spelt := with(a, func(e *ledger.Entry) { e.DriftTolerance = "0e9" })
	fresh := with(drifted, func(e *ledger.Entry) { e.VerifiedAt = "2025-11-10T13:00:00Z" })
	kept := with(drifted, func(e *ledger.Entry) { e.VerifiedAt = again.VerifiedAt })
	noted := with(again, func(e *ledger.Entry) { e.Extensions = `{"x": 1}` })
	for name, c := range map[string]struct {
		base, ours, theirs, want *ledger.Ledger // want nil: a conflict on a
	}{
		"additions":                 {of(), of(a), of(b), of(a, b)},
		"the same addition":         {of(), of(a), of(a), of(a)},
		"a change":                  {of(a), of(drifted), of(a), of(drifted)},
		"the same change":           {of(a), of(drifted), of(drifted), of(drifted)},
		"removed, unchanged":        {of(a, b), of(b), of(a, b), of(b)},
		"removed twice":             {of(a), of(), of(), of()},
		"removed, changed":          {of(a), of(), of(drifted), nil},
		"removed, attested again":   {of(a), of(), of(again), of()},
		"two contents":              {of(), of(a), of(drifted), nil},
		"attested twice":            {of(a), of(late), of(again), of(again)},
		"changed, renewed":          {of(a), of(fresh), of(again), of(fresh)},
		"changed, renewed later":    {of(a), of(drifted), of(again), of(kept)},
		"changed and moved":         {of(a), of(with(fresh, func(e *ledger.Entry) { e.TrustDomain = "production" })), of(again), nil},
		"two domains":               {of(), of(a), of(moved), nil},
		"two domains and times":     {of(a), of(moved), of(again), nil},
		"the domain on one side":    {of(a), of(moved), of(a), of(moved)},
		"zero written otherwise":    {of(a), of(spelt), of(again), of(again)},
		"an extension and a time":   {of(a), of(late), of(noted), nil},
		"duplicates on both sides":  {of(a), of(a, drifted), of(again), nil},
		"duplicates, unchanged":     {of(a, drifted), of(a, drifted), of(b), of(b)},
		"duplicates in other order": {of(), of(a, drifted), of(drifted, a), nil},
	} {
		for _, sides := range []string{"ours first", "theirs first"} {
			ours, theirs := c.ours, c.theirs
			if sides == "theirs first" {
				ours, theirs = theirs, ours
			}
			m := ledger.Merge(c.base, ours, theirs)
			if conflict := len(m.Conflicts) > 0; conflict != (c.want == nil) {
				t.Errorf("%s, %s: conflicts %v", name, sides, m.Conflicts)
				continue
			}
			if c.want == nil {
				if got := m.Conflicts[0]; got.Path != "a" || len(m.Conflicts) != 1 || !reflect.DeepEqual(got.Ours, ours.Artifacts) && len(ours.Artifacts) > 0 {
					t.Errorf("%s, %s: conflicts %v", name, sides, m.Conflicts)
				}
				continue
			}
			if got := m.Encode(7); !bytes.Equal(got, c.want.Encode()) {
				t.Errorf("%s, %s gave %s", name, sides, got)
			}
		}
	}
}

// TestConflictIsReadable: the markers are around the two entries, and nothing else.
func TestConflictIsReadable(t *testing.T) {
	a, b, c := entry("a"), entry("b"), entry("c")
	other := with(b, func(e *ledger.Entry) { e.SHA256 = artifact.HashBytes([]byte("other")) })
	m := ledger.Merge(of(a), of(a, b, c), of(a, other))
	text := string(m.Encode(9))
	whole := string(of(a, b, c).Encode())
	block := func(l *ledger.Ledger, comma string) string {
		lines := strings.Split(string(l.Encode()), "\n")
		return strings.Join(lines[2:len(lines)-3], "\n") + comma + "\n"
	}
	want := strings.Replace(whole, block(of(b), ","),
		"<<<<<<<<< ours\n"+block(of(b), ",")+"=========\n"+block(of(other), ",")+">>>>>>>>> theirs\n", 1)
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func drawLedger(t *rapid.T, label string) *ledger.Ledger {
	l := &ledger.Ledger{}
	n := rapid.IntRange(0, 6).Draw(t, label+" entries")
	for i := range n {
		e := entry(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, fmt.Sprintf("%s %d", label, i)))
		e.SHA256 = artifact.HashBytes([]byte{byte(rapid.IntRange(0, 1).Draw(t, "content"))})
		e.VerifiedAt = rapid.SampledFrom([]string{"2025-11-09T12:00:00Z", "2026-01-01T00:00:00Z"}).Draw(t, "time")
		e.TrustDomain = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "domain")
		if rapid.IntRange(0, 9).Draw(t, "duplicate") > 0 {
			l.Set(e)
		} else {
			l.Artifacts = append(of(l.Artifacts...).Artifacts, e)
			l = of(l.Artifacts...)
		}
	}
	return l
}

var conflict = regexp.MustCompile(`(?ms)^<{7} ours\n(.*?)^={7}\n(.*?)^>{7} theirs\n`)

// TestMergeLaws: a merge does not depend on which side is called ours; a ledger
// merged with itself, or with what it came from, is itself; what is written is
// canonical; and whichever side of a conflict is kept is a ledger.
func TestMergeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, ours, theirs := drawLedger(t, "base"), drawLedger(t, "ours"), drawLedger(t, "theirs")
		m, swapped := ledger.Merge(base, ours, theirs), ledger.Merge(base, theirs, ours)
		if len(m.Conflicts) != len(swapped.Conflicts) {
			t.Fatalf("%d conflicts, swapped %d", len(m.Conflicts), len(swapped.Conflicts))
		}
		text, other := m.Encode(7), swapped.Encode(7)
		if got := conflict.ReplaceAll(other, []byte("<<<<<<< ours\n$2=======\n$1>>>>>>> theirs\n")); !bytes.Equal(got, text) {
			t.Fatalf("sides swapped:\n%s\nwant\n%s", got, text)
		}
		for _, keep := range []string{"$1", "$2"} {
			kept := conflict.ReplaceAll(text, []byte(keep))
			l, _, err := ledger.Decode(kept)
			if err != nil {
				t.Fatalf("%s kept: %v\n%s", keep, err, kept)
			}
			if again := l.Encode(); !bytes.Equal(again, kept) && len(l.Artifacts) > 0 {
				t.Fatalf("%s kept is not canonical:\n%s", keep, kept)
			}
		}
		if len(m.Conflicts) == 0 {
			l, _, err := ledger.Decode(text)
			if err != nil || !bytes.Equal(l.Encode(), text) {
				t.Fatalf("not canonical, %v:\n%s", err, text)
			}
		}
		for name, same := range map[string]ledger.Merged{
			"with itself": ledger.Merge(base, ours, ours), "with its base": ledger.Merge(base, ours, base), "by its base": ledger.Merge(base, base, ours),
		} {
			if got := same.Encode(7); !bytes.Equal(got, ours.Encode()) {
				t.Fatalf("merged %s:\n%s\nwant\n%s", name, got, ours.Encode())
			}
		}
	})
}
