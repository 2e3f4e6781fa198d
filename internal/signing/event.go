package signing

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/github"
)

// signingEvents are the GitHub events on which something may be signed: what they
// run for was merged already, or somebody who may write started them.
var signingEvents = []string{"push", "schedule", "workflow_dispatch"}

// MaySign refuses a command that signs on a runner of GitHub's, unless the run is
// for the default branch and for an event of the list: on any other, somebody whom
// nobody reviewed would choose what is signed. It asks nothing elsewhere.
func MaySign(env func(string) (string, bool), command string) error {
	event, _ := env("GITHUB_EVENT_NAME")
	if event == "" {
		return nil
	}
	if !slices.Contains(signingEvents, event) {
		return exit.AsUsage(&signingError{fmt.Sprintf("%s does not run on the event %q: whoever triggers it, such as a pull request's author, would choose what is signed", command, event)})
	}
	branch, err := eventDefaultBranch(env)
	if err != nil {
		return exit.AsUsage(fmt.Errorf("%s does not run on the event %q without its payload: %w", command, event, err))
	}
	ref, _ := env("GITHUB_REF")
	if event == "schedule" && (branch == "" || ref == "") { // it has no payload, and runs on the default branch only
		return nil
	}
	if branch == "" || ref != "refs/heads/"+branch {
		return exit.AsUsage(&signingError{fmt.Sprintf("%s does not run for %q, want the default branch \"refs/heads/%s\": other branches are not reviewed", command, ref, branch)})
	}
	return nil
}

// A signingError is a run that may not sign.
type signingError struct{ message string }

func (e *signingError) Error() string { return e.message }

// Hint is the next step.
func (e *signingError) Hint() string {
	return "run it in a workflow that is started on the default branch by push, schedule or workflow_dispatch, or on a machine of your own"
}

// eventDefaultBranch is the default branch as the event's payload names it, "" where
// it names none.
func eventDefaultBranch(env func(string) (string, bool)) (string, error) {
	file, ok := env("GITHUB_EVENT_PATH")
	if !ok || file == "" {
		return "", nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var payload struct {
		Repository struct {
			DefaultBranch string `json:"default_branch"`
		} `json:"repository"`
	}
	if err := json.NewDecoder(io.LimitReader(f, github.MaxEventBytes)).Decode(&payload); err != nil {
		return "", fmt.Errorf("read %s: %w", file, err)
	}
	return payload.Repository.DefaultBranch, nil
}
