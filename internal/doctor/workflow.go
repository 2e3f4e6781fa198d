package doctor

import (
	"cmp"
	"slices"

	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/yamltree"
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
	root    yamltree.Value
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
		yamltree.Value
		workflow *Workflow
		id       string
		line     int
	}
	step struct{ yamltree.Value }
)

// ParseWorkflow reads a workflow. A file that is no workflow becomes a finding.
func ParseWorkflow(path string, data []byte) (w Workflow) {
	w = Workflow{path: path, text: string(data)}
	var err error
	switch w.root, err = yamltree.Parse(data); {
	case err != nil:
		w.problem = err.Error()
	case !w.root.IsMapping():
		w.problem = "it is not a mapping"
	case w.root.Get("on").IsZero() || w.root.Get("jobs").IsZero():
		w.problem = "it has no on: or no jobs:"
	}
	return w
}

// jobsOf returns the jobs of a workflow in the order of the file.
func (w *Workflow) jobsOf() []job {
	if w.jobs == nil {
		for _, p := range w.root.Get("jobs").Pairs() {
			w.jobs = append(w.jobs, job{p.Value, w, p.Key, p.Line})
		}
	}
	return w.jobs
}

// at returns the place of a value, that of the file without one.
func (w *Workflow) at(v yamltree.Value) place {
	if v.IsZero() {
		return place{file: w.path}
	}
	return place{w.path, v.Node.Line}
}

// event returns the filters of an event; ok is whether it starts the workflow.
func (w *Workflow) event(name string) (filters yamltree.Value, ok bool) {
	on := w.root.Get("on")
	if on.Text() == name || slices.Contains(on.Texts(), name) {
		return yamltree.Value{}, true
	}
	for _, p := range on.Pairs() {
		if p.Key == name {
			return p.Value, true
		}
	}
	return yamltree.Value{}, false
}

// at returns the place of a value of the job, that of the job without one.
func (j job) at(v yamltree.Value) place {
	if v.IsZero() {
		return place{j.workflow.path, j.line}
	}
	return j.workflow.at(v)
}

// checkName returns the name of the check that GitHub makes for the job.
func (j job) checkName() string {
	name := cmp.Or(j.Get("name").Text(), j.id)
	if reusable(j.uses()) == "gate.yml" {
		return name + " / Codexlock gate"
	}
	return name
}

func (j job) uses() string { return j.Get("uses").Text() }

func (j job) steps() []step {
	var steps []step
	for _, v := range j.Get("steps").Items() {
		steps = append(steps, step{v})
	}
	return steps
}

// permission returns what the job's token may do in a scope: write, read, none, or "" where
// neither the job nor the workflow says. stated is the value that says it.
func (j job) permission(scope string) (level string, stated yamltree.Value) {
	stated = j.Get("permissions")
	if stated.IsZero() {
		stated = j.workflow.root.Get("permissions")
	}
	switch {
	case stated.IsZero():
		return "", stated
	case stated.Text() == "write-all":
		return "write", stated
	case stated.Text() == "read-all":
		return "read", stated
	}
	return cmp.Or(stated.Get(scope).Text(), "none"), stated
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
