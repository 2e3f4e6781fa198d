package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Answer is what the server says of the setup.
type Answer struct {
	Branch   string            // the default branch
	Required []string          // the names of the checks that a merge to it requires
	Runs     map[string]string // how the last run of each workflow that renews ended, by path; "" for no run
	// Environments are those of Setup.Environments, by name.
	Environments map[string]Protection
	Unknown      []string // what the server did not answer, and why
}

// A Protection is how an environment is protected.
type Protection struct {
	Exists    bool
	Reviewers bool // somebody has to approve a job before it gets the secrets
}

// An environment has the key of a job that a maintainer starts.
type environment struct {
	name string
	at   place
}

// environments returns those of jobs that attest when somebody starts them.
func (s *Setup) environments() (all []environment) {
	for i := range s.Workflows {
		w := &s.Workflows[i]
		_, dispatched := w.event("workflow_dispatch")
		if _, scheduled := w.event("schedule"); !dispatched || scheduled {
			continue
		}
		for _, c := range s.jobs(w) {
			v := c.Get("environment")
			name := cmp.Or(v.Text(), v.Get("name").Text())
			switch {
			case reusable(c.uses()) == "attest.yml":
				v = c.Get("with").Get("environment")
				name = cmp.Or(v.Text(), "codexlock") // the default of its input
				v = cmp.Or(v, c.Get("uses"))
			case !signs(c.job):
				continue
			}
			if name != "" && !strings.Contains(name, "${{") {
				all = append(all, environment{name, c.at(v)})
			}
		}
	}
	return all
}

// Environments returns the names of the environments that have the key of jobs which attest when
// somebody starts them, sorted.
func (s *Setup) Environments() (names []string) {
	for _, e := range s.environments() {
		names = append(names, e.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reviewers looks at the protection of environments.
func (e *examination) reviewers() {
	for _, env := range e.setup.environments() {
		p, asked := e.setup.Answer.Environments[env.name]
		what := "has no required reviewers"
		if !p.Exists {
			what = "does not exist, and GitHub creates it without protection when a job first uses it"
		}
		if asked && !p.Reviewers {
			e.weakens("key-environment", env.at, fmt.Sprintf("the environment %q %s", env.name, what), "everyone who may write to the repository can start the job and get an attestation without review", "Settings, Environments: add required reviewers, and make the key a secret of the environment and of nothing else")
		}
	}
}

// quoted lists names for a message.
func quoted(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, strconv.Quote(name))
	}
	return strings.Join(all, " or ")
}

// server looks at what the server answered.
func (e *examination) server(checks []string) {
	a := e.setup.Answer
	if a == nil {
		return
	}
	e.reviewers()
	if a.Branch == "" || len(checks) == 0 {
		return
	}
	if a.Required != nil && !slices.ContainsFunc(a.Required, func(name string) bool { return slices.Contains(checks, name) }) {
		what := fmt.Sprintf("no check is required for a merge to %s, want %s", a.Branch, quoted(checks))
		if len(a.Required) > 0 {
			what = fmt.Sprintf("the gate is not required for a merge to %s: required is %s, want %s", a.Branch, quoted(a.Required), quoted(checks))
		}
		e.weakens("gate-required", place{}, what, "a change that the gate denies can be merged; and a merge waits for a required check that no job has", "Settings, Rules, Rulesets: require the status check "+quoted(checks)+" from GitHub Actions")
	}
	for path, conclusion := range a.Runs {
		if conclusion != "success" && conclusion != "" {
			e.advise("renewal", place{file: path}, fmt.Sprintf("its last run on %s ended with %s", a.Branch, conclusion), "records that are not renewed expire, and the gate then denies every run on the default branch", "look at the run: gh run list --workflow "+path+"; until when records are valid: codexlock status")
		}
	}
}

// notAsked says what only the server knows and was not answered.
func notAsked(s *Setup, checks []string) []string {
	switch {
	case len(checks) == 0 && s.Answer == nil:
		return []string{}
	case s.Answer != nil:
		return append([]string{}, s.Answer.Unknown...)
	}
	what := "whether a merge requires the check " + quoted(checks)
	if names := s.Environments(); len(names) > 0 {
		what += ", whether the environment " + quoted(names) + " has required reviewers"
	}
	return []string{what + ", and how the last renewal ended: to ask GitHub, set GITHUB_TOKEN and GITHUB_REPOSITORY=OWNER/NAME"}
}
