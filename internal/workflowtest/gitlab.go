package workflowtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A GitLabJob is a job of the template for GitLab CI, with what it extends.
type GitLabJob struct {
	Extends   string
	Variables map[string]string
	Image     struct {
		Name       string
		Entrypoint []string
	}
	Rules        []map[string]string
	Script       []string
	AllowFailure bool `yaml:"allow_failure"`
	Artifacts    struct {
		When    string
		Reports struct{ JUnit string }
	}
}

// GitLabJobs returns the jobs of the template by name, without the hidden ones, seen from a
// package two folders below the repository's root.
func GitLabJobs() (map[string]GitLabJob, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "templates", "codexlock.gitlab-ci.yml"))
	if err != nil {
		return nil, err
	}
	var nodes map[string]yaml.Node
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return nil, err
	}
	jobs := map[string]GitLabJob{}
	for name, own := range nodes {
		if strings.HasPrefix(name, ".") {
			continue
		}
		var head struct{ Extends string }
		if err := own.Decode(&head); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		var job GitLabJob
		for _, from := range []string{head.Extends, name} { // the job's own keys replace those
			if from == "" {
				continue
			}
			node, ok := nodes[from]
			if !ok {
				return nil, fmt.Errorf("%s extends %s, which does not exist", name, from)
			}
			if err := node.Decode(&job); err != nil {
				return nil, fmt.Errorf("%s: %w", from, err)
			}
		}
		jobs[name] = job
	}
	return jobs, nil
}

// GitLabScript returns the script of a job as the runner executes it with Bash.
func GitLabScript(name string) (string, error) {
	jobs, err := GitLabJobs()
	if err != nil {
		return "", err
	}
	job, ok := jobs[name]
	if !ok || len(job.Script) == 0 {
		return "", fmt.Errorf("the template has no job %q with a script", name)
	}
	return "set -eo pipefail\n" + strings.Join(job.Script, "\n") + "\n", nil
}
