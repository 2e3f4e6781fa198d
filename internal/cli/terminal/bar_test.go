package terminal

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/progress"
)

// TestBar: it comes after a second, says how much time is left, and goes before anything
// else is printed and at the end.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := &bar{out: &out, now: func() time.Time { return now }, columns: 80}
	p := &painter{out: &out, bar: b}
	count := progress.Start(progress.With(t.Context(), b.report), "verify", 5)
	count.Step()
	now = now.Add(900 * time.Millisecond)
	count.Step()
	if out.Len() > 0 {
		t.Errorf("within a second it prints %q", &out)
	}
	now = now.Add(1100 * time.Millisecond)
	count.Step()
	if got, want := out.String(), "\r\x1b[Kverify: 3 of 5, 2s left"; got != want {
		t.Errorf("after two seconds it is %q, want %q", got, want)
	}
	out.Reset()
	if _, err := p.Write([]byte("a note\n")); err != nil || out.String() != "\r\x1b[Ka note\n" {
		t.Errorf("%v: a line next to it is %q", err, &out)
	}
	out.Reset()
	count.Step()
	if out.Len() > 0 {
		t.Errorf("it prints %q, 0 seconds after the last time", &out)
	}
	now = now.Add(time.Second)
	b.shown = true
	count.Step()
	if out.String() != "\r\x1b[K" {
		t.Errorf("at the end it is %q", &out)
	}
	progress.Start(context.Background(), "x", 3).Step() // nobody waits
}

// TestBarFits: a line that is wrapped could not be erased, so what does not fit is left out.
func TestBarFits(t *testing.T) {
	state := progress.State{What: "verify", Done: 3, Total: 9, Read: 3 << 29, Steps: 3}
	for columns, want := range map[int]string{
		80: "verify: 3 of 9, 1.5 GiB read, 6s left", 37: "verify: 3 of 9, 1.5 GiB read", 20: "verify: 3 of 9", 10: "verify: 3", 1: "", 0: "",
	} {
		if got := fitting(columns-1, text(state, 3*time.Second)); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}
