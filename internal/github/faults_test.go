package github_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/github/githubtest"
)

// TestRandomFaults posts verdicts through random sequences of faults. Whatever happens, there
// is at most one check run, its conclusion is the right one, each annotation is there once,
// a missing annotation is said, an error is returned where the verdict is not posted, what
// stays open is said, and the time is bounded.
func TestRandomFaults(t *testing.T) {
	n, seed, err := githubtest.Sequences(200)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for i := range n {
		seed := seed + uint64(i)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			count[faultSequence(t, seed)]++
		})
	}
	t.Logf("%d sequences from seed %d: %v", n, seed, count)
	if n >= 100 && (count["posted"] < n/4 || count["failed"] < n/20 || count["unannotated"] == 0) {
		t.Errorf("the sequences do not reach every outcome: %v", count)
	}
}

func faultSequence(t *testing.T, seed uint64) (outcome string) {
	random := rand.New(rand.NewPCG(seed, 0))
	s, client, c := start(t)
	s.PageSize = 1 + random.IntN(3)
	rate := []float64{0.1, 0.3, 0.6, 0.9}[random.IntN(4)]
	kinds := githubtest.Faults
	if random.IntN(2) == 0 {
		kinds = githubtest.Transient
	}
	s.Fault = func(int, *http.Request) githubtest.Fault {
		if random.Float64() < rate {
			return kinds[random.IntN(len(kinds))]
		}
		return ""
	}
	v := verdict(random.IntN(170))
	v.Conclusion = []string{"success", "neutral", "failure"}[random.IntN(3)]
	began := c.now
	var readOnly *github.ReadOnlyTokenError
	var unannotated, unclosed error
	check, err := client.Start(t.Context(), run)
	if err == nil {
		if unannotated, err = check.Finish(t.Context(), v); err != nil {
			unclosed = check.Abort(t.Context(), "failure", "Could not verify", "no")
		}
	} else if open := new(github.UnclosedError); errors.As(err, &open) {
		unclosed = open
	}
	if d := c.now.Sub(began); d > budget+10*time.Second {
		t.Errorf("it took %s", d)
	}
	if s.Requests() > 400 {
		t.Errorf("%d requests", s.Requests())
	}
	runs := s.Runs()
	if len(runs) > 1 {
		t.Fatalf("%d check runs", len(runs))
	}
	if len(runs) == 0 {
		if err == nil {
			t.Error("no check run, and no error")
		}
		return "failed"
	}
	r := runs[0]
	for i, a := range r.Annotations {
		if i >= len(v.Annotations) || a.Message != v.Annotations[i].Message {
			t.Fatalf("annotation %d is %q", i, a.Message)
		}
	}
	if errors.As(err, &readOnly) {
		t.Errorf("the check run is %s, and %v", r.Status, err)
	}
	if unannotated != nil && err == nil && !strings.Contains(r.Summary, "did not take the annotations") {
		t.Errorf("annotations are missing, and the summary is %q", r.Summary)
	}
	switch {
	case err == nil && (r.Status != "completed" || r.Conclusion != v.Conclusion):
		t.Errorf("no error, and the check run is %s, %s, want %s", r.Status, r.Conclusion, v.Conclusion)
	case err == nil && unannotated == nil && len(r.Annotations) != len(v.Annotations):
		t.Errorf("%d annotations, want %d", len(r.Annotations), len(v.Annotations))
	case err != nil && unclosed == nil && (r.Status != "completed" || !slices.Contains([]string{"failure", "cancelled"}, r.Conclusion)):
		t.Errorf("%v, and the check run is %s, %s, which nobody says", err, r.Status, r.Conclusion)
	}
	switch {
	case err != nil:
		return "failed"
	case unannotated != nil:
		return "unannotated"
	}
	return "posted"
}
