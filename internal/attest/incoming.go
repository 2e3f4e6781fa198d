package attest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
)

// The folders of files that are not sources yet (ZT-6.1).
const (
	IncomingDir   = "assets/incoming"
	SourcesDir    = "assets/sources"
	QuarantineDir = "assets/quarantine"
)

// The limits of one ingest. Larger or deeper folders are ingested in parts.
const (
	maxIncoming      = 100_000
	maxIncomingDepth = 64
)

// An IncomingFile is a file in assets/incoming/ that is to become an artifact.
type IncomingFile struct {
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

// FindIncoming returns the files below assets/incoming/, or the named ones, with their
// companions; a folder stands for all files in it. Anything but a regular file is skipped
// and never opened.
func FindIncoming(root string, named []artifact.Path) ([]IncomingFile, []Left, error) {
	l := lister{work: txn.NewTree(root), files: map[string]bool{}}
	err := l.list(IncomingDir, 0)
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
	var arrivals []IncomingFile
	for _, name := range wanted {
		if l.owner(name) != "" {
			continue
		}
		a := IncomingFile{From: txn.RawPath(name), To: artifact.Path(SourcesDir + strings.TrimPrefix(name, IncomingDir)), Companions: map[artifact.Companion]txn.RawPath{}}
		for _, kind := range artifact.Companions {
			if at := name + kind.Suffix(); l.files[at] {
				a.Companions[kind] = txn.RawPath(at)
			}
		}
		arrivals = append(arrivals, a)
	}
	return arrivals, l.left, nil
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
		return &RefusedError{Path: folder, Reason: fmt.Sprintf("is more than %d folders deep", maxIncomingDepth)}
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
			l.left = append(l.left, Left{escape(name), "is a Git directory"})
		case mode.IsDir():
			if err := l.list(name, depth+1); err != nil {
				return err
			}
		case !mode.IsRegular():
			l.left = append(l.left, Left{escape(name), fmt.Sprintf("is %s, want a regular file", txn.Kind(mode))})
		default:
			l.files[name] = true
			if len(l.files) > maxIncoming {
				return &RefusedError{Path: IncomingDir, Reason: fmt.Sprintf("holds over %d files; name some of them", maxIncoming)}
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
		if p != IncomingDir && !inside(p, IncomingDir) {
			return nil, &RefusedError{Path: p.String(), Reason: "is not in " + IncomingDir + "/; put files there first"}
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
			return nil, &RefusedError{Path: p.String(), Reason: "does not exist"}
		}
	}
	l.left = slices.DeleteFunc(l.left, func(left Left) bool {
		return !slices.ContainsFunc(named, func(p artifact.Path) bool {
			return left.Path == p.String() || strings.HasPrefix(left.Path, p.String()+"/")
		})
	})
	return slices.DeleteFunc(all, func(name string) bool { return !want[name] }), nil
}
