package cli

import (
	"errors"
	"strings"
	"testing"
)

func TestConcurrently(t *testing.T) {
	want := errors.New("bad")
	if v, err := concurrently(func() (int, error) { return 7, want })(); v != 7 || err != want {
		t.Errorf("got %d, %v", v, err)
	}
	defer func() {
		if p, _ := recover().(string); !strings.HasPrefix(p, "on purpose\n") {
			t.Errorf("the panic is %.40q, want that of the work", p)
		}
	}()
	_, _ = concurrently(func() (int, error) { panic("on purpose") })()
	t.Error("no panic")
}
