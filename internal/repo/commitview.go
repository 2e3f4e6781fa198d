package repo

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/trees"
)

// An Obstacle is the reason why a commit would omit or change a file of the work tree.
type Obstacle struct {
	Path   string
	Kind   ObstacleKind
	Detail string // what causes it: ".gitignore:3: *.bin", "filter=x", a folder
	// Attributes is the file in which a line about Path overrules every other one.
	Attributes string
	// Folder says that a folder above it is ignored, so that no pattern takes it back.
	Folder bool
}

// An ObstacleKind is the kind of an obstacle.
type ObstacleKind string

// The obstacles.
const (
	Untracked     ObstacleKind = "untracked"       // Git does not know the file yet
	Ignored       ObstacleKind = "ignored"         // a pattern excludes it from git add
	InSubmodule   ObstacleKind = "submodule"       // it is, or is inside, another repository
	NotCheckedOut ObstacleKind = "not-checked-out" // a sparse checkout omits it
	Unmerged      ObstacleKind = "unmerged"        // a merge left conflict markers in it
	Filtered      ObstacleKind = "filter"          // a clean filter rewrites it
	Identified    ObstacleKind = "ident"           // $Id$ in it is rewritten
	Encoded       ObstacleKind = "encoding"        // working-tree-encoding converts it
	LineEnds      ObstacleKind = "line-endings"    // its line endings are converted
)

// A View has the settings that determine what a commit of the work tree would contain: the
// user's configuration, the index and the attributes. It runs no filter.
type View struct {
	r      *Repository
	git    *git.Runner
	work   *workTree
	config map[string]string // the settings that matter, lower case
	bytes  map[artifact.Path]string
}

// Arriving is the view of a work tree into which files are about to be moved: the
// bytes of each path are those that stand at the name it is mapped to.
func (v *View) Arriving(from map[artifact.Path]string) *View {
	moved := *v
	moved.bytes = from
	return &moved
}

// whereBytes is the name of the file that has a path's bytes.
func (v *View) whereBytes(p artifact.Path) string { return cmp.Or(v.bytes[p], p.String()) }

// View reads the configuration that determines what a commit would contain: the repository's,
// and the user's, which the environment names.
func (r *Repository) View(ctx context.Context, env func(string) (string, bool)) (*View, error) {
	if r.Bare() {
		return nil, &git.BareRepositoryError{GitDir: r.GitDir()}
	}
	v := &View{r: r, git: r.Runner().AsUser(env), work: &workTree{r: r}, config: map[string]string{}}
	err := v.git.Stream(ctx, func(out io.Reader) error {
		return git.EachRecord(out, func(record string) error {
			key, value, _ := strings.Cut(record, "\n")
			v.config[key] = value // a later one overrules
			return nil
		})
	}, "config", "--null", "--get-regexp", `^(core\.(autocrlf|eol)|lfs\.storage|filter\..*\.(clean|process))$`)
	if err != nil && !git.IsNone(err) {
		return nil, fmt.Errorf("read Git's configuration: %w", err)
	}
	return v, nil
}

// LFSObjects is the folder with the objects that Git LFS has fetched (lfs.storage in
// git-lfs-config(5)). It may not exist.
func (v *View) LFSObjects() string {
	storage := cmp.Or(v.config["lfs.storage"], "lfs")
	if !filepath.IsAbs(storage) {
		storage = filepath.Join(v.r.CommonDir(), storage)
	}
	return filepath.Join(storage, "objects")
}

// Obstacles returns, for each existing or new file of the work tree, why a commit would omit or
// change it; other files are not in the result. A path without a file is only checked for
// being ignored.
func (v *View) Obstacles(ctx context.Context, paths []artifact.Path) (map[artifact.Path]Obstacle, error) {
	tracked, err := v.r.Tracked(ctx, paths)
	if err != nil {
		return nil, err
	}
	found, plain, err := v.placed(ctx, paths, tracked)
	if err != nil {
		return nil, err
	}
	ignored, err := v.ignored(ctx, withFolders(untracked(plain, tracked)))
	if err != nil {
		return nil, err
	}
	attributes, err := v.attributes(ctx, plain)
	if err != nil {
		return nil, err
	}
	for _, p := range plain {
		if by, is := ignored[p]; is {
			_, folder := ignored[artifact.Path(p.Dir())]
			found[p] = Obstacle{Path: p.String(), Kind: Ignored, Detail: by, Folder: folder}
			continue
		}
		o, err := v.converted(ctx, p, attributes[p], tracked[p])
		if err != nil {
			return nil, fmt.Errorf("ask Git about %q: %w", p, err)
		}
		if o.Kind != "" {
			o.Path, o.Attributes = p.String(), v.attributesFile(p)
			found[p] = o
		} else if len(tracked[p]) == 0 {
			found[p] = Obstacle{Path: p.String(), Kind: Untracked}
		}
	}
	return found, nil
}

