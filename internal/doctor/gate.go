package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// A gateJob is a job that runs the gate: in a step, or as a reusable workflow.
type gateJob struct {
	called
	step step // its node is nil for a reusable workflow
}

// verifies matches a command line that runs the gate.
var verifies = lazyregexp.New(`(?m)(?:^|[\s;&|/])codexlock(?:-action|\s+verify)\b`)

// runsGate reports whether a step runs the gate: the action, its image, the program, or a local
// action that gets a key.
func (s step) runsGate() bool {
	uses := s.Get("uses").Text()
	switch {
	case ours.MatchString(uses) && reusable(uses) == "",
		strings.HasPrefix(uses, "docker://") && strings.Contains(uses, "/codexlock"),
		verifies.MatchString(s.Get("run").Text()):
		return true
	}
	return strings.HasPrefix(uses, "./") && slices.ContainsFunc(s.Get("env").Pairs(), func(p yamltree.Pair) bool { return strings.HasPrefix(p.Key, "VAULTTIME_KEY") })
}

// onPulls are the events with which a workflow judges a pull request.
var onPulls = []string{"pull_request", "pull_request_target", "workflow_run"}

// judgesPulls reports whether a gate's job runs for a pull request: only then can a merge wait
// for its check.
func (g gateJob) judgesPulls() bool {
	return slices.ContainsFunc(onPulls, func(name string) bool { _, on := g.top().event(name); return on })
}

// gates finds the jobs that run the gate, and looks at each.
func (e *examination) gates() {
	pulls := false
	for i := range e.setup.Workflows {
		w := &e.setup.Workflows[i]
		if w.onlyCalled() {
			continue
		}
		for _, j := range e.setup.jobs(w) {
			g, ok := gateJob{called: j}, reusable(j.uses()) == "gate.yml"
			for _, s := range j.steps() {
				if !ok && s.runsGate() {
					g.step, ok = s, true
				}
			}
			if !ok || signs(j.job) {
				continue // a job that signs verifies what it signs
			}
			e.gateJobs = append(e.gateJobs, g)
			pulls = pulls || g.judgesPulls()
		}
	}
	switch {
	case len(e.gateJobs) == 0:
		e.weakens("gate-missing", place{}, "no workflow in .github/workflows runs the gate", "nothing verifies a pull request", "write one: codexlock init")
		return
	case !pulls:
		g := e.gateJobs[0]
		e.weakens("gate-events", g.top().at(g.top().root.Get("on")), "the gate does not run on pull_request", "a pull request is merged before anything verified it", "add pull_request: to on:")
	}
	for _, g := range e.gateJobs {
		e.filters(g.top())
		e.skips(g)
		e.permissions(g)
		e.secrets(g)
		e.name(g)
	}
	e.events()
}

// events looks at the events on which no gate runs.
func (e *examination) events() {
	on := func(event string) bool {
		return slices.ContainsFunc(e.gateJobs, func(g gateJob) bool { _, ok := g.top().event(event); return ok })
	}
	w := e.gateJobs[0].top()
	at := w.at(w.root.Get("on"))
	if !on("push") && !on("schedule") {
		e.advise("gate-events", at, "the gate does not run on push", "the default branch is never verified as a whole, as ZT-3.2 wants", "add to on: push: {branches: [main]}, with the name of the default branch")
	}
	if !on("merge_group") {
		e.advise("gate-events", at, "the gate does not run on merge_group", "with a merge queue, a required check that never runs blocks every merge", "add merge_group: to on:")
	}
	attests := slices.ContainsFunc(e.setup.Workflows, func(w Workflow) bool {
		return slices.ContainsFunc(e.setup.jobs(&w), func(c called) bool { return reusable(c.uses()) == "attest.yml" })
	})
	if attests && !on("workflow_dispatch") {
		e.advise("gate-events", at, "the gate does not run on workflow_dispatch", "the workflow that attests a pull request starts the gate on it, because a push with a job's token starts no workflow", "add workflow_dispatch: to on:")
	}
}

// filters looks at the filters of the gate's events.
func (e *examination) filters(w *Workflow) {
	for _, name := range append([]string{"push", "merge_group"}, onPulls...) {
		event, _ := w.event(name)
		for _, key := range []string{"paths", "paths-ignore"} {
			if v := event.Get(key); !v.IsZero() {
				e.weakens("gate-paths", w.at(v), fmt.Sprintf("%s: of %s filters the gate's runs by path", key, name), "a change of other files is not verified: a removed companion, a rule, a symlink above an artifact; and a merge waits for a required check that does not run", "remove "+key+": the gate itself finds what changed")
			}
		}
		if v := event.Get("types"); name != "push" && name != "merge_group" && name != "workflow_run" && !v.IsZero() && !slices.Contains(append(v.Texts(), v.Text()), "synchronize") {
			e.weakens("gate-events", w.at(v), "types: of "+name+" lacks synchronize", "commits that are pushed to an open pull request are not verified", "remove types:, or add opened, synchronize, reopened")
		}
	}
}

