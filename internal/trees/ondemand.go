package trees

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
)

// A lazyTree is the tree of a commit of which a folder is read when something in it is
// asked for, so that what is looked up and compared costs no more in a large repository.
// Its listing is made when all names are asked for.
type lazyTree struct {
	r      *Reader
	commit git.Commit
	root   string // the id of its tree; "" for no tree at all

	mu    sync.Mutex
	whole *commitTree
	first *MalformedTreeError // of the first entry that was met and that git does not write
}

// TreeOnDemand is Tree for a commit of which few files are wanted: folders are read when
// something in them is asked for. What is wrong with a folder is an error then.
func (r *Reader) TreeOnDemand(ctx context.Context, c git.Commit) (Tree, error) {
	header, err := r.ReadCommit(ctx, c)
	if err != nil {
		return nil, err
	}
	t := &lazyTree{r: r, commit: c, root: header.Tree}
	if _, err := t.folder(ctx, t.root, ""); err != nil {
		return nil, fmt.Errorf("list commit %s: %w", c, err)
	}
	return t, nil
}

// A treeFolder is a tree object, taken apart. It does not change.
type treeFolder struct {
	entries []treeEntry // sorted as git sorts them: a folder's name as if a slash ended it
	odd     *oddEntry
}

// A treeEntry is an entry of a tree object.
type treeEntry struct {
	name string
	oid  string // in binary
	mode uint8  // into the table modes
}

func (e treeEntry) isFolder() bool { return modes[e.mode].kind == Directory }

// entry is what a tree has at the path.
func (e treeEntry) entry(path string) Entry {
	mode := modes[e.mode]
	return Entry{Path: path, Kind: mode.kind, Mode: mode.text, Size: -1, OID: e.id()}
}

func (e treeEntry) id() string { return hex.EncodeToString([]byte(e.oid)) }

// An oddEntry is one that git does not write.
type oddEntry struct {
	treeEntry
	written string // its mode
}

// compare is the order of git: that of the bytes of the paths of all that is in them.
func (e treeEntry) compare(f treeEntry) int {
	n := min(len(e.name), len(f.name))
	if order := strings.Compare(e.name[:n], f.name[:n]); order != 0 {
		return order
	}
	return e.after(n) - f.after(n)
}

// after is the byte at an index of the name, which a folder's slash ends.
func (e treeEntry) after(n int) int {
	switch {
	case n < len(e.name):
		return int(e.name[n])
	case e.isFolder():
		return '/'
	}
	return -1
}

// find is the entry with a name, a file's or a folder's.
func (f *treeFolder) find(name string) (treeEntry, bool) {
	for _, mode := range [...]uint8{0, directoryMode} {
		i, found := slices.BinarySearchFunc(f.entries, treeEntry{name: name, mode: mode}, treeEntry.compare)
		if found {
			return f.entries[i], true
		}
	}
	return treeEntry{}, false
}

// folders are the tree objects that were read, by their ids: base and head have most of
// them in common.
type folders struct {
	mu      sync.Mutex
	read    map[string]*treeFolder
	entries int
	bytes   int
}

// maxFolders is how many trees of the largest size are kept at once: those of the head,
// of the commit that it is compared with, and of the one that is believed.
const maxFolders = 3

func (c *folders) get(oid string) *treeFolder {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read[oid]
}

func (c *folders) put(oid string, f *treeFolder, bytes int) (fits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read == nil {
		c.read = map[string]*treeFolder{}
	}
	if c.read[oid] == nil {
		c.read[oid] = f
		c.entries += len(f.entries)
		c.bytes += bytes
	}
	return c.entries <= maxFolders*MaxEntries && c.bytes <= maxFolders*maxNameBytes
}

// folder reads a tree object, or takes it from those that were read. dir is where it
// stands, and ends in a slash.
func (t *lazyTree) folder(ctx context.Context, oid, dir string) (*treeFolder, error) {
	if oid == "" {
		return &treeFolder{}, nil
	}
	f := t.r.folders.get(oid)
	if f == nil {
		data, err := t.r.Objects().Read(ctx, git.Request{OID: oid, Kind: "tree", Path: dir, Limit: maxTree})
		if err != nil {
			return nil, err
		}
		if f, err = t.parse(oid, dir, string(data)); err != nil {
			return nil, err
		}
	}
	if f.odd != nil {
		t.note(dir, f.odd)
	}
	return f, nil
}