// Ignored returns the paths that Git ignores, each with the pattern. It does not check
// attributes and line endings.
func (v *View) Ignored(ctx context.Context, paths []artifact.Path) (map[artifact.Path]string, error) {
	tracked, err := v.r.Tracked(ctx, paths)
	if err != nil {
		return nil, err
	}
	_, plain, err := v.placed(ctx, paths, tracked)
	if err != nil {
		return nil, err
	}
	return v.ignored(ctx, untracked(plain, tracked))
}

// placed finds what is wrong with where the files stand, and returns the others about
// which Git can be asked.
func (v *View) placed(ctx context.Context, paths []artifact.Path, tracked map[artifact.Path][]trees.IndexEntry) (found map[artifact.Path]Obstacle, plain []artifact.Path, err error) {
	found = map[artifact.Path]Obstacle{}
	folders := map[string]folderPlace{}
	for _, p := range paths {
		o, regular, err := v.place(ctx, p, tracked[p], folders)
		switch {
		case err != nil:
			return nil, nil, err
		case o.Kind != "":
			found[p] = o
		case regular:
			plain = append(plain, p)
		}
	}
	return found, plain, nil
}

// place finds what is wrong with where a file stands. regular is whether Git can be
// asked about it: it is a file, or nothing yet, below folders of this repository.
func (v *View) place(ctx context.Context, p artifact.Path, entries []trees.IndexEntry, folders map[string]folderPlace) (o Obstacle, regular bool, err error) {
	in, err := v.folder(ctx, p.Dir(), folders)
	switch {
	case err != nil:
		return o, false, err
	case in.submodule != "":
		return Obstacle{Path: p.String(), Kind: InSubmodule, Detail: in.submodule}, false, nil
	case in.closed:
		return o, false, nil
	}
	e, ok, err := v.work.lookup(ctx, p.String())
	switch {
	case err != nil || ok && e.Kind == trees.Directory:
		return o, false, err
	case ok && e.Kind == trees.Submodule:
		return Obstacle{Path: p.String(), Kind: InSubmodule, Detail: p.String()}, false, nil
	case ok && e.OID != "":
		return Obstacle{Path: p.String(), Kind: NotCheckedOut, Detail: p.Dir()}, false, nil
	case len(entries) > 0 && entries[0].Stage > 0:
		marked, err := v.holdsMarkers(ctx, e)
		if err != nil || marked {
			return Obstacle{Path: p.String(), Kind: Unmerged}, false, err
		}
	}
	return o, !ok || e.Kind == trees.File, nil
}

// A folderPlace is what a folder means for the files below it: the submodule that it is
// or is inside, or that it is no folder, so that nothing stands below it.
type folderPlace struct {
	submodule string
	closed    bool
}

// folder looks up a folder and those above it, from the inside out, each once: what it
// finds goes to known.
func (v *View) folder(ctx context.Context, dir string, known map[string]folderPlace) (folderPlace, error) {
	if dir == "." {
		return folderPlace{}, nil
	}
	if found, ok := known[dir]; ok {
		return found, nil
	}
	e, ok, err := v.work.lookup(ctx, dir)
	if err != nil {
		return folderPlace{}, err
	}
	var found folderPlace
	switch {
	case ok && e.Kind == trees.Submodule:
		found.submodule = dir
	case ok && e.Kind != trees.Directory:
		found.closed = true
	default:
		if found, err = v.folder(ctx, path.Dir(dir), known); err != nil {
			return found, err
		}
	}
	known[dir] = found
	return found, nil
}

// maxMarked is the largest file in which conflict markers are looked for.
const maxMarked = 16 << 20

func (v *View) holdsMarkers(ctx context.Context, e trees.Entry) (bool, error) {
	if e.Kind != trees.File || e.Size > maxMarked {
		return false, nil
	}
	text, err := v.work.Read(ctx, e, maxMarked)
	text = append([]byte("\n"), text...)
	return bytes.Contains(text, []byte("\n<<<<<<< ")) && bytes.Contains(text, []byte("\n>>>>>>> ")), err
}

