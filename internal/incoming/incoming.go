// Package incoming has the files that are not sources yet, in assets/incoming/, and those that
// were rejected, in assets/quarantine/. It finds and describes them, and adds what it moves to
// quarantine to a change. It decides nothing: internal/attest imports, and a caller judges.
package incoming

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/namefold"
	"github.com/codexlock/codexlock/internal/txn"
)

// The folders of files that are not sources yet (ZT-6.1).
const (
	Dir           = "assets/incoming"
	SourcesDir    = "assets/sources"
	QuarantineDir = "assets/quarantine"
)

// The limits of one ingest. Larger or deeper folders are ingested in parts.
const (
	maxIncoming      = 100_000
	maxIncomingDepth = 64
)

// A Finding is a rule's finding about an incoming file.
type Finding struct {
	Rule        string `json:"rule"`
	Kind        string `json:"-"` // what the rule's findings mean
	Requirement string `json:"requirement"`
	File        string `json:"file"`
	Line        int    `json:"line"`
	Column      int    `json:"column"`
	Message     string `json:"message"`
	Fix         string `json:"fix"`
}

// A File is a file in assets/incoming/ that is to become an artifact.
type File struct {
	From txn.RawPath
	To   artifact.Path // its new path; not parsed: its name may be invalid
	// Companions are the companions next to it.
	Companions map[artifact.Companion]txn.RawPath
	// Anew means that its companions are not trusted and stay where they are: only
	// the provenance in the manifest is kept.
	Anew bool
	// Replace allows replacing other content at To.
	Replace bool
}

// A Left is a file that is skipped, with the reason.
type Left struct {
	Path   string // escaped
	Reason string
}

// Find returns the files below assets/incoming/, or the named ones, with their
// companions; a folder stands for all files in it. Anything but a regular file is skipped
// and never opened.
func Find(root string, named []artifact.Path) ([]File, []Left, error) {
	l := lister{work: txn.NewTree(root), files: map[string]bool{}}
	err := l.list(Dir, 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, nil, err
	}
	wanted, err := l.wanted(named)
	if err != nil {
		return nil, nil, err
	}
	var found []File
	for _, name := range wanted {
		if l.owner(name) != "" {
			continue
		}
		a := File{From: txn.RawPath(name), To: artifact.Path(SourcesDir + strings.TrimPrefix(name, Dir)), Companions: map[artifact.Companion]txn.RawPath{}}
		for _, kind := range artifact.Companions {
			if at := name + kind.Suffix(); l.files[at] {
				a.Companions[kind] = txn.RawPath(at)
			}
		}
		found = append(found, a)
	}
	return found, l.left, nil
}

type lister struct {
	work  txn.Tree
	files map[string]bool
	left  []Left
}

// kept are files that belong to a folder in Git, not artifacts.
var kept = []string{".gitkeep", ".gitignore", ".gitattributes"}

func (l *lister) list(folder string, depth int) error {
	if depth > maxIncomingDepth {
		return &txn.RefusedError{Path: folder, Reason: fmt.Sprintf("is more than %d folders deep", maxIncomingDepth)}
	}
	names, err := l.work.List(folder)
	if err != nil {
		return err
	}
	for _, base := range names {
		name := folder + "/" + base
		mode, there, err := l.work.Lstat(artifact.Path(name))
		switch {
		case err != nil:
			return err
		case !there || slices.Contains(kept, base):
		case strings.EqualFold(base, ".git"):
			l.left = append(l.left, Left{Quote(name), "is a Git directory"})
		case mode.IsDir():
			if err := l.list(name, depth+1); err != nil {
				return err
			}
		case !mode.IsRegular():
			l.left = append(l.left, Left{Quote(name), fmt.Sprintf("is %s, want a regular file", txn.Kind(mode))})
		default:
			l.files[name] = true
			if len(l.files) > maxIncoming {
				return &txn.RefusedError{Path: Dir, Reason: fmt.Sprintf("holds over %d files; name some of them", maxIncoming)}
			}
		}
	}
	return nil
}

// owner returns the file whose companion a name is, or "".
func (l *lister) owner(name string) string {
	for _, kind := range artifact.Companions {
		owner, ok := strings.CutSuffix(name, kind.Suffix())
		if ok && l.files[owner] && path.Base(owner) != "." && l.owner(owner) == "" {
			return owner
		}
	}
	return ""
}

// wanted returns the named files, in order; a companion stands for its owner.
func (l *lister) wanted(named []artifact.Path) ([]string, error) {
	all := slices.Sorted(func(yield func(string) bool) {
		for name := range l.files {
			if !yield(name) {
				return
			}
		}
	})
	if len(named) == 0 {
		return all, nil
	}
	want := map[string]bool{}
	for _, p := range named {
		if p != Dir && !namefold.Inside(p.String(), Dir) {
			return nil, &txn.RefusedError{Path: p.String(), Reason: "is not in " + Dir + "/; put files there first"}
		}
		hit := false
		for _, name := range all {
			if name == p.String() || strings.HasPrefix(name, p.String()+"/") || l.owner(p.String()) == name {
				want[name], hit = true, true
			}
		}
		for _, left := range l.left {
			hit = hit || left.Path == p.String()
		}
		if !hit {
			return nil, &txn.RefusedError{Path: p.String(), Reason: "does not exist"}
		}
	}
	l.left = slices.DeleteFunc(l.left, func(left Left) bool {
		return !slices.ContainsFunc(named, func(p artifact.Path) bool {
			return left.Path == p.String() || strings.HasPrefix(left.Path, p.String()+"/")
		})
	})
	return slices.DeleteFunc(all, func(name string) bool { return !want[name] }), nil
}