// skips looks at what lets the gate's job succeed without a verdict.
func (e *examination) skips(g gateJob) {
	why := "the check is green whatever the gate found"
	conditions := []job{g.job}
	if !g.step.IsZero() {
		conditions = append(conditions, job{Value: g.step.Value, workflow: g.workflow, line: g.step.Node.Line})
	}
	for _, j := range append(conditions, g.callers...) {
		if c := j.Get("continue-on-error"); !c.IsZero() && c.Text() != "false" {
			e.weakens("gate-optional", j.at(c), "continue-on-error is "+c.Text()+" where the gate runs", why, "remove continue-on-error")
		}
		if c := j.Get("if"); !c.IsZero() && !always(c.Text()) {
			e.weakens("gate-skipped", j.at(c), "if: "+c.Text()+" decides whether the gate runs", "GitHub reports a skipped job as a success, and a required check passes", "remove if:, and let the gate decide what it judges")
		}
		if needs := j.Get("needs"); !needs.IsZero() && !always(j.Get("if").Text()) {
			e.weakens("gate-skipped", j.at(needs), "the gate's job needs another job", "if that job fails, this one is skipped, which GitHub reports as a success", "remove needs:, or add to the job: if: ${{ !cancelled() }}")
		}
	}
	if run := g.step.Get("run").Text(); strings.Contains(run, "|| true") {
		e.weakens("gate-optional", g.job.at(g.step.Get("run")), "the step that runs the gate ignores exit codes: || true", why, "remove || true")
	}
}

// always reports whether a condition is true whatever happened before.
func always(condition string) bool {
	condition = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(condition), "${{"), "}}"))
	return slices.Contains([]string{"always()", "!cancelled()", "success() || failure()", "true"}, condition)
}

// permissions looks at the token of the gate's job.
func (e *examination) permissions(g gateJob) {
	contents, stated, at := g.permission("contents")
	if stated.IsZero() {
		e.weakens("permissions", g.job.at(yamltree.Value{}), "neither the gate's job nor its workflow states permissions", "the job gets the repository's default token, which may be allowed to write", "add to the job: permissions: {contents: read, checks: write}")
		return
	}
	if contents == "none" {
		e.advise("permissions", at.at(stated), "the gate's job lacks contents: read", "the gate cannot fetch the commits that it compares, and ends with 3 in a private repository", "add contents: read to permissions:")
	}
	if contents == "write" {
		e.weakens("permissions", at.at(stated), "the gate's job has contents: write", "a step of the job that judges a change could push to the repository", "write contents: read in permissions:")
	}
	annotate := g.step.Get("with").Get("annotate").Text()
	if checks, stated, at := g.permission("checks"); checks != "write" && g.step.Get("run").IsZero() && annotate != "commands" && annotate != "none" {
		e.advise("permissions", at.at(stated), "the gate's job lacks checks: write", "the gate cannot post its check run: at most ten findings of a kind are annotated", "add checks: write to permissions:")
	}
}

// secrets looks for the keys that the configuration names and the gate's step does not get.
func (e *examination) secrets(g gateJob) {
	if g.step.Get("uses").IsZero() {
		return // a reusable workflow or a script names them in its own way
	}
	secrets, _ := keys.Workflow(e.setup.Config)
	for _, name := range secrets {
		why := "the gate cannot check the HMAC of records in the trust domain of that key"
		if !strings.Contains(g.workflow.text, name+":") {
			e.advise("key-missing", g.job.at(g.step.Get("uses")), "the gate does not get the key "+name, why, fmt.Sprintf("add to env: of the step: %s: ${{ secrets.%s }}", name, name))
			continue
		}
		if at, secret := g.withheld(g.step.Get("env").Get(name).Text()); secret != "" {
			e.advise("key-missing", at.at(at.Get("uses")), fmt.Sprintf("the call does not pass the secret %s, from which the gate gets the key %s", secret, name), why, fmt.Sprintf("add to the job: secrets: {%s: '${{ secrets.%s }}'}", secret, name))
		}
	}
}

// secretName matches the name of a secret in an expression.
var secretName = lazyregexp.New(`\bsecrets\.([\w-]+)`)

// withheld returns the secret of an expression that a job which calls the workflow does not
// pass, and that job; "" if each passes it.
func (c called) withheld(expression string) (at job, secret string) {
	for _, j := range slices.Backward(c.callers) {
		m := secretName.FindStringSubmatch(expression)
		given := j.Get("secrets")
		if m == nil || given.Text() == "inherit" {
			continue
		}
		if expression = given.Get(m[1]).Text(); expression == "" {
			return j, m[1]
		}
	}
	return job{}, ""
}

// name looks for another job whose check has the name of the gate's.
func (e *examination) name(g gateJob) {
	name := g.called.name()
	for _, j := range append(slices.Clip(g.callers), g.job) {
		if strings.Contains(j.checkName(), "${{") || !j.Get("strategy").Get("matrix").IsZero() {
			e.weakens("check-name", j.at(j.Get("name")), "the name of the gate's job varies", "a ruleset requires a check by its name, and this one has several", "give the job a fixed name and no matrix")
		}
	}
	for _, other := range e.namesakes(name) {
		same := other.workflow == g.workflow && other.id == g.id && other.top() == g.top() && len(other.callers) == len(g.callers)
		for k := range other.callers {
			same = same && other.callers[k].id == g.callers[k].id
		}
		if !same {
			e.weakens("check-name", place{other.workflow.path, other.line}, fmt.Sprintf("job %s has the same check name as the gate, %q", other.id, name), "a ruleset that requires the name cannot tell the two apart", "give this job another name")
		}
	}
}

// namesakes returns the jobs of all workflows whose check has a name.
func (e *examination) namesakes(name string) []called {
	if e.byName == nil {
		e.byName = map[string][]called{}
		for i := range e.setup.Workflows {
			if w := &e.setup.Workflows[i]; !w.onlyCalled() {
				for _, c := range e.setup.jobs(w) {
					e.byName[c.name()] = append(e.byName[c.name()], c)
				}
			}
		}
	}
	return e.byName[name]
}
