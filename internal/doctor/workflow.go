package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// A place is a file, and a line in it from 1; 0 for the whole file.
type place struct {
	file string
	line int
}

// A Workflow is a file of .github/workflows.
type Workflow struct {
	path    string
	text    string
	root    value
	jobs    []job
	problem string // why the file cannot be read; "" if it can
	unread  bool   // nothing of it was read, so that nobody knows what it is about
}

// Unread returns a workflow that was not read, and why.
func Unread(path, problem string) Workflow {
	return Workflow{path: path, problem: problem, unread: true}
}

// A job is one job of a workflow, and a step one of its steps.
type (
	job struct {
		value
		workflow *Workflow
		id       string
		line     int
	}
	step struct{ value }
)

// ParseWorkflow reads a workflow. A file that is no workflow becomes a finding.
func ParseWorkflow(path string, data []byte) (w Workflow) {
	w = Workflow{path: path, text: string(data)}
	defer func() {
		if r := recover(); r != nil { // the library's, on a text that it did not foresee
			w.problem = fmt.Sprint(r)
		}
	}()
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		w.problem, _, _ = strings.Cut(strings.TrimPrefix(err.Error(), "yaml: "), "\n")
		return w
	}
	if len(document.Content) == 0 || resolve(document.Content[0]).Kind != yaml.MappingNode {
		w.problem = "it is not a mapping"
		return w
	}
	w.root = value{resolve(document.Content[0])}
	if w.root.get("on").node == nil || w.root.get("jobs").node == nil {
		w.problem = "it has no on: or no jobs:"
		return w
	}
	return w
}

// jobsOf returns the jobs of a workflow in the order of the file.
func (w *Workflow) jobsOf() []job {
	if w.jobs == nil {
		for _, p := range w.root.get("jobs").pairs() {
			w.jobs = append(w.jobs, job{p.value, w, p.key, p.line})
		}
	}
	return w.jobs
}

// at returns the place of a value, that of the file without one.
func (w *Workflow) at(v value) place {
	if v.node == nil {
		return place{file: w.path}
	}
	return place{w.path, v.node.Line}
}

// event returns the filters of an event; ok is whether it starts the workflow.
func (w *Workflow) event(name string) (filters value, ok bool) {
	on := w.root.get("on")
	if on.text() == name || slices.Contains(on.texts(), name) {
		return value{}, true
	}
	for _, p := range on.pairs() {
		if p.key == name {
			return p.value, true
		}
	}
	return value{}, false
}

// at returns the place of a value of the job, that of the job without one.
func (j job) at(v value) place {
	if v.node == nil {
		return place{j.workflow.path, j.line}
	}
	return j.workflow.at(v)
}

// checkName returns the name of the check that GitHub makes for the job.
func (j job) checkName() string {
	name := cmp.Or(j.get("name").text(), j.id)
	if reusable(j.uses()) == "gate.yml" {
		return name + " / Codexlock gate"
	}
	return name
}

func (j job) uses() string { return j.get("uses").text() }

func (j job) steps() []step {
	var steps []step
	for _, v := range j.get("steps").items() {
		steps = append(steps, step{v})
	}
	return steps
}

// permission returns what the job's token may do in a scope: write, read, none, or "" where
// neither the job nor the workflow says. stated is the value that says it.
func (j job) permission(scope string) (level string, stated value) {
	stated = j.get("permissions")
	if stated.node == nil {
		stated = j.workflow.root.get("permissions")
	}
	switch {
	case stated.node == nil:
		return "", stated
	case stated.text() == "write-all":
		return "write", stated
	case stated.text() == "read-all":
		return "read", stated
	}
	return cmp.Or(stated.get(scope).text(), "none"), stated
}

// ours matches an action or a reusable workflow of Codexlock, in whatever account it is.
var ours = lazyregexp.New(`^[\w.-]+/codexlock(?:/\.github/workflows/([\w-]+\.yml))?@`)

// reusable returns the name of the reusable workflow of Codexlock that uses: names, "" for
// another.
func reusable(uses string) string {
	if m := ours.FindStringSubmatch(uses); m != nil {
		return m[1]
	}
	return ""
}

// A value is a node of a workflow; its node is nil for what is missing.
type value struct{ node *yaml.Node }

// A pair is an entry of a mapping.
type pair struct {
	value
	key  string
	line int
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pairs returns the entries of a mapping, nothing for another value.
func (v value) pairs() []pair {
	var all []pair
	if v.node == nil || v.node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		all = append(all, pair{value{resolve(v.node.Content[i+1])}, key.Value, key.Line})
	}
	return all
}

// items returns the items of a sequence, nothing for another value.
func (v value) items() []value {
	var all []value
	if v.node == nil || v.node.Kind != yaml.SequenceNode {
		return nil
	}
	for _, n := range v.node.Content {
		all = append(all, value{resolve(n)})
	}
	return all
}

// get returns the value of a key of a mapping.
func (v value) get(key string) value {
	for _, p := range v.pairs() {
		if p.key == key {
			return p.value
		}
	}
	return value{}
}

// text returns a scalar, "" for another value.
func (v value) text() string {
	if v.node == nil || v.node.Kind != yaml.ScalarNode {
		return ""
	}
	return v.node.Value
}

// texts returns the scalars of a sequence.
func (v value) texts() []string {
	var all []string
	for _, item := range v.items() {
		all = append(all, item.text())
	}
	return all
}
