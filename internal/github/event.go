// Package github reads the event of a GitHub workflow run, posts the check run with the
// verdict, and writes the files that the runner reads. It decides nothing about
// artifacts. It is the only package that calls GitHub's API.
package github

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxEventBytes bounds an event's payload; GitHub caps webhook payloads at 25 MB
// (GitHub docs, "Webhook events and payloads").
const MaxEventBytes = 25 << 20

// Supported are the events that the gate judges.
var Supported = []string{
	"pull_request", "merge_group", "push", "schedule", "workflow_dispatch", "workflow_call", "pull_request_target", "workflow_run",
}

// An Event names the commit that a run judges and, by one of Base, BaseBranch and First,
// the commit that it is compared with.
type Event struct {
	Name        string
	Owner, Repo string
	Head        string // the commit that is judged
	// Base is the revision that is both trusted and compared with.
	Base string
	// BaseBranch is the branch whose tip is trusted, and whose merge base with Head
	// is compared with. Tip is the tip, if the event names it.
	BaseBranch, Tip string
	First           bool   // the default branch's first push: no commit can be trusted
	All             bool   // judge every artifact, not only changed ones
	Deleted         bool   // the ref was deleted: there is nothing to judge
	CheckSHA        string // the commit that the check run is posted on
	Fork            bool   // the head is in another repository, or in a deleted one
	Number          int    // of the pull request; 0: the event has none
	DefaultBranch   string
	RunID           string
	Attempt         string
}

// An EventError is an event without the data that the gate needs.
type EventError struct {
	Event   string
	Message string
}

func (e *EventError) Error() string { return fmt.Sprintf("event %q %s", e.Event, e.Message) }

// An UnsupportedEventError is an event that the gate does not judge, because no rule says
// which of its commits is trusted.
type UnsupportedEventError struct{ Event string }

func (e *UnsupportedEventError) Error() string {
	return fmt.Sprintf("event %q is not supported, want one of %s", e.Event, strings.Join(Supported, ", "))
}

// Hint is the next step.
func (e *UnsupportedEventError) Hint() string {
	return "start the workflow on pull_request, push and merge_group; remove the other events from its on:"
}

// Usage reports that the user must correct the error (exit code 2).
func (e *UnsupportedEventError) Usage() bool { return true }

// payload is the part of the events' payloads that is read. Pointers, because
// GitHub sends null for a fork that was deleted.
type payload struct {
	Ref        string `json:"ref"`
	Before     string `json:"before"`
	After      string `json:"after"`
	Deleted    bool   `json:"deleted"`
	Repository struct {
		DefaultBranch string `json:"default_branch"`
		FullName      string `json:"full_name"`
	} `json:"repository"`
	Number      int `json:"number"` // of the pull request
	PullRequest *struct {
		Base struct {
			Ref string `json:"ref"`
			SHA string `json:"sha"`
		} `json:"base"`
		Head struct {
			SHA  string      `json:"sha"`
			Repo *repository `json:"repo"`
		} `json:"head"`
	} `json:"pull_request"`
	MergeGroup *struct {
		BaseSHA string `json:"base_sha"`
		HeadSHA string `json:"head_sha"`
	} `json:"merge_group"`
	WorkflowRun *struct {
		Event          string      `json:"event"`
		HeadSHA        string      `json:"head_sha"`
		HeadBranch     string      `json:"head_branch"`
		HeadRepository *repository `json:"head_repository"`
		PullRequests   []struct {
			Base struct {
				Ref string `json:"ref"`
			} `json:"base"`
		} `json:"pull_requests"`
	} `json:"workflow_run"`
}

type repository struct {
	FullName string `json:"full_name"`
}

// ReadEvent reads the event from the runner's environment and the payload's
// text. Every commit must be a full object id. Its errors are
// *EventError and *UnsupportedEventError.
func ReadEvent(env func(string) (string, bool), text []byte) (Event, error) {
	get := func(name string) string { v, _ := env(name); return v }
	e := Event{Name: get("GITHUB_EVENT_NAME"), RunID: get("GITHUB_RUN_ID"), Attempt: get("GITHUB_RUN_ATTEMPT"), CheckSHA: get("GITHUB_SHA")}
	if e.Name == "" {
		return e, &EventError{"", "is missing: GITHUB_EVENT_NAME is not set; this program is a GitHub Action's, use codexlock verify elsewhere"}
	}
	if !oneOf(e.Name, Supported...) {
		return e, &UnsupportedEventError{e.Name}
	}
	var ok bool
	if e.Owner, e.Repo, ok = strings.Cut(get("GITHUB_REPOSITORY"), "/"); !ok || !isName(e.Owner) || !isName(e.Repo) {
		return e, &EventError{e.Name, fmt.Sprintf("has no repository: GITHUB_REPOSITORY is %q, want OWNER/NAME", get("GITHUB_REPOSITORY"))}
	}
	var p payload
	if len(text) > 0 {
		if err := json.Unmarshal(text, &p); err != nil {
			return e, &EventError{e.Name, fmt.Sprintf("has a payload that is not JSON: %v", err)}
		}
	}
	e.DefaultBranch, e.Number = p.Repository.DefaultBranch, max(p.Number, 0)
	if err := e.setCommits(p, get("GITHUB_SHA"), get("GITHUB_REF")); err != nil {
		return e, err
	}
	return e, e.check()
}

