package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// firstSupported is the first major version of each action that runs on a version of Node.js
// that GitHub's runners still have: older ones are for Node.js 12 or 16
// (https://github.blog/changelog/, 2023-06-13 and 2024-09-25), or use services that are switched
// off (artifacts and caches before version 4, 2025-01-30 and 2025-03-01).
var firstSupported = map[string]int{
	"actions/cache": 4, "actions/checkout": 4, "actions/download-artifact": 4, "actions/github-script": 7,
	"actions/setup-go": 5, "actions/setup-node": 4, "actions/setup-python": 5, "actions/upload-artifact": 4,
	"docker/build-push-action": 5, "docker/login-action": 3, "docker/setup-buildx-action": 3,
	"github/codeql-action": 3,
}

// What a workflow may say that no longer works, or no longer does what it says.
var (
	commit      = lazyregexp.New(`^[0-9a-f]{40}$`)
	version     = lazyregexp.New(`^v?(\d+)(?:\.|$)`)
	oldCommands = lazyregexp.New(`::(set-output|save-state|set-env|add-path)\b`)
	oldRunners  = lazyregexp.New(`^(ubuntu-(?:16|18|20)\.04|macos-(?:10\.15|11|12)|windows-2019)$`)
	headOfPull  = lazyregexp.New(`github\.head_ref|pull_request\.head\.|workflow_run\.head_|refs/pull/|pull_request\.merge_commit_sha`)
	fetchesHead = lazyregexp.New(`gh pr checkout|git (?:checkout|switch|fetch|pull)\b[^\n]*(?:refs/pull/|pull/\S+/(?:head|merge)|head_ref|head\.(?:sha|ref)|HEAD_(?:SHA|REF))`)
)

// workflows looks at every workflow: whether it can be read, what it runs on events that have
// secrets, and, where it runs Codexlock, at its actions.
func (e *examination) workflows() {
	for i := range e.setup.Workflows {
		w := &e.setup.Workflows[i]
		uses := strings.Contains(w.text, "codexlock")
		if w.unread {
			e.advise("workflow-unreadable", place{file: w.path}, w.problem, "what it does is not known here, and GitHub may not run it", "replace it by a file that is smaller than 1 MiB, or remove it")
			continue
		}
		if w.problem != "" {
			if uses {
				e.weakens("workflow-unreadable", place{file: w.path}, "it cannot be read as a workflow: "+w.problem, "GitHub does not run it", "correct the file")
			}
			continue
		}
		e.untrustedCheckout(w)
		if !uses {
			continue
		}
		for _, j := range w.jobsOf() {
			e.calls(j)
			e.pinned(j, j.Get("uses"))
			e.sameVersion(j)
			for _, s := range j.steps() {
				e.pinned(j, s.Get("uses"))
				if m := oldCommands.FindStringSubmatch(s.Get("run").Text()); m != nil {
					e.advise("deprecated-action", j.at(s.Get("run")), "the workflow command ::"+m[1]+" is used", "GitHub disabled it or announced that it will", "write to $GITHUB_OUTPUT, $GITHUB_STATE, $GITHUB_ENV or $GITHUB_PATH")
				}
			}
			if on := j.Get("runs-on"); oldRunners.MatchString(on.Text()) {
				e.advise("deprecated-action", j.at(on), "runs-on is "+on.Text()+", which GitHub no longer has", "the job waits for a runner until it is cancelled", "write ubuntu-latest, or another image that exists")
			}
		}
	}
}

// calls looks at a call of a workflow of this repository.
func (e *examination) calls(j job) {
	if !strings.HasPrefix(j.uses(), "./") {
		return
	}
	what := ""
	switch w := e.setup.local(j); {
	case w == nil:
		what = "which is no file in " + workflowFolder
	case w.problem != "":
		return // a finding of its own
	default:
		if _, callable := w.event("workflow_call"); !callable {
			what = "which has no on: workflow_call"
		}
	}
	if what != "" {
		e.weakens("workflow-unreadable", j.at(j.Get("uses")), "it calls "+j.uses()+", "+what, "GitHub does not run any job of a workflow with such a call", "correct the path, or add workflow_call: to on: of the file")
	}
}

// workflowFolder is where GitHub looks for workflows.
const workflowFolder = ".github/workflows"

// untrustedCheckout looks for code of a pull request in a workflow that has the secrets.
func (e *examination) untrustedCheckout(w *Workflow) {
	event := ""
	for _, name := range []string{"pull_request_target", "workflow_run", "issue_comment"} {
		if e.setup.started(w, name) {
			event = name
		}
	}
	if event == "" {
		return
	}
	why := "whoever opens a pull request runs code with this repository's secrets and token"
	fix := "remove it: the gate reads the pull request's commits as objects and needs no checkout of them"
	for _, j := range w.jobsOf() {
		for _, s := range j.steps() {
			with := s.Get("with")
			for _, key := range []string{"ref", "repository"} {
				if v := with.Get(key); strings.HasPrefix(s.Get("uses").Text(), "actions/checkout@") && headOfPull.MatchString(v.Text()) {
					e.weakens("untrusted-checkout", j.at(v), fmt.Sprintf("a workflow on %s checks out the pull request: %s: %s", event, key, v.Text()), why, fix)
				}
			}
			if run := s.Get("run"); fetchesHead.MatchString(run.Text()) {
				e.weakens("untrusted-checkout", j.at(run), fmt.Sprintf("a script on %s checks out the pull request", event), why, fix)
			}
		}
	}
}