func (t *lazyTree) limits() *Limits { return &Limits{Of: "commit " + string(t.commit)} }

// note keeps the first entry that git does not write.
func (t *lazyTree) note(dir string, odd *oddEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first == nil {
		w := walker{Limits: *t.limits()}
		w.note([]byte(odd.written), odd.mode, odd.name, dir+odd.name)
		t.first = w.first
	}
}

// parse takes a tree object apart, and keeps it.
func (t *lazyTree) parse(oid, dir, text string) (*treeFolder, error) {
	f := &treeFolder{}
	size := t.r.IDSize()
	bytes := len(text)
	for len(text) > 0 {
		head, rest, ok := strings.Cut(text, "\x00")
		written, name, spaced := strings.Cut(head, " ")
		if !ok || !spaced || len(rest) < size {
			return nil, &git.CorruptObjectError{OID: oid, Path: dir, Reason: "is no tree"}
		}
		if name == "" || strings.IndexByte(name, '/') >= 0 {
			return nil, t.limits().malformed("has an entry with the name %q in folder %q", name, dir)
		}
		mode, known := readMode(written)
		if !known {
			return nil, t.limits().malformed("has an entry with the mode %q at %q", written, dir+name)
		}
		e := treeEntry{name: name, oid: rest[:size], mode: mode}
		if w := (walker{}); f.odd == nil {
			if w.note([]byte(written), mode, name, name); w.first != nil {
				f.odd = &oddEntry{treeEntry: e, written: written}
			}
		}
		f.entries = append(f.entries, e)
		text = rest[size:]
	}
	if !slices.IsSortedFunc(f.entries, treeEntry.compare) {
		slices.SortFunc(f.entries, treeEntry.compare)
	}
	for i, e := range f.entries {
		twice := i > 0 && f.entries[i-1].compare(e) == 0
		if !twice && e.isFolder() {
			_, twice = slices.BinarySearchFunc(f.entries, treeEntry{name: e.name}, treeEntry.compare)
		}
		if twice {
			return nil, t.limits().malformed("has two entries at %q", dir+e.name)
		}
	}
	if !t.r.folders.put(oid, f, bytes) {
		return nil, t.limits().exceeded("has over %d entries, or paths of over %d bytes in all", MaxEntries, maxNameBytes)
	}
	return f, nil
}

// ahead reads folders with one round trip. What is wrong with one is found when it is met.
func (t *lazyTree) ahead(ctx context.Context, wanted []git.Request) error {
	if len(wanted) < 2 {
		return nil
	}
	return t.r.Objects().ReadEach(ctx, wanted, func(i int, data []byte, err error) {
		if err == nil {
			_, _ = t.parse(wanted[i].OID, wanted[i].Path, string(data))
		}
	})
}

func (t *lazyTree) Lookup(ctx context.Context, p artifact.Path) (Entry, bool, error) {
	oid, name := t.root, string(p)
	for at := 0; ; {
		f, err := t.folder(ctx, oid, name[:at])
		if err != nil {
			return Entry{}, false, fmt.Errorf("look up %q: %w", name, err)
		}
		part, _, below := strings.Cut(name[at:], "/")
		e, ok := f.find(part)
		switch {
		case !ok || below && !e.isFolder():
			return Entry{}, false, nil
		case !below:
			return e.entry(name), true, nil
		}
		oid, at = e.id(), at+len(part)+1
	}
}

func (t *lazyTree) Open(ctx context.Context, p artifact.Path) (*Handle, bool, error) {
	e, ok, err := t.Lookup(ctx, p)
	return &Handle{Entry: e, tree: t}, ok, err
}

// listed is the tree with its listing.
func (t *lazyTree) listed(ctx context.Context) (*commitTree, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.whole == nil {
		whole, err := t.r.Tree(ctx, t.commit)
		if err != nil {
			return nil, err
		}
		t.whole = whole.(*commitTree)
	}
	return t.whole, nil
}