// check refuses an event whose commits are not full object ids.
func (e *Event) check() error {
	if e.Deleted {
		return nil
	}
	for _, c := range []struct{ kind, sha string }{{"base", strings.TrimSuffix(e.Base, "^1")}, {"base", e.Tip}, {"head", e.Head}, {"check", e.CheckSHA}} {
		if c.sha != "" && !isObjectID(c.sha) {
			return &EventError{e.Name, fmt.Sprintf("has the %s commit %q, want a full object id", c.kind, c.sha)}
		}
	}
	if e.Head == "" || e.CheckSHA == "" {
		return &EventError{e.Name, "names no commit to judge"}
	}
	if e.Base == "" && e.BaseBranch == "" && !e.First {
		return &EventError{e.Name, "names no default branch in its payload (repository.default_branch): the trusted commit cannot be determined"}
	}
	return nil
}

// setCommits sets the commits of the event: the one that would be merged, and its base.
func (e *Event) setCommits(p payload, sha, ref string) error {
	switch e.Name {
	case "pull_request":
		if p.PullRequest == nil {
			return &EventError{e.Name, "has no pull_request in its payload"}
		}
		// GITHUB_SHA is the merge commit, and its first parent is the base that
		// GitHub merged onto.
		e.Head, e.CheckSHA, e.Fork = sha, p.PullRequest.Head.SHA, e.isFork(p.PullRequest.Head.Repo)
		if sha != "" {
			e.Base = sha + "^1"
		}
	case "pull_request_target":
		if p.PullRequest == nil {
			return &EventError{e.Name, "has no pull_request in its payload"}
		}
		// base.sha is the tip of the branch when the pull request was opened, so it
		// is not trusted.
		e.Head, e.CheckSHA, e.Fork = p.PullRequest.Head.SHA, p.PullRequest.Head.SHA, e.isFork(p.PullRequest.Head.Repo)
		e.setBase(or(p.PullRequest.Base.Ref, e.DefaultBranch), sha, ref)
	case "workflow_run":
		return e.workflowRun(p, sha, ref)
	case "merge_group":
		if p.MergeGroup == nil {
			return &EventError{e.Name, "has no merge_group in its payload"}
		}
		e.Base, e.Head, e.CheckSHA = p.MergeGroup.BaseSHA, p.MergeGroup.HeadSHA, p.MergeGroup.HeadSHA
	case "push":
		e.push(p, or(p.Ref, ref), sha)
	default:
		e.dispatch(sha, or(ref, p.Ref))
	}
	return nil
}

// setBase sets the branch that the head would be merged into. GITHUB_SHA is its tip if
// GITHUB_REF names it.
func (e *Event) setBase(branch, sha, ref string) {
	e.BaseBranch = branch
	if branch != "" && ref == "refs/heads/"+branch {
		e.Tip = sha
	}
}

func (e *Event) isFork(head *repository) bool {
	return head == nil || !strings.EqualFold(head.FullName, e.Owner+"/"+e.Repo)
}

// isDefault reports whether a ref is the default branch.
func (e *Event) isDefault(ref string) bool {
	return e.DefaultBranch != "" && ref == "refs/heads/"+e.DefaultBranch
}

// workflowRun sets the commits of an earlier run. The pull request of that run can be for
// any branch; for a fork, the payload names none.
func (e *Event) workflowRun(p payload, sha, ref string) error {
	run := p.WorkflowRun
	if run == nil {
		return &EventError{e.Name, "has no workflow_run in its payload"}
	}
	e.Head, e.CheckSHA, e.Fork = run.HeadSHA, run.HeadSHA, e.isFork(run.HeadRepository)
	branch := e.DefaultBranch
	for i, pull := range run.PullRequests {
		if i == 0 {
			branch = or(pull.Base.Ref, branch)
		}
		if pull.Base.Ref != branch { // pull requests for several branches: use the default branch's rules
			branch = e.DefaultBranch
			break
		}
	}
	e.setBase(branch, sha, ref)
	e.All = !e.Fork && !strings.HasPrefix(run.Event, "pull_request") && e.isDefault("refs/heads/"+run.HeadBranch)
	return nil
}

// dispatch sets the commits of a run for the current state of a branch. The default branch
// is trusted: it is judged as a whole, by its own rules. A schedule runs only there.
func (e *Event) dispatch(sha, ref string) {
	e.Head = sha
	if e.isDefault(ref) || e.Name == "schedule" && (ref == "" || e.DefaultBranch == "") {
		e.Base, e.All = sha, true
		return
	}
	e.BaseBranch = e.DefaultBranch
}

func (e *Event) push(p payload, ref, sha string) {
	e.Head = p.After
	if strings.HasPrefix(ref, "refs/tags/") && !isZero(p.After) {
		e.Head = or(sha, p.After) // after is the id of an annotated tag, and sha its commit's
	}
	e.CheckSHA = or(e.Head, e.CheckSHA)
	switch {
	case p.Deleted || isZero(p.After):
		e.Deleted, e.Head = true, ""
	case !e.isDefault(ref):
		e.BaseBranch = e.DefaultBranch
	case p.Before == "" || isZero(p.Before):
		e.First, e.All = true, true
	default:
		e.Base, e.All = p.Before, true
	}
}

// isObjectID reports whether s is a full SHA-1 or SHA-256 object id.
func isObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// isName reports whether s can be the name of an owner or of a repository: letters, digits,
// and - _ . in between. It becomes a part of addresses.
func isName(s string) bool {
	return s != "" && s != "." && s != ".." && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	}) < 0
}

// isZero reports whether s is GitHub's id for no commit.
func isZero(s string) bool { return s != "" && strings.Trim(s, "0") == "" }
