package manifest

import (
	"slices"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

func TestMerge(t *testing.T) {
	made := func(content, creator, at string) Manifest {
		return Manifest{SHA256: artifact.HashBytes([]byte(content)), Creator: creator, GeneratedAt: at}
	}
	base := made("1", "ann", "2026-01-01T00:00:00Z")
	renewed := made("1", "ann", "2026-01-05T00:00:00Z")
	two, three := made("2", "ann", "2026-01-02T00:00:00Z"), made("3", "ann", "2026-01-03T00:00:00Z")
	bob, later := made("2", "bob", "2026-01-03T00:00:00Z"), made("2", "ann", "2026-01-04T00:00:00Z")
	for name, c := range map[string]struct {
		base         *Manifest
		ours, theirs Manifest
		want         *Manifest
	}{
		"one changed":             {&base, base, two, &two},
		"one only renewed":        {&base, renewed, two, &two},
		"both renewed":            {&base, base, renewed, &renewed},
		"the same content":        {&base, two, later, &later},
		"the same, no base":       {nil, two, later, &later},
		"two contents":            {&base, two, three, nil},
		"two creators":            {&base, two, bob, nil},
		"two contents, no base":   {nil, two, three, nil},
		"renewed, without a base": {nil, renewed, two, nil},
	} {
		for _, sides := range [][2]Manifest{{c.ours, c.theirs}, {c.theirs, c.ours}} {
			got, ok := Merge(c.base, sides[0], sides[1])
			if ok != (c.want != nil) || ok && string(got.Encode()) != string(c.want.Encode()) {
				t.Errorf("%s: got %s, %v", name, got.Encode(), ok)
			}
		}
	}
	if got := Differing(two, bob); !slices.Equal(got, []string{"creator"}) {
		t.Errorf("got %q", got)
	}
	if got := Differing(base, Manifest{Creator: "ann", Network: []string{}}); !slices.Equal(got, []string{"network", "sha256"}) {
		t.Errorf("got %q", got)
	}
}
