// Package github speaks with GitHub: the event that a run was started for, the
// check run that carries its verdict, and the files that the runner reads back.
// It decides nothing about artifacts. It is the only package that uses the
// network.
package github

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxEventBytes bounds an event's payload; GitHub caps webhook payloads at 25 MB
// (GitHub docs, "Webhook events and payloads").
const MaxEventBytes = 25 << 20

// An Event is what the run is about.
type Event struct {
	Name        string
	Owner, Repo string
	// Base and Head are revisions of the clone. Base is "" where the event has
	// none: then everything is judged, or DefaultBranch is what it is compared with.
	Base, Head    string
	All           bool   // judge every artifact, not only changed ones
	NewBranch     bool   // a branch's first push: there is no earlier tip of its own
	Deleted       bool   // the ref is gone: there is nothing to judge
	CheckSHA      string // the commit that the check run is posted on
	Fork          bool   // the head is another repository's, or that was deleted
	DefaultBranch string
	RunID         string
	Attempt       string
}

// An EventError is an event that the gate cannot judge.
type EventError struct {
	Event   string
	Message string
}

func (e *EventError) Error() string { return fmt.Sprintf("event %q %s", e.Event, e.Message) }

// payload is the part of the events' payloads that is read. Pointers, because
// GitHub sends null for a fork that was deleted.
type payload struct {
	Before     string `json:"before"`
	After      string `json:"after"`
	Deleted    bool   `json:"deleted"`
	Repository struct {
		DefaultBranch string `json:"default_branch"`
		FullName      string `json:"full_name"`
	} `json:"repository"`
	PullRequest *struct {
		Base struct {
			SHA string `json:"sha"`
		} `json:"base"`
		Head struct {
			SHA  string `json:"sha"`
			Repo *struct {
				FullName string `json:"full_name"`
			} `json:"repo"`
		} `json:"head"`
		MergeCommitSHA *string `json:"merge_commit_sha"`
	} `json:"pull_request"`
	MergeGroup *struct {
		BaseSHA string `json:"base_sha"`
		HeadSHA string `json:"head_sha"`
	} `json:"merge_group"`
}

// ReadEvent reads the event from the runner's environment and the payload's
// text. Whatever names a commit has to be a full object id.
func ReadEvent(env func(string) (string, bool), text []byte) (Event, error) {
	get := func(name string) string { v, _ := env(name); return v }
	e := Event{Name: get("GITHUB_EVENT_NAME"), RunID: get("GITHUB_RUN_ID"), Attempt: get("GITHUB_RUN_ATTEMPT"), CheckSHA: get("GITHUB_SHA")}
	if e.Name == "" {
		return e, &EventError{"", "is missing: GITHUB_EVENT_NAME is not set; this program is a GitHub Action's, use codexlock verify elsewhere"}
	}
	var ok bool
	if e.Owner, e.Repo, ok = strings.Cut(get("GITHUB_REPOSITORY"), "/"); !ok || e.Owner == "" || e.Repo == "" {
		return e, &EventError{e.Name, fmt.Sprintf("has no repository: GITHUB_REPOSITORY is %q, want OWNER/NAME", get("GITHUB_REPOSITORY"))}
	}
	var p payload
	if len(text) > 0 {
		if err := json.Unmarshal(text, &p); err != nil {
			return e, &EventError{e.Name, fmt.Sprintf("has a payload that is not JSON: %v", err)}
		}
	}
	e.DefaultBranch = p.Repository.DefaultBranch
	if err := e.fill(p, get("GITHUB_SHA")); err != nil {
		return e, err
	}
	for name, sha := range map[string]string{"base": strings.TrimSuffix(e.Base, "^1"), "head": e.Head, "check": e.CheckSHA} {
		if sha != "" && !isObjectID(sha) {
			return e, &EventError{e.Name, fmt.Sprintf("has the %s commit %q, want a full object id", name, sha)}
		}
	}
	if e.CheckSHA == "" && !e.Deleted {
		return e, &EventError{e.Name, "names no commit: GITHUB_SHA is not set"}
	}
	return e, nil
}

// fill finds the two commits of the event: what would land, and what it lands on.
func (e *Event) fill(p payload, sha string) error {
	switch e.Name {
	case "pull_request":
		if p.PullRequest == nil {
			return &EventError{e.Name, "has no pull_request in its payload"}
		}
		// GITHUB_SHA is the merge commit, and its first parent is the base that
		// GitHub merged onto.
		e.Head, e.Base = sha, sha+"^1"
		e.pullRequest(p)
	case "pull_request_target":
		return &EventError{e.Name, "is not one that the gate runs on: its checkout is the base, and its token can write; use pull_request"}
	case "merge_group":
		if p.MergeGroup == nil {
			return &EventError{e.Name, "has no merge_group in its payload"}
		}
		e.Base, e.Head, e.CheckSHA = p.MergeGroup.BaseSHA, p.MergeGroup.HeadSHA, p.MergeGroup.HeadSHA
	case "push":
		e.push(p)
	default: // schedule, workflow_dispatch, workflow_call and the like: everything
		e.Head, e.All = sha, true
	}
	return nil
}

func (e *Event) pullRequest(p payload) {
	e.CheckSHA = p.PullRequest.Head.SHA
	head := p.PullRequest.Head.Repo
	e.Fork = head == nil || head.FullName != e.Owner+"/"+e.Repo
}

func (e *Event) push(p payload) {
	switch {
	case p.Deleted || isZero(p.After):
		e.Deleted = true
	case p.Before == "" || isZero(p.Before):
		e.Head, e.NewBranch = p.After, true
	default:
		e.Base, e.Head = p.Before, p.After
	}
	if e.Head != "" {
		e.CheckSHA = e.Head
	}
}

// isObjectID reports whether s is a full SHA-1 or SHA-256 object id.
func isObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// isZero reports whether s is the id that GitHub writes for no commit.
func isZero(s string) bool { return s != "" && strings.Trim(s, "0") == "" }
