package action

import (
	"bytes"
	"context"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/trees"
)

const (
	// maxTouched bounds the files of a change that are remembered: nobody reviews more.
	maxTouched = 100_000
	// maxLines bounds a file whose lines are compared; a larger one is annotated as a whole.
	maxLines = 16 << 20
)

// places tell where a change touched files: it compares the base with the judged commit, and
// the judged commit with the one that the check run stands on, which for a pull request is
// its head and not the merge.
type places struct {
	ctx                 context.Context
	base, judged, shown trees.Tree
	touched             map[string]bool
	files               map[string]*touchedFile
}

// places returns what the change of a report touched; nil if there is no base, or a commit
// is missing: then findings are annotated where they are.
func (a *action) places(ctx context.Context, clone *repo.Repository, r report.Report) report.Places {
	if r.Base == "" || r.Head == "" {
		return nil
	}
	p := &places{ctx: ctx, touched: map[string]bool{}, files: map[string]*touchedFile{}}
	for _, c := range []struct {
		tree     *trees.Tree
		revision string
	}{{&p.base, r.Base}, {&p.judged, r.Head}, {&p.shown, a.event.CheckSHA}} {
		commit, err := clone.Commit(ctx, c.revision)
		if err == nil {
			*c.tree, err = clone.TreeOnDemand(ctx, commit)
		}
		if err != nil && c.tree == &p.shown {
			p.shown = p.judged // a clone without the head of the pull request
		} else if err != nil {
			return nil
		}
	}
	for d, err := range clone.Changes(ctx, p.base, p.judged, nil) {
		if err != nil || len(p.touched) == maxTouched {
			break
		}
		p.touched[d.Path] = true
	}
	return p
}

// Touched reports whether the change touched a file.
func (p *places) Touched(file string) bool { return p.touched[file] }

// Line returns the line of the shown commit for one of the judged commit, and whether the
// change touched it.
func (p *places) Line(file string, line int) (at int, touched bool) { return p.file(file).line(line) }

// First returns the first line of a file that the change touched.
func (p *places) First(file string) int { return p.file(file).first() }

// file reads the three versions of a file, once.
func (p *places) file(name string) *touchedFile {
	if f, known := p.files[name]; known {
		return f
	}
	f := &touchedFile{}
	p.files[name] = f
	base, judged, shown := p.read(p.base, name), p.read(p.judged, name), p.read(p.shown, name)
	f.new = base == nil
	f.base, f.judged, f.shown = linesOf(base), linesOf(judged), linesOf(shown)
	return f
}

// read returns the bytes of a file; nil for one that is missing, too large or binary.
func (p *places) read(t trees.Tree, name string) []byte {
	path, err := artifact.ParsePath(name)
	if err != nil {
		return nil
	}
	e, ok, err := t.Lookup(p.ctx, path)
	if err != nil || !ok || e.Kind != trees.File {
		return nil
	}
	data, err := t.Read(p.ctx, e, maxLines)
	if err != nil || bytes.IndexByte(data, 0) >= 0 {
		return nil
	}
	return data
}

func linesOf(data []byte) [][]byte {
	if len(data) == 0 {
		return nil
	}
	return bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

// A touchedFile has the lines of three versions of a file.
type touchedFile struct {
	base, judged, shown [][]byte
	new                 bool // the base has no text of it
}

// line returns the line of the shown version for one of the judged version. The change
// touched it if it is between the equal lines at the beginning and at the end, and the base
// has no such line there.
func (f *touchedFile) line(n int) (at int, touched bool) {
	same, end := common(f.base, f.judged)
	if n > same && n <= len(f.judged)-end {
		old := f.base[same : len(f.base)-end]
		touched = !slices.ContainsFunc(old, func(line []byte) bool { return bytes.Equal(line, f.judged[n-1]) })
	}
	return shift(f.judged, f.shown, n), f.new || touched
}

// first returns the line of the shown version for the first of the judged version that is
// not the base's.
func (f *touchedFile) first() int {
	same, _ := common(f.base, f.judged)
	return shift(f.judged, f.shown, max(min(same+1, len(f.judged)), 1))
}

// shift returns where a line of one version is in another: lines before and after what
// differs keep their place, another one is where the nearest equal line is, or else where the
// difference begins.
func shift(from, to [][]byte, n int) int {
	same, end := common(from, to)
	switch {
	case n <= same || n > len(from):
		return max(min(n, len(to)), 1)
	case n > len(from)-end:
		return n - len(from) + len(to)
	}
	best := 0
	for i := same; i < len(to)-end; i++ {
		if bytes.Equal(to[i], from[n-1]) && (best == 0 || distance(i+1, n) < distance(best, n)) {
			best = i + 1
		}
	}
	if best > 0 {
		return best
	}
	return max(min(same+1, len(to)), 1)
}

func distance(a, b int) int { return max(a-b, b-a) }

// common counts the equal lines at the beginning and at the end of two versions.
func common(a, b [][]byte) (beginning, end int) {
	for beginning < min(len(a), len(b)) && bytes.Equal(a[beginning], b[beginning]) {
		beginning++
	}
	for end < min(len(a), len(b))-beginning && bytes.Equal(a[len(a)-1-end], b[len(b)-1-end]) {
		end++
	}
	return beginning, end
}
