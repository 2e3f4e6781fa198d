package git

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSetRef: a ref is written as one commit without parents, whatever names its files
// have, and only by whoever knows what it named.
func TestSetRef(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			s := newSandbox(t, "--object-format="+format)
			s.Write("a", "1")
			s.commit()
			r := s.open()
			const ref = "refs/codexlock/vaulttime"
			if _, ok, err := r.Ref(t.Context(), ref); ok || err != nil {
				t.Fatalf("no ref: %v %v", ok, err)
			}
			at := time.Unix(1700000000, 0)
			names := []string{"a b", "q\"uote", "back\\slash", "new\nline", "tab\t", "é/x", "z"}
			var files []Written
			for _, n := range names {
				files = append(files, Written{Path: n, Data: []byte("of " + n)})
			}
			first, err := r.SetRef(t.Context(), ref, "", files, "Records", at)
			if err != nil {
				t.Fatal(err)
			}
			if c, ok, err := r.Ref(t.Context(), ref); c != first || !ok || err != nil {
				t.Fatalf("Ref = %v %v %v, want %v", c, ok, err, first)
			}
			slices.Sort(names)
			equal(t, "names", strings.Split(strings.TrimSuffix(s.Git("ls-tree", "-r", "-z", "--name-only", ref), "\x00"), "\x00"), names...)
			for i, n := range names {
				if data := s.Git("cat-file", "blob", ref+":"+n); data != "of "+n {
					t.Errorf("%q: %q", n, data)
				}
				files[i] = Written{Path: n, OID: s.Git("rev-parse", ref+":"+n)}
			}
			files[0] = Written{Path: files[0].Path, Data: []byte("renewed")}
			second, err := r.SetRef(t.Context(), ref, first, files, "Records", at.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if out := s.Git("rev-list", "--count", ref); strings.TrimSpace(out) != "1" {
				t.Errorf("%s commits, want 1", out)
			}
			var moved *RefMovedError
			if _, err := r.SetRef(t.Context(), ref, first, files, "Records", at); !errors.As(err, &moved) {
				t.Errorf("written over another's commit: %v", err)
			}
			if _, err := r.SetRef(t.Context(), ref, "", files, "Records", at); !errors.As(err, &moved) {
				t.Errorf("made where there is one: %v", err)
			}
			if c, _, _ := r.Ref(t.Context(), ref); c != second {
				t.Errorf("the ref is %v, want %v", c, second)
			}
			empty, err := r.SetRef(t.Context(), ref, second, nil, "Records", at)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Git("ls-tree", string(empty)); got != "" {
				t.Errorf("of no files: %q", got)
			}
		})
	}
}
