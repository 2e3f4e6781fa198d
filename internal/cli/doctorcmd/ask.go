package doctorcmd

import (
	"cmp"
	"context"
	"path"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/doctor"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/host"
)

// patience is how long GitHub is asked, with all waits.
const patience = 30 * time.Second

// ask asks GitHub about the setup; the answer is nil without a token and a repository. What
// GitHub does not answer is no error: a token may not be allowed the question.
func ask(ctx context.Context, w host.World, s *doctor.Setup) (*doctor.Answer, error) {
	token, _ := w.Env("GITHUB_TOKEN")
	repository, _ := w.Env("GITHUB_REPOSITORY")
	if token == "" || repository == "" {
		return nil, nil
	}
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, exit.Usagef("GITHUB_REPOSITORY is %q, want OWNER/NAME", repository)
	}
	api, _ := w.Env("GITHUB_API_URL")
	client, err := github.NewClient(cmp.Or(api, "https://api.github.com"), token, owner, name, github.Clock{Now: w.Now, Sleep: github.Sleep}, w.Now().Add(patience))
	if err != nil {
		return nil, exit.AsUsage(err)
	}
	a := &doctor.Answer{Runs: map[string]string{}, Environments: map[string]doctor.Protection{}}
	if a.Branch, err = client.DefaultBranch(ctx); err != nil {
		a.Unknown = append(a.Unknown, "everything: "+err.Error())
		return a, ctx.Err()
	}
	required, err := client.RequiredChecks(ctx, a.Branch)
	if err != nil {
		a.Unknown = append(a.Unknown, "which checks a merge requires: "+err.Error())
	} else {
		a.Required = append([]string{}, required...)
	}
	for _, file := range s.Renewing() {
		if a.Runs[file], err = client.LastRun(ctx, path.Base(file), a.Branch); err != nil {
			a.Unknown = append(a.Unknown, "how the last renewal ended: "+err.Error())
		}
	}
	for _, name := range s.Environments() {
		p, err := client.Environment(ctx, name)
		if err != nil {
			a.Unknown = append(a.Unknown, "whether an environment has required reviewers: "+err.Error())
			continue
		}
		a.Environments[name] = doctor.Protection(p)
	}
	return a, ctx.Err()
}
