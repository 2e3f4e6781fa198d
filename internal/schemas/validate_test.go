package schemas

import (
	"errors"
	"strings"
	"testing"
)

func TestValidateAny(t *testing.T) {
	type entry struct {
		Path string `json:"path"`
	}
	var bad *Error
	err := ValidateAny(Ledger, map[string][]entry{"artifacts": {{"a"}}})
	if !errors.As(err, &bad) || bad.Problems[0].Pointer != "/artifacts/0" || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("got %v, want the missing keys of /artifacts/0", err)
	}
	if err := ValidateAny(Ledger, map[string][]entry{"artifacts": {}}); err != nil {
		t.Error(err)
	}
	if err := ValidateAny(Ledger, make(chan int)); err == nil {
		t.Error("a channel: accepted")
	}
}

func TestFactsAreValidatedWithPositions(t *testing.T) {
	_, err := Decode("facts", []byte("{\n\"effective_time\": 1}"), nil)
	var bad *Error
	if !errors.As(err, &bad) || len(bad.Problems) == 0 {
		t.Fatalf("got %v, want problems", err)
	}
	found := false
	for _, p := range bad.Problems {
		found = found || p.Pointer == "/effective_time" && p.Position == Position{2, 19}
	}
	if !found {
		t.Errorf("got %v, want one at /effective_time, 2:19", bad.Problems)
	}
}
