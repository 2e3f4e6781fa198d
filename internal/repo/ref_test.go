package repo

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
)

// TestSetRef: a ref is written as one commit without parents, whatever names its files
// have, and only by whoever knows what it named.
func TestSetRef(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			s := newSandbox(t, "--object-format="+format)
			s.write("a", "1")
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
			tree := mustTree(t, r, first)
			slices.Sort(names)
			got, err := tree.Names(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "names", got, names...)
			for i, n := range names {
				e := lookup(t, tree, artifact.Path(n))
				data, err := tree.Read(t.Context(), e, 1<<10)
				if err != nil || string(data) != "of "+n {
					t.Errorf("%q: %q %v", n, data, err)
				}
				files[i] = Written{Path: n, OID: e.OID}
			}
			files[0] = Written{Path: files[0].Path, Data: []byte("renewed")}
			second, err := r.SetRef(t.Context(), ref, first, files, "Records", at.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if out := s.git("rev-list", "--count", ref); strings.TrimSpace(out) != "1" {
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
			if got, _ := mustTree(t, r, empty).Names(t.Context()); len(got) > 0 {
				t.Errorf("of no files: %q", got)
			}
		})
	}
}
