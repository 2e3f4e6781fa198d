package hosts_test

import (
	"slices"
	"testing"

	"github.com/codexlock/codexlock/internal/script/hosts"
	"github.com/codexlock/codexlock/internal/script/words"
)

// TestHostOfAWord: each form has its host, none where the word is no such form, and an empty
// one where it is known only at run time.
func TestHostOfAWord(t *testing.T) {
	always := func(of func(string) string) func(string) (string, bool) {
		return func(code string) (string, bool) { return of(code), true }
	}
	for _, tt := range []struct {
		form string
		of   func(string) (string, bool)
		code string
		host string
		ok   bool
	}{
		{"URL", always(hosts.OfURL), "https://u:p@a.example:8443/b?c#d", "a.example", true},
		{"URL", always(hosts.OfURL), "https://[::1]:80/", "::1", true},
		{"URL", always(hosts.OfURL), "https://a.example/" + words.Hole, "a.example", true},
		{"URL", always(hosts.OfURL), "https://" + words.Hole + "/a", "", true},
		{"address", always(hosts.OfAddress), "u@a.example:22", "a.example", true},
		{"address", always(hosts.OfAddress), "a.example:" + words.Hole, "a.example", true},
		{"address", always(hosts.OfAddress), words.Hole + ":22", "", true},
		{"address", always(hosts.OfAddress), "ssh://a.example:22", "a.example", true},
		{"scp", hosts.OfSCP, "u@a.example:b", "a.example", true},
		{"scp", hosts.OfSCP, "u@" + words.Hole + ":b", "", true},
		{"scp", hosts.OfSCP, "./a:b", "", false},
		{"scp", hosts.OfSCP, words.Hole + ":b", "", false},
		{"image", hosts.OfImage, "a/b:c", "docker.io", true},
		{"image", hosts.OfImage, "a.example:5000/b", "a.example", true},
		{"image", hosts.OfImage, "oci-archive:a", "", false},
		{"image", hosts.OfImage, words.Hole, "", true},
	} {
		if host, ok := tt.of(tt.code); host != tt.host || ok != tt.ok {
			t.Errorf("%s %s is %q, %v, want %q, %v", tt.form, tt.code, host, ok, tt.host, tt.ok)
		}
	}
	for host, want := range map[string]bool{"LocalHost": true, "a.localhost": true, "[::1]": true, "127.0.0.2": true, "0.0.0.0": true, "10.0.0.1": false, "localhost.example": false, "": false} {
		if hosts.IsLocal(host) != want {
			t.Errorf("%q is this machine: %v, want %v", host, !want, want)
		}
	}
	if got := hosts.SplitColons("a:[::1]:b:"); !slices.Equal(got, []string{"a", "[::1]", "b", ""}) {
		t.Errorf("split at %q", got)
	}
}
