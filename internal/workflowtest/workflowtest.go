// Package workflowtest reads the scripts of this repository's own workflows, for tests that
// run them.
package workflowtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Script returns the script of a step of .github/workflows/WORKFLOW, by its name or id, seen from
// a package two folders below the repository's root.
func Script(workflow, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", ".github", "workflows", workflow))
	if err != nil {
		return "", err
	}
	var file struct {
		Jobs map[string]struct {
			Steps []struct{ Name, ID, Run string }
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", fmt.Errorf("%s: %w", workflow, err)
	}
	for _, job := range file.Jobs {
		for _, s := range job.Steps {
			if (s.Name == name || s.ID == name) && strings.TrimSpace(s.Run) != "" {
				return s.Run, nil
			}
		}
	}
	return "", fmt.Errorf("%s has no step %q with a script", workflow, name)
}
