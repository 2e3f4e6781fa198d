package terminal

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// A bar is the line of a terminal that shows the progress of long work. It appears after a
// second, and is erased before anything else is printed.
type bar struct {
	out io.Writer
	now func() time.Time

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
func (b *bar) report(what string, done, total int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	now := b.now()
	if what != b.what || total != b.total {
		b.what, b.total, b.began = what, total, now
	}
	gone := now.Sub(b.began)
	switch {
	case done >= total:
		b.erase()
	case gone >= barPatience && now.Sub(b.last) >= barPause:
		left := time.Duration(float64(gone) / float64(done) * float64(total-done))
		b.last, b.shown = now, true
		_, _ = fmt.Fprintf(b.out, "\r\x1b[K%s: %d of %d, %s left", what, done, total, (left + time.Second - 1).Truncate(time.Second))
	}
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
