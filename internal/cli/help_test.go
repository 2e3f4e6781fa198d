package cli

import (
	"io"
	"runtime"
	"testing"

	"github.com/codexlock/codexlock/internal/host"
)

// TestHelpLoadsNoRules: to load rules and schemas allocates tens of megabytes.
func TestHelpLoadsNoRules(t *testing.T) {
	for _, arg := range []string{"--help", "version"} {
		w := host.World{Args: []string{"codexlock", arg}, Stdout: io.Discard, Stderr: io.Discard, Env: func(string) (string, bool) { return "", false }}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if code := Main(t.Context(), w); code != 0 {
			t.Errorf("%s: exit code %d", arg, code)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
			t.Errorf("%s allocates %d bytes, want at most 2 MiB", arg, n)
		}
	}
}
