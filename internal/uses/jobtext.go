package uses

import (
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
	before, there := jobText(was, file, job)
	after, _ := jobText(is, file, job)
	switch {
	case !there:
		return facts.FileChangeAdded
	case before != after:
		return facts.FileChangeModified
	}
	return facts.FileChangeUnchanged
}

// jobText returns the text of a job with what the file says for all jobs. there is false for a
// job that the file does not have.
func jobText(f file, name, job string) (text string, there bool) {
	if !f.there || f.problem != "" {
		return "", f.there
	}
	if !isWorkflow(name) {
		return f.text, true
	}
	root, err := yamltree.Parse([]byte(f.text))
	if err != nil {
		return f.text, true
	}
	source := yamltree.NewSource(f.text)
	section := func(pairs []yamltree.Pair, i, end int) string {
		if i+1 < len(pairs) {
			end = pairs[i+1].Line
		}
		return plainLines(source.Lines(pairs[i].Line, end))
	}
	var b strings.Builder
	top := root.Pairs()
	for i, p := range top {
		end := 0
		if i+1 < len(top) {
			end = top[i+1].Line
		}
		switch p.Key {
		case "env", "defaults":
			b.WriteString(section(top, i, 0))
		case "jobs":
			jobs := p.Pairs()
			for k, one := range jobs {
				if one.Key == job {
					there = true
					b.WriteString(section(jobs, k, end))
				}
			}
		}
	}
	return b.String(), there
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