// withFolders are the paths and the folders that they stand in.
func withFolders(paths []artifact.Path) []artifact.Path {
	all := slices.Clone(paths)
	known := map[string]bool{".": true}
	for _, p := range paths {
		if dir := p.Dir(); !known[dir] {
			known[dir] = true
			all = append(all, artifact.Path(dir))
		}
	}
	return all
}

// untracked are the paths that the index does not list: git add takes the others
// whatever the patterns are.
func untracked(paths []artifact.Path, tracked map[artifact.Path][]trees.IndexEntry) []artifact.Path {
	return slices.DeleteFunc(slices.Clone(paths), func(p artifact.Path) bool { return len(tracked[p]) > 0 })
}

// ignored are those of the untracked paths that git add would not take, with the
// pattern. Git is told not to look into the index: it goes through all of it for each
// path, which takes 20 s for 40,000 files.
func (v *View) ignored(ctx context.Context, paths []artifact.Path) (map[artifact.Path]string, error) {
	found := map[artifact.Path]string{}
	if len(paths) == 0 {
		return found, nil
	}
	// A name that begins with a colon would be read as pathspec magic.
	err := v.ask(ctx, paths, "./", 4, func(fields []string) {
		source, line, pattern, p := fields[0], fields[1], fields[2], strings.TrimPrefix(fields[3], "./")
		if source != "" && !strings.HasPrefix(pattern, "!") {
			found[artifact.Path(p)] = fmt.Sprintf("%s:%s: %s", v.shorten(source), line, pattern)
		}
	}, "check-ignore", "--no-index", "-z", "-v", "--stdin")
	if git.IsNone(err) { // nothing is ignored
		err = nil
	}
	return found, err
}

// The attributes with which Git changes bytes on their way into a commit.
var converting = []string{"text", "crlf", "eol", "ident", "filter", "working-tree-encoding"}

// attributes are Git's attributes of each path; the unspecified ones are left out.
func (v *View) attributes(ctx context.Context, paths []artifact.Path) (map[artifact.Path]map[string]string, error) {
	found := map[artifact.Path]map[string]string{}
	if len(paths) == 0 {
		return found, nil
	}
	err := v.ask(ctx, paths, "", 3, func(fields []string) {
		p, name, value := artifact.Path(fields[0]), fields[1], fields[2]
		if value == "unspecified" {
			return
		}
		if found[p] == nil {
			found[p] = map[string]string{}
		}
		found[p][name] = value
	}, "check-attr", append([]string{"-z", "--stdin"}, converting...)...)
	return found, err
}

// ask gives git the paths and takes its answers, each of so many fields.
func (v *View) ask(ctx context.Context, paths []artifact.Path, prefix string, fields int, take func([]string), command string, args ...string) error {
	var input bytes.Buffer
	for _, p := range paths {
		input.WriteString(prefix + p.String())
		input.WriteByte(0)
	}
	var answer []string
	return v.git.Converse(ctx, &input, func(out io.Reader) error {
		return git.EachRecord(out, func(record string) error {
			if answer = append(answer, record); len(answer) == fields {
				take(answer)
				answer = nil
			}
			return nil
		})
	}, command, args...)
}

// TextOverruled are the paths whose text attribute is not unset, so that some clone
// may convert their line endings, each with the file whose lines come last for it.
func (v *View) TextOverruled(ctx context.Context, paths []artifact.Path) (map[artifact.Path]string, error) {
	attributes, err := v.attributes(ctx, paths)
	overruled := map[artifact.Path]string{}
	for _, p := range paths {
		if attributes[p]["text"] != "unset" {
			overruled[p] = v.attributesFile(p)
		}
	}
	return overruled, err
}

// attributesFile is the file of attributes that overrules the others for a path.
func (v *View) attributesFile(p artifact.Path) string {
	info := filepath.Join(v.r.CommonDir(), "info", "attributes")
	if st, err := os.Stat(info); err == nil && st.Size() > 0 {
		return v.shorten(info)
	}
	for dir := p.Dir(); dir != "."; dir = path.Dir(dir) {
		name := dir + "/.gitattributes"
		if st, err := v.r.top.lstat(name); err == nil && st.mode == 0 {
			return name
		}
	}
	return ".gitattributes"
}

// shorten is a file's name as seen from the repository's root, where it is inside.
func (v *View) shorten(name string) string {
	if rel, err := filepath.Rel(v.r.Root(), name); err == nil && filepath.IsAbs(name) && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return name
}

