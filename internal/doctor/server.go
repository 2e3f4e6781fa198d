package doctor

import (
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
	Unknown  []string          // what the server did not answer, and why
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
	if a == nil || a.Branch == "" || len(checks) == 0 {
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
func notAsked(a *Answer, checks []string) []string {
	switch {
	case len(checks) == 0:
		return []string{}
	case a != nil:
		return append([]string{}, a.Unknown...)
	}
	return []string{"whether a merge requires the check " + quoted(checks) + ", and how the last renewal ended: to ask GitHub, set GITHUB_TOKEN and GITHUB_REPOSITORY=OWNER/NAME"}
}
