package terminal

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/progress"
)

// A bar is the line of a terminal that shows the progress of long work. It appears after a
// second, and is erased before anything else is printed.
type bar struct {
	out     io.Writer
	now     func() time.Time
	columns int // the width; a line that is longer could not be erased

	lock  sync.Mutex
	what  string
	total int
	began time.Time
	last  time.Time // when it was printed
	shown bool
}

const (
	barPatience = time.Second            // shorter work has no bar
	barPause    = 100 * time.Millisecond // between two prints
)

// report is a progress.Reporter.
func (b *bar) report(s progress.State) {
	b.lock.Lock()
	defer b.lock.Unlock()
	now := b.now()
	if s.What != b.what || s.Total != b.total {
		b.what, b.total, b.began = s.What, s.Total, now
	}
	gone := now.Sub(b.began)
	switch {
	case s.Done >= s.Total:
		b.erase()
	case gone >= barPatience && now.Sub(b.last) >= barPause:
		b.last, b.shown = now, true
		_, _ = io.WriteString(b.out, "\r\x1b[K"+fitting(b.columns-1, text(s, gone)))
	}
}

// text returns the parts of the line, the most important first: the steps that are done, the
// bytes that were read, and the time that is left if the rest is as fast.
func text(s progress.State, gone time.Duration) []string {
	parts := []string{fmt.Sprintf("%s: %d of %d", s.What, s.Done, s.Total)}
	if s.Read >= 1<<20 {
		parts = append(parts, size(s.Read)+" read")
	}
	if s.Steps > 0 {
		left := time.Duration(float64(gone) / s.Steps * (float64(s.Total) - s.Steps))
		parts = append(parts, fmt.Sprint((left+time.Second-1).Truncate(time.Second), " left"))
	}
	return parts
}

// fitting joins as many of the parts as the columns can hold; they are ASCII.
func fitting(columns int, parts []string) string {
	line := parts[0]
	for _, part := range parts[1:] {
		if len(line)+2+len(part) > columns {
			break
		}
		line += ", " + part
	}
	return line[:min(len(line), max(columns, 0))]
}

// size formats a number of bytes: whole MiB, from 1 GiB on with one decimal.
func size(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}

// clear removes the line.
func (b *bar) clear() {
	if b == nil {
		return
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.erase()
}

func (b *bar) erase() {
	if b.shown {
		b.shown = false
		_, _ = io.WriteString(b.out, "\r\x1b[K")
	}
}