// converted finds what Git would change of a file's bytes. It follows convert.c.
func (v *View) converted(ctx context.Context, p artifact.Path, attributes map[string]string, entries []trees.IndexEntry) (Obstacle, error) {
	if filter := attributes["filter"]; filter != "" && filter != "unset" && filter != "set" && filter != "lfs" {
		for _, how := range []string{"clean", "process"} {
			if v.config["filter."+filter+"."+how] != "" {
				return Obstacle{Kind: Filtered, Detail: "filter=" + filter}, nil
			}
		}
	}
	if encoding := attributes["working-tree-encoding"]; encoding != "" && !slices.Contains([]string{"utf-8", "utf8"}, strings.ToLower(encoding)) {
		return Obstacle{Kind: Encoded, Detail: "working-tree-encoding=" + encoding}, nil
	}
	c := v.lineEnds(attributes)
	e, ok, err := v.work.lookup(ctx, v.whereBytes(p))
	if err != nil {
		return Obstacle{}, err
	}
	if !ok { // what codexlock writes there is a text
		if c.toCRLF {
			return Obstacle{Kind: LineEnds, Detail: c.cause}, nil
		}
		return Obstacle{}, nil
	}
	if attributes["ident"] == "set" {
		s, err := v.scan(ctx, e)
		if err != nil || s.ident {
			return Obstacle{Kind: Identified, Detail: "ident"}, err
		}
	}
	lfs := attributes["filter"] == "lfs" && (v.config["filter.lfs.clean"] != "" || v.config["filter.lfs.process"] != "")
	if lfs || !c.possible {
		return Obstacle{}, nil
	}
	s, err := v.scan(ctx, e)
	if err != nil {
		return Obstacle{}, err
	}
	binary := c.auto && s.binary()
	switch {
	case c.toCRLF && !binary && s.lf > 0:
		return Obstacle{Kind: LineEnds, Detail: c.cause}, nil // a checkout would have other bytes
	case s.crlf == 0 || binary:
		return Obstacle{}, nil
	case c.auto && len(entries) > 0:
		// Git leaves a file alone whose line endings it has in the index as they are.
		kept, err := v.crlfInIndex(ctx, entries[0])
		if err != nil || kept {
			return Obstacle{}, err
		}
	}
	return Obstacle{Kind: LineEnds, Detail: c.cause}, nil
}

// A conversion describes Git's conversion of a file's line endings.
type conversion struct {
	possible bool
	auto     bool   // only where it takes the file for text
	toCRLF   bool   // an attribute wants CRLF in every checkout
	cause    string // the attribute or the setting
}

// lineEnds is the conversion that attributes and configuration ask for.
func (v *View) lineEnds(attributes map[string]string) conversion {
	text, name := attributes["text"], "text"
	if text == "" || !slices.Contains([]string{"set", "unset", "auto", "input"}, text) {
		if text, name = attributes["crlf"], "crlf"; !slices.Contains([]string{"set", "unset", "auto", "input"}, text) {
			text = ""
		}
	}
	eol := attributes["eol"]
	if eol != "lf" && eol != "crlf" {
		eol = ""
	}
	switch {
	case text == "unset":
		return conversion{}
	case text != "":
		c := conversion{possible: true, auto: text == "auto", toCRLF: eol == "crlf", cause: "the attribute " + name}
		if text == "auto" || text == "input" {
			c.cause += "=" + text
		}
		if c.toCRLF {
			c.cause = "the attribute eol=crlf"
		}
		return c
	case eol != "":
		return conversion{possible: true, toCRLF: eol == "crlf", cause: "the attribute eol=" + eol}
	}
	switch auto := strings.ToLower(v.config["core.autocrlf"]); auto {
	case "true", "yes", "on", "1", "input":
		return conversion{possible: true, auto: true, cause: "core.autocrlf=" + auto}
	}
	return conversion{}
}

// scan counts what Git looks at in a file of the work tree.
func (v *View) scan(ctx context.Context, e trees.Entry) (*textScan, error) {
	s := &textScan{}
	if e.Kind != trees.File {
		return s, nil
	}
	err := v.work.stream(ctx, e, trees.MaxFileBytes, func(_ int64, r io.Reader) error {
		_, err := io.Copy(s, r)
		return err
	})
	s.end()
	return s, err
}

// crlfInIndex reports whether the index has the file as a text with CRLF.
func (v *View) crlfInIndex(ctx context.Context, e trees.IndexEntry) (bool, error) {
	s := &textScan{}
	err := v.r.Objects().Stream(ctx, git.Request{OID: e.OID, Kind: "blob", Path: e.Path, Limit: trees.MaxFileBytes}, func(_ int64, r io.Reader) error {
		_, err := io.Copy(s, r)
		return err
	})
	s.end()
	return s.crlf > 0 && !s.binary(), err
}
