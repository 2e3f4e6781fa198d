package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/github/githubtest"
)

// TestRandomFaults runs the whole action through random sequences of faults. Whatever
// happens, the exit code, the check run, the outputs and the summary say the same:
//
//   - there is at most one check run, and each annotation is there once
//   - exit code 0 or 1 is the verdict, and the check run has that conclusion; or the token
//     may not write, and the verdict is in workflow commands
//   - exit code 3 leaves no check run that passes or stays open, unless an error says so
//   - the time is bounded
func TestRandomFaults(t *testing.T) {
	n, seed, err := githubtest.Sequences(25)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	count, longest := map[string]int{}, time.Duration(0)
	for i := range n {
		t.Run(fmt.Sprintf("seed %d", seed+uint64(i)), func(t *testing.T) {
			outcome, took := f.faultSequence(t, seed+uint64(i))
			count[outcome]++
			longest = max(longest, took)
		})
	}
	t.Logf("%d sequences from seed %d: %v, the longest %s", n, seed, count, longest)
	if n >= 10 && (count["0"]+count["1"] == 0 || count["3"] == 0) {
		t.Errorf("the sequences do not reach every outcome: %v", count)
	}
}

func (f *fixture) faultSequence(t *testing.T, seed uint64) (outcome string, took time.Duration) {
	random := rand.New(rand.NewPCG(seed, 1))
	s := newServer(t)
	rate := []float64{0.1, 0.3, 0.6}[random.IntN(3)]
	kinds := githubtest.Faults
	if random.IntN(2) == 0 {
		kinds = githubtest.Transient
	}
	readOnly := false
	s.Fault = func(int, *http.Request) githubtest.Fault {
		if random.Float64() >= rate {
			return ""
		}
		fault := kinds[random.IntN(len(kinds))]
		readOnly = readOnly || fault == githubtest.Forbidden
		return fault
	}
	pull, want, conclusion := "trusted", 0, "success"
	if random.IntN(2) == 0 {
		pull, want, conclusion = "denied", 1, "failure"
	}
	j := f.run(t.Context(), t, s, pull, nil)
	runs := s.Runs()
	if len(runs) > 1 {
		t.Fatalf("%d check runs", len(runs))
	}
	if j.took > 21*time.Minute {
		t.Errorf("it took %s", j.took)
	}
	open := strings.Contains(j.stdout, "::error title=Codexlock::the check run")
	switch j.code {
	case want:
		if j.outputOf("conclusion") != conclusion {
			t.Errorf("exit code %d, and the output is %q", j.code, j.outputOf("conclusion"))
		}
		if len(runs) == 0 && !(readOnly && strings.Contains(j.stderr, "may not write check runs")) {
			t.Error("there is no check run, and no reason")
		}
		if len(runs) == 1 && (runs[0].Status != "completed" || runs[0].Conclusion != conclusion) {
			t.Errorf("exit code %d, and the check run is %s, %s", j.code, runs[0].Status, runs[0].Conclusion)
		}
	case 3:
		if j.outputOf("conclusion") != "failure" || !strings.Contains(j.summary, "## ❌ ") || strings.Contains(j.summary, "## ✅") && !strings.HasPrefix(j.summary, "## ❌ The verdict is not posted") {
			t.Errorf("exit code 3, the output is %q, the summary %q", j.outputOf("conclusion"), j.summary)
		}
		if len(runs) == 1 && !open && (runs[0].Status != "completed" || !slices.Contains([]string{"failure", "cancelled", "timed_out"}, runs[0].Conclusion)) {
			t.Errorf("exit code 3, and the check run is %s, %s, which nobody says", runs[0].Status, runs[0].Conclusion)
		}
	default:
		t.Errorf("exit code %d, want %d or 3\n%s", j.code, want, j.stderr)
	}
	if len(runs) == 1 {
		seen := map[string]bool{}
		for _, a := range runs[0].Annotations {
			if seen[a.Message] {
				t.Errorf("an annotation is there twice: %q", a.Message)
			}
			seen[a.Message] = true
		}
		if n := len(seen); j.code == 1 && n == 0 && !strings.Contains(runs[0].Summary, "did not take the annotations") {
			t.Errorf("%d annotations, and the summary does not say why", n)
		}
	}
	return strconv.Itoa(j.code), j.took
}
