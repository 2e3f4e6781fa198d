package doctor

import (
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/yamltree"
)

// maxCalls is how deep workflows can call workflows: GitHub's limit is ten levels
// (https://docs.github.com/actions/reference/workflows-and-actions/reusing-workflow-configurations).
const maxCalls = 10

// maxJobs is how many jobs of a workflow are looked at inside the workflows that it calls. Nobody
// writes as many; without a limit, ten files could make more than there is time for.
const maxJobs = 1000

// A called job is one that runs, and the jobs that call its workflow, the outermost first.
type called struct {
	job
	callers []job
}

// local returns the workflow of this repository that a job calls; nil for another job.
func (s *Setup) local(j job) *Workflow {
	name, ok := strings.CutPrefix(j.uses(), "./")
	if !ok {
		return nil
	}
	i := slices.IndexFunc(s.Workflows, func(w Workflow) bool { return w.path == name })
	if i < 0 {
		return nil
	}
	return &s.Workflows[i]
}

// started reports whether an event starts a workflow: its own one, or one of a workflow that
// calls it.
func (s *Setup) started(w *Workflow, event string) bool {
	seen := map[*Workflow]bool{w: true}
	for queue := []*Workflow{w}; len(queue) > 0; queue = queue[1:] {
		if _, ok := queue[0].event(event); ok {
			return true
		}
		if _, callable := queue[0].event("workflow_call"); !callable {
			continue
		}
		for i := range s.Workflows {
			caller := &s.Workflows[i]
			if !seen[caller] && slices.ContainsFunc(caller.jobsOf(), func(j job) bool { return s.local(j) == queue[0] }) {
				seen[caller] = true
				queue = append(queue, caller)
			}
		}
	}
	return false
}

// jobs returns the jobs that run if a workflow starts: its own, and in place of each that calls
// a workflow of this repository the jobs of that one.
func (s *Setup) jobs(w *Workflow) (all []called) {
	for _, j := range w.jobsOf() {
		s.inside(called{job: j}, &all)
	}
	return all
}

// inside adds the jobs that run in place of one.
func (s *Setup) inside(c called, all *[]called) {
	w := s.local(c.job)
	if w == nil || len(*all) >= maxJobs || len(c.callers) >= maxCalls || slices.ContainsFunc(c.callers, func(j job) bool { return j.workflow == w }) {
		*all = append(*all, c)
		return
	}
	for _, j := range w.jobsOf() {
		s.inside(called{j, append(slices.Clip(c.callers), c.job)}, all)
	}
}

// top returns the workflow that starts.
func (c called) top() *Workflow {
	if len(c.callers) > 0 {
		return c.callers[0].workflow
	}
	return c.workflow
}

// name returns the name of the check that GitHub makes for the job: after the names of the jobs
// that call its workflow.
func (c called) name() string {
	var names []string
	for _, j := range append(slices.Clip(c.callers), c.job) {
		names = append(names, j.checkName())
	}
	return strings.Join(names, " / ")
}

// permission returns what the job's token may do in a scope, as job.permission does. A job that
// states nothing has what the job has that calls its workflow, and none has more than that.
func (c called) permission(scope string) (level string, stated yamltree.Value, at job) {
	rank := func(level string) int { return slices.Index([]string{"none", "read", "write"}, level) }
	at = c.job
	for _, j := range slices.Backward(append(slices.Clip(c.callers), c.job)) {
		l, v := j.permission(scope)
		if !v.IsZero() && (stated.IsZero() || rank(l) < rank(level)) {
			level, stated, at = l, v, j
		}
	}
	return level, stated, at
}

// onlyCalled reports whether a workflow starts only where another one calls it.
func (w *Workflow) onlyCalled() bool {
	on := w.root.Get("on")
	events := len(on.Items()) + len(on.Pairs())
	if on.Text() != "" {
		events = 1
	}
	_, ok := w.event("workflow_call")
	return ok && events == 1
}
