package repo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/trees"
)

// TestOverlay: a tree with a change on it answers as the work tree does once the
// change was made.
func TestOverlay(t *testing.T) {
	s := newSandbox(t)
	for name, text := range map[string]string{"a": "a\n", "b": "b\n", "in/c": "c\n", "in/\xff": "raw\n", "z": "z\n"} {
		s.Write(name, text)
	}
	head := s.commit()
	r := s.open()
	work := mustWorkTree(t, r)
	on := map[string]trees.Overlaid{
		"b": {Gone: true}, "in/c": {Gone: true}, "in/\xff": {Gone: true}, "z": {Data: []byte("new\n"), Perm: 0o755},
		"new/folder/c": {From: "in/c", Perm: 0o444}, "new/raw": {From: "in/\xff", Perm: 0o400}, "new/none": {From: "none", Perm: 0o444},
	}
	over := r.Overlay(work, on)
	list := func(tree trees.Tree) (files []string) {
		for e, err := range tree.Entries(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			text, err := tree.Read(t.Context(), e, 100)
			if err != nil {
				t.Fatal(err)
			}
			var seen bytes.Buffer
			digest, size, first, err := tree.Hash(t.Context(), e, &seen)
			if err != nil || digest != artifact.HashBytes(text) || size != int64(len(text)) || !bytes.Equal(first, text) || !bytes.Equal(seen.Bytes(), text) {
				t.Errorf("%s: hash %v of %d bytes, %v", e.Path, digest, size, err)
			}
			again, ok, err := tree.Lookup(t.Context(), artifact.Path(e.Path))
			if err != nil || !ok || again != e {
				t.Errorf("looked up %+v, %v, want %+v", again, err, e)
			}
			id, _, err := r.ObjectID(t.Context(), tree, e)
			if err != nil {
				t.Error(err)
			}
			files = append(files, fmt.Sprintf("%q %s %o %s %q", e.Path, e.Mode, e.Perm, id, text))
		}
		return files
	}
	got, differ := list(over), changes(t, r, mustTree(t, r, head), over)
	for _, p := range []artifact.Path{"b", "in/c", "new/none", "none"} {
		if e, ok, err := over.Lookup(t.Context(), p); ok || err != nil {
			t.Errorf("%s is there: %+v, %v", p, e, err)
		}
	}
	if e, ok, err := over.Lookup(t.Context(), "new"); !ok || err != nil || e.Kind != trees.Directory {
		t.Errorf("the new folder is %+v, %v", e, err)
	}
	if _, err := over.Read(t.Context(), trees.Entry{Path: "z"}, 2); err == nil {
		t.Error("read over its limit")
	}
	s.Write("new/folder/c", "c\n")
	s.Write("new/raw", "raw\n")
	s.Write("z", "new\n")
	if err := errors.Join(os.Remove(s.Path("b")), os.RemoveAll(s.Path("in")), os.Chmod(s.Path("z"), 0o755),
		os.Chmod(s.Path("new/folder/c"), 0o444), os.Chmod(s.Path("new/raw"), 0o400)); err != nil {
		t.Fatal(err)
	}
	want := list(work)
	equal(t, "entries", got, want...)
	equal(t, "changes", differ, changes(t, r, mustTree(t, r, head), work)...)
	if len(got) != 4 || len(differ) != 6 {
		t.Errorf("%d entries and %d changes, want 4 and 6", len(got), len(differ))
	}
}
