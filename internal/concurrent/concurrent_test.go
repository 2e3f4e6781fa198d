package concurrent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestStart(t *testing.T) {
	want := errors.New("bad")
	if v, err := Start(func() (int, error) { return 7, want })(); v != 7 || err != want {
		t.Errorf("got %d, %v", v, err)
	}
	defer func() {
		if p, _ := recover().(string); !strings.HasPrefix(p, "on purpose\n") {
			t.Errorf("the panic is %.40q, want that of the work", p)
		}
	}()
	_, _ = Start(func() (int, error) { panic("on purpose") })()
	t.Error("no panic")
}

func TestEachReturnsTheFirstError(t *testing.T) {
	done := make([]bool, 100)
	if err := Each(len(done), func(i int) error { done[i] = true; return nil }); err != nil || slices.Contains(done, false) {
		t.Errorf("%v, %v", err, done)
	}
	err := Each(len(done), func(i int) error { return fmt.Errorf("%d", i) })
	if err == nil || err.Error() != "0" {
		t.Errorf("error %v, want that of the smallest", err)
	}
	if err := Each(0, nil); err != nil {
		t.Error(err)
	}
}
