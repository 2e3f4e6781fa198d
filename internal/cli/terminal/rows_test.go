package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRows(t *testing.T) {
	text := "trust domain default: 1 artifact, records for at most 24 h\n" +
		"      key            ddc0fdd00853c464 current, 0 days old, rotation due in 89 days, 1 record\n[✓] valid until then, and whatever else is said there\n"
	want := "trust domain default: 1 artifact, records for at most 24 h\n" +
		"      key            ddc0fdd00853c464 current, 0 days old,\n                     rotation due in 89 days, 1 record\n[✓] valid until then, and whatever else is said there\n"
	if got := Rows(text, 60); got != want {
		t.Errorf("60 columns:\n%s\nwant\n%s", got, want)
	}
	if got := Rows(text, 0); got != text {
		t.Errorf("no terminal:\n%s", got)
	}
	for columns := 20; columns < 120; columns++ {
		for _, line := range strings.Split(Rows(text, columns), "\n") {
			if n := utf8.RuneCountInString(line); n > columns && !strings.HasPrefix(line, "[") {
				t.Errorf("%d columns: a line has %d: %q", columns, n, line)
			}
		}
	}
}