func (t *lazyTree) Names(ctx context.Context) ([]string, error) {
	whole, err := t.listed(ctx)
	if err != nil {
		return nil, err
	}
	return whole.Names(ctx)
}

func (t *lazyTree) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		whole, err := t.listed(ctx)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		whole.Entries(ctx)(yield)
	}
}

func (t *lazyTree) Read(ctx context.Context, e Entry, limit int64) ([]byte, error) {
	return t.r.ReadBlob(ctx, e, limit)
}

func (t *lazyTree) Hash(ctx context.Context, e Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	return t.r.HashBlob(ctx, e, also)
}

// lazily is a tree that can be compared folder by folder; ok is false for one that
// cannot.
func lazily(t Tree) (lazy *lazyTree, ok bool) {
	switch t := t.(type) {
	case *lazyTree:
		return t, true
	case *commitTree:
		return &lazyTree{r: t.r}, t.files.len() == 0 && t.folders.len() == 0
	}
	return nil, false
}

// A comparison walks two trees at once. Folders with one id are the same, and are not
// read.
type comparison struct {
	ctx        context.Context
	base, head *lazyTree
	within     Within
	only       func(path string) bool
	yield      func(Delta, error) bool
	visited    [2]Limits
}

// lazyPairs is pairs for two trees that are read on demand.
func lazyPairs(ctx context.Context, base, head *lazyTree, within Within, only func(path string) bool) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		c := comparison{ctx: ctx, base: base, head: head, within: within, only: only, yield: yield,
			visited: [2]Limits{*base.limits(), *head.limits()}}
		if _, err := c.folders("", base.root, head.root); err != nil {
			yield(Delta{}, err)
		}
	}
}

