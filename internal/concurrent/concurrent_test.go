package concurrent

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

func TestStart(t *testing.T) {
	want := errors.New("bad")
	if v, err := Start(func() (int, error) { return 7, want })(); v != 7 || err != want {
		t.Errorf("got %d, %v", v, err)
	}
	panics(t, func() { _, _ = Start(func() (int, error) { panic("on purpose") })() })
}

func TestEach(t *testing.T) {
	const n = 1000
	var calls [n]atomic.Int32
	if err := Each(n, func(i int) error { calls[i].Add(1); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range calls {
		if c := calls[i].Load(); c != 1 {
			t.Errorf("%d calls for %d, want 1", c, i)
		}
	}
	if err := Each(0, func(int) error { return errors.New("called") }); err != nil {
		t.Error(err)
	}
}

// TestEachStops: after an error or a panic the rest is not begun, and the smallest
// number's error is returned.
func TestEachStops(t *testing.T) {
	const n = 100_000
	first, second := errors.New("first"), errors.New("second")
	var calls atomic.Int32
	err := Each(n, func(i int) error {
		calls.Add(1)
		switch i {
		case 0:
			return first
		case 1:
			return second
		}
		return nil
	})
	if err != first { // its call begins before that of any other
		t.Errorf("got %v, want %v", err, first)
	}
	if c := calls.Load(); c == n {
		t.Error("all calls began after an error")
	}
	panics(t, func() {
		_ = Each(n, func(i int) error {
			if i == 3 {
				panic("on purpose")
			}
			return nil
		})
	})
}

// panics checks that do panics with the work's own words.
func panics(t *testing.T, do func()) {
	t.Helper()
	defer func() {
		if p, _ := recover().(string); !strings.HasPrefix(p, "on purpose\n") {
			t.Errorf("the panic is %.40q, want that of the work", p)
		}
	}()
	do()
}
