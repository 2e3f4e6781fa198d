package workflowtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Sample is a workflow that the documentation shows: a block of a page, or the comment above
// a reusable workflow.
type Sample struct {
	File string // from the repository's root
	Line int    // of its first line, from 1
	Text string
	Jobs map[string]SampleJob
}

// A SampleJob is a job of a sample.
type SampleJob struct {
	Uses        string
	With        map[string]string
	Secrets     yaml.Node
	Permissions map[string]string
	Steps       []SampleStep
}

// A SampleStep is a step of a sample.
type SampleStep struct {
	Uses, Run string
	With, Env map[string]string
}

// At returns where the sample stands, for messages.
func (s Sample) At() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// block matches a block of YAML in a page, with what it is indented by.
var block = regexp.MustCompile("(?m)^( *)```yaml\n((?s:.*?))^ *```$")

// Samples returns the workflows in README.md, in docs/guides and above the reusable workflows,
// seen from a package two folders below the repository's root. A text counts if it has jobs.
func Samples() (all []Sample, err error) {
	root := filepath.Join("..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "guides", "*.md"))
	if err != nil {
		return nil, err
	}
	for _, name := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, m := range block.FindAllStringSubmatchIndex(string(text), -1) {
			indent := string(text[m[2]:m[3]])
			body := strings.TrimPrefix(strings.ReplaceAll("\n"+string(text[m[4]:m[5]]), "\n"+indent, "\n"), "\n")
			if all, err = add(all, root, name, 1+strings.Count(string(text[:m[4]]), "\n"), body); err != nil {
				return nil, err
			}
		}
	}
	workflows, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil {
		return nil, err
	}
	for _, name := range workflows {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var body strings.Builder
		first := 0
		for i, line := range strings.Split(string(text), "\n") {
			comment, ok := strings.CutPrefix(line, "#   ")
			if !ok && line != "#" {
				if strings.HasPrefix(line, "#") {
					continue
				}
				break
			}
			if first == 0 && ok {
				first = i + 1
			}
			body.WriteString(comment + "\n")
		}
		if all, err = add(all, root, name, first, body.String()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// add adds a text if it is a workflow. What a page leaves out is an event.
func add(all []Sample, root, name string, line int, text string) ([]Sample, error) {
	file, err := filepath.Rel(root, name)
	if err != nil {
		return nil, err
	}
	s := Sample{File: filepath.ToSlash(file), Line: line, Text: text}
	if !strings.Contains("\n"+text, "\njobs:") {
		return all, nil
	}
	if !strings.Contains("\n"+text, "\non:") {
		s.Text = "on: push\n" + text
	}
	var content struct{ Jobs map[string]SampleJob }
	if err := yaml.Unmarshal([]byte(s.Text), &content); err != nil {
		return nil, fmt.Errorf("%s: %w", s.At(), err)
	}
	s.Jobs = content.Jobs
	return append(all, s), nil
}
