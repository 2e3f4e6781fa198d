package collision

import (
	"context"
	"hash/maphash"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/namefold"
	"github.com/codexlock/codexlock/internal/trees"
)

// onlyListed returns the paths of the head's ledger at which the tree has no file, sorted.
func onlyListed(set *changeset.Set, names []string) []string {
	var paths []string
	next := 0 // a ledger is mostly written in the order of the names
	for p := range set.Ledger.Paths() {
		name := p.String()
		if next > 0 && names[next-1] >= name {
			next, _ = slices.BinarySearch(names, name)
		}
		for next < len(names) && names[next] < name {
			next++
		}
		if next == len(names) || names[next] != name {
			paths = append(paths, name)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// mayCollide reports whether any two paths can have one folded form. In nearly every repository
// none can. This reads each name once, while finding the pairs needs a table of all names.
//
// Of two files or folders that collide in one folder, at least one has a name that is not its own
// folded form: the other name is that form, or has the same. If paths in two folders collide, the
// folders collide.
func mayCollide(ctx context.Context, set *changeset.Set, names, onlyListed []string) (bool, error) {
	for _, folder := range set.Config.IncludeFolders() {
		if folder == "." {
			continue
		}
		if _, there, err := set.Head.Lookup(ctx, artifact.Path(folder)); err != nil || !there {
			return true, err // a folder with another name may be taken for it
		}
	}
	return haveSuspects(names, onlyListed), nil
}

// mayBring reports whether any path that is under judgement, or that the change brings, can have
// the folded form of another path. Only the siblings of these paths, and of the folders that they
// are in, can have it.
func mayBring(ctx context.Context, set *changeset.Set) (bool, error) {
	brought := slices.Concat(set.Artifacts, set.Relisted, set.Config.IncludeFolders())
	for name, status := range set.Changes.All() {
		if status != trees.Removed {
			brought = append(brought, name)
		}
	}
	folders := map[string]bool{}
	for _, name := range brought {
		for dir := path.Dir(name); !folders[dir] && filepath.IsLocal(dir); dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	there, ok, err := trees.Siblings(ctx, set.Head, slices.Sorted(maps.Keys(folders)))
	if err != nil || !ok {
		return true, err
	}
	brought = slices.DeleteFunc(brought, func(name string) bool { return name == "." })
	slices.Sort(brought)
	return haveSuspects(there, brought), nil
}

// haveSuspects reports whether two of the paths, which are sorted, may collide.
func haveSuspects(lists ...[]string) bool {
	s := suspects{lists: lists, seed: maphash.MakeSeed(), forms: map[uint64]string{}}
	for _, names := range lists {
		before := ""
		for _, name := range names {
			if s.collides(name, before) {
				return true
			}
			before = name
		}
	}
	return false
}

// suspects are the paths whose last part is not its own folded form, by folder and form.
type suspects struct {
	lists [][]string // all paths, each list sorted
	seed  maphash.Seed
	forms map[uint64]string
}

// collides reports whether a path can collide with another one, or a folder above it that the
// name before does not have.
func (s *suspects) collides(name, before string) bool {
	for start := 0; start < len(name); {
		end := len(name)
		if slash := strings.IndexByte(name[start:], '/'); slash >= 0 {
			end = start + slash
		}
		isNew := end == len(name) || !strings.HasPrefix(before, name[:end+1])
		if isNew && !isFolded(name[start:end]) && s.meets(name[:end], start) {
			return true
		}
		start = end + 1
	}
	return false
}

// meets reports whether a path, whose last part begins at start, has the form of another one in
// its folder.
func (s *suspects) meets(path string, start int) bool {
	form := path[:start] + namefold.Fold(path[start:])
	hash := maphash.String(s.seed, form)
	other, met := s.forms[hash]
	s.forms[hash] = path
	return met && other != path || form != path && s.exists(form)
}

// exists reports whether a file or folder exists.
func (s *suspects) exists(path string) bool {
	for _, names := range s.lists {
		i, found := slices.BinarySearch(names, path)
		if found {
			return true
		}
		// Names with another character than a slash may come in between.
		j, _ := slices.BinarySearch(names[i:], path+"/")
		if i+j < len(names) && strings.HasPrefix(names[i+j], path+"/") {
			return true
		}
	}
	return false
}

// isFolded reports whether a part of a path is surely its own folded form: characters
// of ASCII, none a capital, and no dot or space at its end.
func isFolded(part string) bool {
	for i := range len(part) {
		if c := part[i]; c >= 0x80 || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return part == "" || part[len(part)-1] != '.' && part[len(part)-1] != ' '
}
