package uses

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/facts"
)

// measured is what is measured of a change of a repository.
func measured(t *testing.T, base, head map[string]string, change func(*changeset.Set)) *facts.Repository {
	t.Helper()
	set := testSet(repository(head))
	set.Base, set.Head, set.Scope = repository(base), repository(head), facts.All
	if change != nil {
		change(set)
	}
	r := &facts.Repository{}
	if err := Measure(context.Background(), set, facts.GateScript{Origin: facts.GateScriptOriginInit}, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBefore: each use is compared with the same one in the base, and its job with the base's.
func TestBefore(t *testing.T) {
	const verify = "      - run: codexlock verify --all\n"
	for name, tt := range map[string]struct {
		base, head string
		want       []string // path, verified, before, change of the job
		weakened   facts.YesNo
	}{
		"nothing changed":       {inSteps(verify + useStep), inSteps(verify + useStep), []string{"scripts/x.sh earlier earlier unchanged"}, "no"},
		"added":                 {inSteps(""), inSteps(useStep), []string{"scripts/x.sh none absent modified"}, "no"},
		"a new workflow":        {"", inSteps(useStep), []string{"scripts/x.sh none absent added"}, "no"},
		"weakened":              {inSteps(verify + useStep), inSteps(useStep), []string{"scripts/x.sh none earlier modified"}, "yes"},
		"at use, and no more":   {inSteps("      - run: codexlock run -- scripts/x.sh\n"), inSteps(useStep), []string{"scripts/x.sh none at_use modified"}, "yes"},
		"moved in front":        {inSteps(verify + useStep), inSteps(useStep + verify), []string{"scripts/x.sh none earlier modified"}, "yes"},
		"strengthened":          {inSteps(useStep), inSteps(verify + useStep), []string{"scripts/x.sh earlier none modified"}, "no"},
		"one of two":            {inSteps(useStep + verify + useStep), inSteps(useStep + verify + useStep), []string{"scripts/x.sh none none unchanged", "scripts/x.sh earlier earlier unchanged"}, "no"},
		"both of two":           {inSteps(useStep + verify + useStep), inSteps(useStep + useStep), []string{"scripts/x.sh none none modified", "scripts/x.sh none earlier modified"}, "yes"},
		"one more":              {inSteps(verify + useStep), inSteps(useStep + verify + useStep), []string{"scripts/x.sh none absent modified", "scripts/x.sh earlier earlier modified"}, "no"},
		"lines moved":           {inSteps(useStep), "# a comment\n\n" + inSteps(useStep), []string{"scripts/x.sh none none unchanged"}, "no"},
		"a comment in the job":  {inSteps(useStep), inSteps("      # a comment\n" + useStep), []string{"scripts/x.sh none none unchanged"}, "no"},
		"another job":           {inSteps(useStep), inSteps(useStep) + "  other:\n    runs-on: x\n    steps: [{run: make}]\n", []string{"scripts/x.sh none none unchanged"}, "no"},
		"env: of the workflow":  {inSteps(useStep), "env: {A: b}\n" + inSteps(useStep), []string{"scripts/x.sh none none modified"}, "no"},
		"the trigger":           {inSteps(useStep), strings.Replace(inSteps(useStep), "on: push", "on: [push]", 1), []string{"scripts/x.sh none none unchanged"}, "no"},
		"another artifact":      {inSteps(useStep), inSteps("      - run: ./scripts/y.sh\n"), []string{"scripts/y.sh none absent modified"}, "no"},
		"sourced, not executed": {inSteps(verify + useStep), inSteps("      - run: . ./scripts/x.sh\n"), []string{"scripts/x.sh none absent modified"}, "no"},
	} {
		files := func(text string) map[string]string {
			if text == "" {
				return nil
			}
			return map[string]string{workflow: text}
		}
		r := measured(t, files(tt.base), files(tt.head), nil)
		var got []string
		for _, u := range r.Uses {
			got = append(got, fmt.Sprintf("%s %s %s %s", u.Path, u.Verified, u.Before, u.JobChange))
		}
		if !slices.Equal(got, tt.want) || r.UseChecks.Weakened != tt.weakened {
			t.Errorf("%s: %q, weakened %s, want %q, %s", name, got, r.UseChecks.Weakened, tt.want, tt.weakened)
		}
	}
	// A composite action is verified where each job that uses it verifies, whatever file says so.
	action := map[string]string{".github/actions/a/action.yml": "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: scripts/x.sh\n"}
	with := func(text string) map[string]string {
		return map[string]string{workflow: text, ".github/actions/a/action.yml": action[".github/actions/a/action.yml"]}
	}
	call := "      - uses: ./.github/actions/a\n"
	r := measured(t, with(inSteps(verify+call)), with(inSteps(call)), nil)
	if len(r.Uses) != 1 || r.Uses[0].Before != "earlier" || r.Uses[0].Verified != "none" || r.Uses[0].JobChange != "unchanged" {
		t.Errorf("a use in a composite action: %+v", r.Uses)
	}
}

// TestJobsAreDividedOnce: a workflow is parsed once to compare its jobs, not once a job.
func TestJobsAreDividedOnce(t *testing.T) {
	of := func(jobs int) float64 {
		text := func(end string) string {
			var b strings.Builder
			b.WriteString("on: push\njobs:\n")
			for i := range jobs {
				fmt.Fprintf(&b, "  j%d:\n    runs-on: x\n    steps: [{run: ./scripts/x.sh%s}]\n", i, end)
			}
			return b.String()
		}
		base, head := map[string]string{workflow: text("")}, map[string]string{workflow: text(" a")}
		return testing.AllocsPerRun(1, func() {
			r := measured(t, base, head, nil)
			if len(r.Uses) != jobs || r.Uses[0].JobChange != facts.FileChangeModified {
				t.Fatalf("%d jobs: %d uses", jobs, len(r.Uses))
			}
		})
	}
	if few, many := of(100), of(400); many > 5*few {
		t.Errorf("%.0f allocations for 400 jobs, %.0f for 100", many, few)
	}
}

// TestNothingIsReadForAnotherChange: a change that touches no site file and no artifact's
// existence has no facts about uses; where paths are named there are none either.
func TestNothingIsReadForAnotherChange(t *testing.T) {
	files := map[string]string{workflow: inSteps(useStep)}
	for name, change := range map[string]func(*changeset.Set){
		"a change of nothing that matters": func(s *changeset.Set) { s.Scope = facts.Changed },
		"paths":                            func(s *changeset.Set) { s.Scope = facts.Paths },
	} {
		r := measured(t, files, files, change)
		if len(r.Uses) > 0 || len(r.UseFiles) > 0 || r.UseChecks.Uses != facts.UsesStateAbsent {
			t.Errorf("%s: %+v", name, r.Uses)
		}
	}
	r := measured(t, files, files, func(s *changeset.Set) { s.Scope, s.Relisted = facts.Changed, []string{"scripts/x.sh"} })
	if len(r.Uses) != 1 || r.UseChecks.Total != 1 || r.UseChecks.Verified != 0 || r.UseChecks.Uses != facts.UsesStateUnverified {
		t.Errorf("an entry of the ledger differs: %+v, %+v", r.Uses, r.UseChecks)
	}
}

// TestSites: a file is of one site by its name.
func TestSites(t *testing.T) {
	set := testSet(repository(nil), "workflows", "docker", "make", "compose", "pre-commit")
	for name, want := range map[string]facts.UseSite{
		".github/workflows/a.yml": "workflows", ".github/workflows/a.yaml": "workflows", ".github/workflows/a.txt": "", ".github/workflows/x/a.yml": "",
		"action.yml": "workflows", "tools/a/action.yaml": "workflows", "Dockerfile": "docker", "a/Dockerfile.dev": "docker", "a.Dockerfile": "docker", "Containerfile": "docker",
		"Dockerfiles": "", "NotDockerfile": "", "Makefile": "make", "a/GNUmakefile": "make", "rules.mk": "make", "Makefile.common": "make", "Makefiles": "",
		"compose.yml": "compose", "docker-compose.prod.yaml": "compose", "compose.json": "", ".pre-commit-config.yaml": "pre-commit", "a/.pre-commit-config.yaml": "", "README.md": "",
	} {
		if got := changeset.UseSite(&set.Config, name); got != want {
			t.Errorf("%s is of the site %q, want %q", name, got, want)
		}
	}
}
