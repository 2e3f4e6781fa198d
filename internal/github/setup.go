package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	gh "github.com/google/go-github/v66/github"
)

// DefaultBranch returns the name of the repository's default branch.
func (c *Client) DefaultBranch(ctx context.Context) (string, error) {
	r, _, err := c.api.Repositories.Get(ctx, c.owner, c.repo)
	if err != nil {
		return "", fmt.Errorf("read the repository: %w", err)
	}
	return r.GetDefaultBranch(), nil
}

// RequiredChecks returns the names of the checks that rulesets and the branch's protection
// require before a merge to a branch.
func (c *Client) RequiredChecks(ctx context.Context, branch string) ([]string, error) {
	var names []string
	rules, _, err := c.api.Repositories.GetRulesForBranch(ctx, c.owner, c.repo, branch)
	if err != nil {
		return nil, fmt.Errorf("read the rules of %s: %w", branch, err)
	}
	for _, rule := range rules {
		if rule.Type != "required_status_checks" || rule.Parameters == nil {
			continue
		}
		var parameters gh.RequiredStatusChecksRuleParameters
		if err := json.Unmarshal(*rule.Parameters, &parameters); err != nil {
			return nil, fmt.Errorf("read the rules of %s: %w", branch, err)
		}
		for _, check := range parameters.RequiredStatusChecks {
			names = append(names, check.Context)
		}
	}
	b, _, err := c.api.Repositories.GetBranch(ctx, c.owner, c.repo, branch, 0)
	if err != nil {
		return nil, fmt.Errorf("read the protection of %s: %w", branch, err)
	}
	protected := b.GetProtection().GetRequiredStatusChecks()
	if protected == nil {
		return names, nil
	}
	if protected.Contexts != nil {
		names = append(names, *protected.Contexts...)
	}
	if protected.Checks != nil {
		for _, check := range *protected.Checks {
			names = append(names, check.Context)
		}
	}
	return names, nil
}

// LastRun returns how the last finished run of a workflow on a branch ended, such as success or
// failure, "" where none has; file is the workflow's, without its folder.
func (c *Client) LastRun(ctx context.Context, file, branch string) (conclusion string, err error) {
	runs, _, err := c.api.Actions.ListWorkflowRunsByFileName(ctx, c.owner, c.repo, file, &gh.ListWorkflowRunsOptions{
		Branch: branch, Status: "completed", ListOptions: gh.ListOptions{PerPage: 1},
	})
	if err != nil {
		return "", fmt.Errorf("read the runs of %s: %w", file, err)
	}
	if len(runs.WorkflowRuns) == 0 {
		return "", nil
	}
	return runs.WorkflowRuns[0].GetConclusion(), nil
}

// A Protection is how an environment is protected.
type Protection struct {
	Exists    bool
	Reviewers bool // somebody has to approve a job before it gets the environment's secrets
}

// Environment returns how an environment is protected. One that does not exist is no error.
func (c *Client) Environment(ctx context.Context, name string) (Protection, error) {
	e, response, err := c.api.Repositories.GetEnvironment(ctx, c.owner, c.repo, url.PathEscape(name))
	switch {
	case response != nil && response.StatusCode == http.StatusNotFound:
		return Protection{}, nil
	case err != nil:
		return Protection{}, fmt.Errorf("read the environment %s: %w", name, err)
	}
	p := Protection{Exists: true}
	for _, rule := range e.ProtectionRules {
		p.Reviewers = p.Reviewers || rule.GetType() == "required_reviewers" && len(rule.Reviewers) > 0
	}
	return p, nil
}