// folders compares what two folders have at one path; "" is the id of none. It reports
// whether more is wanted.
func (c *comparison) folders(dir, base, head string) (more bool, err error) {
	if base == head {
		return true, nil
	}
	if err := c.ctx.Err(); err != nil {
		return false, fmt.Errorf("list base: %w", err)
	}
	b, err := c.base.folder(c.ctx, base, dir)
	if err != nil {
		return false, fmt.Errorf("list base: %w", err)
	}
	h, err := c.head.folder(c.ctx, head, dir)
	if err != nil {
		return false, fmt.Errorf("list head: %w", err)
	}
	if err := c.ahead(dir, b.entries, h.entries); err != nil {
		return false, err
	}
	for before, after := range abreast(b.entries, h.entries) {
		if more, err := c.entries(dir, before, after); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// abreast yields the entries of two folders in order, those with one name and of one kind
// (folder or not) together.
func abreast(b, h []treeEntry) iter.Seq2[*treeEntry, *treeEntry] {
	return func(yield func(*treeEntry, *treeEntry) bool) {
		for len(b) > 0 || len(h) > 0 {
			var before, after *treeEntry
			order := 0
			switch {
			case len(b) == 0:
				order = 1
			case len(h) == 0:
				order = -1
			default:
				order = b[0].compare(h[0])
			}
			if order <= 0 {
				before, b = &b[0], b[1:]
			}
			if order >= 0 {
				after, h = &h[0], h[1:]
			}
			if !yield(before, after) {
				return
			}
		}
	}
}

// entries compares what two folders have under one name.
func (c *comparison) entries(dir string, before, after *treeEntry) (more bool, err error) {
	if before != nil && after != nil && before.mode == after.mode && before.oid == after.oid {
		return true, nil
	}
	var d Delta
	var ids [2]string
	for i, e := range []*treeEntry{before, after} {
		if e == nil {
			continue
		}
		d.Path = dir + e.name
		if err := c.visited[i].Count(d.Path); err != nil {
			return false, err
		}
		ids[i] = e.id()
	}
	if before != nil && before.isFolder() || after != nil && after.isFolder() {
		if !c.within.Leads(d.Path) {
			return true, nil
		}
		return c.folders(d.Path+"/", ids[0], ids[1])
	}
	switch {
	case !c.within.Holds(d.Path) || c.only != nil && !c.only(d.Path):
		return true, nil
	case after == nil:
		d.Status, d.Base = Removed, before.entry(d.Path)
	case before == nil:
		d.Status, d.Head = Added, after.entry(d.Path)
	default:
		d.Status, d.Base, d.Head = Modified, before.entry(d.Path), after.entry(d.Path)
	}
	return c.yield(d, nil), nil
}

// ahead reads the folders in two folders that are about to be compared.
func (c *comparison) ahead(dir string, b, h []treeEntry) error {
	var wanted []git.Request
	asked := map[string]bool{}
	for before, after := range abreast(b, h) {
		if before != nil && after != nil && before.oid == after.oid {
			continue
		}
		for _, e := range []*treeEntry{before, after} {
			if e == nil || !e.isFolder() || asked[e.oid] || len(wanted) == maxAhead || !c.within.Leads(dir+e.name) {
				continue
			}
			asked[e.oid] = true
			if oid := e.id(); c.head.r.folders.get(oid) == nil {
				wanted = append(wanted, git.Request{OID: oid, Kind: "tree", Path: dir + e.name + "/", Limit: maxTreeAhead})
			}
		}
	}
	return c.head.ahead(c.ctx, wanted)
}

// Within are the files and folders that matter of a tree; nil are all, and "." is the
// root.
type Within []string

// Holds reports whether a path is one of them, or in one of them.
func (w Within) Holds(path string) bool {
	return w == nil || slices.ContainsFunc(w, func(p string) bool { return p == "." || within(path, p) })
}

// Leads reports whether a folder is in one of them, or has one of them in it.
func (w Within) Leads(folder string) bool {
	return w.Holds(folder) || slices.ContainsFunc(w, func(p string) bool { return within(p, folder) })
}

// within reports whether a path is a folder, or in it.
func within(path, folder string) bool {
	return strings.HasPrefix(path, folder) && (len(path) == len(folder) || path[len(folder)] == '/')
}

// EntriesWithin are the entries of a tree at some of its paths, in bytewise order.
func EntriesWithin(ctx context.Context, t Tree, w Within) iter.Seq2[Entry, error] {
	switch t := t.(type) {
	case *lazyTree:
		return func(yield func(Entry, error) bool) {
			for d, err := range lazyPairs(ctx, &lazyTree{r: t.r}, t, w, nil) {
				if !yield(d.Head, err) {
					return
				}
			}
		}
	}
	return entriesOf(ctx, t, w, nil)
}

// Pathspecs are what git is asked about; nothing for everything.
func (w Within) Pathspecs() []string {
	if slices.Contains(w, ".") {
		return nil
	}
	return w
}

// Siblings are the paths of all that stands directly in some folders, those of folders
// with a slash at the end, sorted; in a work tree also what git ignores. ok is false
// where a tree has no cheaper answer than its Names.
func Siblings(ctx context.Context, t Tree, folders []string) (paths []string, ok bool, err error) {
	l, is := t.(interface {
		Siblings(ctx context.Context, folder string) (names []string, ok bool, err error)
	})
	if !is && len(folders) > 0 {
		return nil, false, nil
	}
	for _, folder := range folders {
		names, ok, err := l.Siblings(ctx, folder)
		if err != nil || !ok {
			return nil, false, err
		}
		dir := ""
		if folder != "." {
			dir = folder + "/"
		}
		for _, name := range names {
			paths = append(paths, dir+name)
		}
	}
	slices.Sort(paths)
	return paths, true, nil
}

// Siblings are the names in a folder, those of folders with a slash at the end.
func (t *lazyTree) Siblings(ctx context.Context, folder string) (names []string, ok bool, err error) {
	f, err := t.at(ctx, folder)
	if err != nil {
		return nil, false, err
	}
	for _, e := range f.entries {
		name := e.name
		if e.isFolder() {
			name += "/"
		}
		names = append(names, name)
	}
	return names, true, nil
}

// at is the folder at a path; "." is the root.
func (t *lazyTree) at(ctx context.Context, folder string) (*treeFolder, error) {
	oid := t.root
	if folder != "." {
		e, ok, err := t.Lookup(ctx, artifact.Path(folder))
		if err != nil || !ok || e.Kind != Directory {
			return &treeFolder{}, err
		}
		oid, folder = e.OID, folder+"/"
	}
	return t.folder(ctx, oid, strings.TrimPrefix(folder, "."))
}