// pinned looks at the action or reusable workflow that uses: names.
func (e *examination) pinned(j job, uses yamltree.Value) {
	text := uses.Text()
	name, ref, versioned := strings.Cut(text, "@")
	switch {
	case text == "" || strings.HasPrefix(text, "./"):
		return
	case strings.HasPrefix(text, "docker://"):
		if !strings.Contains(text, "@sha256:") {
			e.weakens("unpinned", j.at(uses), text+" is not pinned by digest", "whoever can push the tag decides what runs next to the key", "name the image by digest: docker://IMAGE@sha256:DIGEST")
		}
		return
	case !versioned || !commit.MatchString(ref):
		e.weakens("unpinned", j.at(uses), text+" is not pinned by commit", "whoever can move the tag or branch decides what runs next to the key and judges changes", "name the release by its commit, and the version in a comment: "+name+"@COMMIT # VERSION")
	}
	release := ref
	if commit.MatchString(ref) {
		release = strings.TrimSpace(strings.TrimPrefix(uses.Node.LineComment, "#"))
	}
	for action, first := range firstSupported {
		if name != action && !strings.HasPrefix(name, action+"/") {
			continue
		}
		if m := version.FindStringSubmatch(release); m != nil {
			if major, err := strconv.Atoi(m[1]); err == nil && major < first {
				e.advise("deprecated-action", j.at(uses), fmt.Sprintf("%s is version %d, and GitHub's runners support it from %d", name, major, first), "the job fails, or will, and with it the check", fmt.Sprintf("use version %d or later", first))
			}
		}
	}
}

// sameVersion looks at a reusable workflow of ours, which is told its own commit.
func (e *examination) sameVersion(j job) {
	_, ref, _ := strings.Cut(j.uses(), "@")
	if v := j.Get("with").Get("version"); reusable(j.uses()) != "" && v.Text() != ref {
		e.weakens("unpinned", j.at(v), fmt.Sprintf("version: is %q, and the workflow is at %q", v.Text(), ref), "the program that runs is not the one that the workflow was written for", "write the same commit in both places")
	}
}

// signsCommand matches a command line that signs.
var signsCommand = lazyregexp.New(`(?m)(?:^|[\s;&|/])codexlock\s+(?:attest|ingest|mv|migrate|renew|keys\s+rotate|audit\s+sign)\b`)

// signs reports whether a job signs: by a command, or as a reusable workflow.
func signs(j job) bool {
	for _, s := range j.steps() {
		if signsCommand.MatchString(s.Get("run").Text()) {
			return true
		}
	}
	name := reusable(j.uses())
	return name == "attest.yml" || name == "renew.yml" || name == "audit.yml"
}

// isKey reports whether an environment variable or an input holds a key.
func isKey(name string) bool {
	name = strings.ReplaceAll(strings.ToUpper(name), "-", "_")
	return strings.HasPrefix(name, "VAULTTIME_KEY") && !strings.HasPrefix(name, "VAULTTIME_KEY_FILE")
}

// keys looks at who gets a key.
func (e *examination) keys() {
	secrets, _ := keys.Workflow(e.setup.Config)
	key := func(name string) bool {
		for _, secret := range secrets {
			if name == secret {
				return true
			}
		}
		return isKey(name)
	}
	for i := range e.setup.Workflows {
		w := &e.setup.Workflows[i]
		for _, p := range w.root.Get("env").Pairs() {
			if key(p.Key) {
				e.wide(w, p, "the workflow", "every job and action of the workflow")
			}
		}
		for _, j := range w.jobsOf() {
			for _, p := range j.Get("env").Pairs() {
				if key(p.Key) {
					e.wide(w, p, "job "+j.id, "every step and action of the job")
				}
			}
			e.keysOf(j, key)
		}
	}
}

// wide adds findings about a key in the environment of more than one step.
func (e *examination) wide(w *Workflow, p yamltree.Pair, of, who string) {
	e.literal(w, p)
	e.weakens("key-scope", place{w.path, p.Line}, p.Key+" is in env: of "+of, who+" can read it, and whoever has it can attest", "move it to env: of the step that needs it")
}

// literal adds a finding for a key that is written into a workflow.
func (e *examination) literal(w *Workflow, p yamltree.Pair) {
	if text := p.Text(); text != "" && !strings.Contains(text, "${{") {
		e.weakens("key-literal", place{w.path, p.Line}, p.Key+" is a text in the workflow", "everyone who can read the repository has the key", "make it a secret, and replace the key, which is known: codexlock keys rotate")
	}
}

// keysOf looks at the keys that a job's steps get, and at those that a maintainer starts a job
// with: an environment with reviewers stands between whoever may write and the key.
func (e *examination) keysOf(j job, key func(string) bool) {
	given := j.Get("secrets").Pairs()
	for _, s := range j.steps() {
		given = append(given, s.Get("env").Pairs()...)
	}
	for _, p := range given {
		if !key(p.Key) {
			continue
		}
		e.literal(j.workflow, p)
		dispatched, scheduled := e.setup.started(j.workflow, "workflow_dispatch"), e.setup.started(j.workflow, "schedule")
		attests := reusable(j.uses()) == "attest.yml" || signs(j) && j.uses() == ""
		if dispatched && !scheduled && attests && j.Get("environment").IsZero() {
			fix := "add environment: codexlock to the job, and make the key a secret of that environment, with required reviewers"
			if j.uses() != "" {
				fix = "write secrets: inherit, and make the key a secret of the environment codexlock, with required reviewers"
			}
			e.weakens("key-environment", place{j.workflow.path, p.Line}, "the job attests with "+p.Key+", which is not the secret of an environment", "everyone who may write to the repository can start it and get an attestation without review", fix)
		}
		if e.setup.started(j.workflow, "pull_request_target") && signs(j) {
			e.weakens("key-environment", place{j.workflow.path, p.Line}, "a job on pull_request_target signs with "+p.Key, "whoever opens a pull request chooses what is signed", "sign on push, schedule or workflow_dispatch of the default branch")
		}
	}
}
