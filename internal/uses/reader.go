package uses

import (
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/uses/commands"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// A reader reads the site files of one side.
type reader struct {
	side   *side
	out    *commands.Findings
	called map[string]bool // composite actions that a workflow uses
	files  map[string]*facts.UseFile
	// followed is how many bytes of steps were followed, those of an action at each call.
	followed int
	// actions are the composite actions that were called, parsed once.
	actions map[string]parsedAction
}

// maxFollowed bounds the bytes of steps that are followed on one side: actions that call each
// other have any number of steps. The largest repository that was looked at has 2 MB of files.
const maxFollowed = 16 << 20

func newReader(s *side) *reader {
	return &reader{side: s, out: &commands.Findings{}, called: map[string]bool{}, files: map[string]*facts.UseFile{}, actions: map[string]parsedAction{}}
}

// note notes a file that is read.
func (r *reader) note(name string) *facts.UseFile {
	f := r.files[name]
	if f == nil {
		f = &facts.UseFile{Path: document.Printable(name), Site: changeset.UseSite(&r.side.set.Config, name), State: facts.UseFileStateParsed, Names: facts.YesNoNo}
		r.files[name] = f
	}
	return f
}

// unread notes that a file, or a part of it, cannot be parsed.
func (r *reader) unread(name, problem string, line int, text string) {
	f := r.note(name)
	if f.State == facts.UseFileStateParsed {
		f.State, f.Problem, f.Line = facts.UseFileStateUnread, document.Printable(problem), line
	}
	if r.names(text) {
		f.Names = facts.YesNoYes
	}
}

// unknown notes that a file, or a part of it, is not read, so that what it names is not known.
func (r *reader) unknown(name, problem string) {
	r.unread(name, problem, 0, "")
	r.files[name].Names = facts.YesNoYes
}

// pathLike matches what may be a path in a text of any form.
var pathLike = lazyregexp.New(`[A-Za-z0-9_.@+-]*(?:/[A-Za-z0-9_.@+-]+)+|[A-Za-z0-9_-]+\.[A-Za-z0-9]+`)

// names reports whether a text has the path of an artifact in it.
func (r *reader) names(text string) bool {
	seen := 0
	for _, m := range pathLike.FindAllString(text, maxPathLike) {
		if seen++; r.side.Is(path.Clean(strings.TrimPrefix(m, "/"))) {
			return true
		}
	}
	return seen == maxPathLike
}

const maxPathLike = 20_000

// read reads all site files: workflows before the actions that they use.
func (r *reader) read() {
	names := slices.Clone(r.side.siteFiles())
	sort.SliceStable(names, func(i, j int) bool { return isWorkflow(names[i]) && !isWorkflow(names[j]) })
	for _, name := range names {
		f := r.side.read(name)
		if !f.there || r.side.err != nil {
			continue
		}
		r.note(name)
		if f.problem != "" {
			r.unknown(name, "the file "+f.problem)
			continue
		}
		r.parse(name, f.text)
	}
	if name := r.out.Dropped; name != "" {
		r.unknown(name, "the repository has more uses than are listed")
	}
}

func isWorkflow(name string) bool { return strings.HasPrefix(name, ".github/workflows/") }

// parse reads one file.
func (r *reader) parse(name, text string) {
	switch changeset.UseSite(&r.side.set.Config, name) {
	case facts.UseSiteWorkflows:
		root, ok := r.yaml(name, text)
		if !ok {
			return
		}
		source := yamltree.NewSource(text)
		if isWorkflow(name) {
			r.workflow(name, root, source)
		} else {
			r.action(name, root, source)
		}
	case facts.UseSiteDocker:
		r.dockerfile(name, text)
	case facts.UseSiteMake:
		r.makefile(name, text)
	case facts.UseSiteCompose:
		r.compose(name, text)
	case facts.UseSitePreCommit:
		r.preCommit(name, text)
	}
}

// lineOf matches the line in an error of the YAML library.
var lineOf = lazyregexp.New(`^line (\d+): `)

// yaml parses a file.
func (r *reader) yaml(name, text string) (root yamltree.Value, ok bool) {
	root, err := yamltree.Parse([]byte(text))
	if err != nil {
		message, line := err.Error(), 0
		if m := lineOf.FindStringSubmatch(message); m != nil {
			line, _ = strconv.Atoi(m[1])
			message = message[len(m[0]):]
		}
		r.unread(name, "it is no YAML: "+message, line, text)
		return root, false
	}
	if !root.IsMapping() {
		if !root.IsZero() {
			r.unread(name, "it is not a mapping", 0, text)
		}
		return root, false
	}
	return root, true
}
