package uses

import (
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// jobChange returns how the text of a job differs between base and head.
func jobChange(head, base *reader, file, job string) facts.FileChange {
	was, is := base.side.read(file), head.side.read(file)
	if was.there && was.text == is.text && was.problem == is.problem {
		return facts.FileChangeUnchanged
	}
	before, after := base.side.jobTexts(file), head.side.jobTexts(file)
	switch {
	case !before.has(job):
		return facts.FileChangeAdded
	case before.common != after.common || !slices.Equal(before.own[job], after.own[job]):
		return facts.FileChangeModified
	}
	return facts.FileChangeUnchanged
}

// A jobTexts has what decides whether a change edits the jobs of a file.
type jobTexts struct {
	there  bool
	whole  bool                // the file is one job, or cannot be divided into jobs: all of it is common
	common [2]string           // what the file says for all jobs, before them and after them
	own    map[string][]string // the text of each job; parts of it, where the file has the id twice
}

func (t *jobTexts) has(job string) bool { return t.there && (t.whole || t.own[job] != nil) }

// jobTexts returns the texts of a file's jobs. A file is divided once, however many jobs it has.
func (s *side) jobTexts(name string) *jobTexts { return once(s.jobs, name, s.divide) }

func (s *side) divide(name string) *jobTexts {
	f := s.read(name)
	t := &jobTexts{there: f.there, whole: true}
	if !f.there || f.problem != "" {
		return t
	}
	t.common[0] = f.text
	if !isWorkflow(name) {
		return t
	}
	root, err := yamltree.Parse([]byte(f.text))
	if err != nil {
		return t
	}
	t.whole, t.common, t.own = false, [2]string{}, map[string][]string{}
	source := yamltree.NewSource(f.text)
	known := map[[2]int]string{} // by first line and the line after the last
	section := func(pairs []yamltree.Pair, i, end int) string {
		from := pairs[i].Line
		if i+1 < len(pairs) {
			end = pairs[i+1].Line
		}
		if end == from { // the next one begins in the same line
			end++
		}
		at := [2]int{from, end}
		if _, is := known[at]; !is {
			known[at] = plainLines(source.Lines(from, end))
		}
		return known[at]
	}
	var common [2]strings.Builder
	top, place := root.Pairs(), 0
	for i, p := range top {
		end := 0
		if i+1 < len(top) {
			end = top[i+1].Line
		}
		switch p.Key {
		case "env", "defaults":
			common[place].WriteString(section(top, i, 0))
		case "jobs":
			place = 1
			jobs := p.Pairs()
			for k, one := range jobs {
				t.own[one.Key] = append(t.own[one.Key], section(jobs, k, end))
			}
		}
	}
	t.common = [2]string{common[0].String(), common[1].String()}
	return t
}

// plainLines returns lines without those that are empty or only a comment.
func plainLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed != "" && trimmed[0] != '#' {
			b.WriteString(strings.TrimRight(line, " \t\r\n") + "\n")
		}
	}
	return b.String()
}
