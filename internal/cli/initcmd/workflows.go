package initcmd

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/buildinfo"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

// The workflows that init writes.
var (
	//go:embed templates/gate.yml
	gateWorkflow string
	//go:embed templates/attest.yml
	attestWorkflow string
	//go:embed templates/renew.yml
	renewWorkflow string
	//go:embed templates/audit.yml
	auditWorkflow string
)

// WorkflowFolder is the folder of GitHub's workflows, and WorkflowPath the workflow in it that
// runs the gate.
const (
	WorkflowFolder               = ".github/workflows/"
	WorkflowPath   artifact.Path = WorkflowFolder + "codexlock.yml"
)

// workflows returns the workflows that init writes. Reusable workflows get keys one by one. So a
// configuration whose keys are not in VAULTTIME_KEY variables gets the gate only.
func (in *scaffold) workflows() []txn.File {
	files := []txn.File{{Path: WorkflowPath, Mode: 0o644, Data: scaffoldGate(in.config)}}
	secrets, settings := keys.Workflow(in.config)
	other := slices.ContainsFunc(secrets, func(name string) bool { return !strings.HasPrefix(name, config.DefaultKeyEnv) })
	switch {
	case in.options.minimal:
		return files
	case other || len(settings) > 0:
		in.steps = append(in.steps, "write workflows that renew and attest, because a key is not in a variable whose name begins with VAULTTIME_KEY: see docs/guides/keys.md")
		return files
	}
	var passed strings.Builder
	more := slices.DeleteFunc(slices.Clone(secrets), func(name string) bool { return name == config.DefaultKeyEnv })
	if len(more) < len(secrets) {
		passed.WriteString("\n      vaulttime-key: ${{ secrets." + config.DefaultKeyEnv + " }}")
	}
	if len(more) > 0 {
		passed.WriteString("\n      domain-keys: |")
	}
	for _, name := range more {
		fmt.Fprintf(&passed, "\n        %s=${{ secrets.%s }}", name, name)
	}
	pulls := " # the ref refs/codexlock/vaulttime"
	if !in.config.RenewsInRef() {
		pulls = "\n      pull-requests: write # renewals: tree proposes them as pull requests"
	}
	return append(files,
		txn.File{Path: WorkflowFolder + "attest.yml", Mode: 0o644, Data: workflow(attestWorkflow)},
		txn.File{Path: WorkflowFolder + "renew.yml", Mode: 0o644, Data: workflow(renewWorkflow, "@SECRETS@", passed.String(), "@PULLS@", pulls)},
		txn.File{Path: WorkflowFolder + "audit.yml", Mode: 0o644, Data: workflow(auditWorkflow, "@AUDITKEY@", secrets[0])},
	)
}

// secretLine returns a line of a workflow's env: that gives a step a secret.
func secretLine(name string) string { return fmt.Sprintf("%s: ${{ secrets.%s }}", name, name) }

// scaffoldGate returns the workflow of the gate with the keys of all domains.
func scaffoldGate(c config.Config) []byte {
	var env strings.Builder
	secrets, settings := keys.Workflow(c)
	for _, name := range secrets {
		env.WriteString("\n          " + secretLine(name))
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&env, "\n          %s: %s", name, settings[name])
	}
	return workflow(gateWorkflow, "@KEYS@", env.String())
}

// workflow fills in a template: the commit of this program's release, and the replacements, each
// a name and its text.
func workflow(template string, replacements ...string) []byte {
	ref, comment := buildinfo.Ref()
	return []byte(strings.NewReplacer(append(replacements, "@REF@", ref, "@COMMENT@", comment)...).Replace(template))
}

// checkWorkflow adds the next steps for a workflow that exists: keys that the gate's workflow
// does not name, or a file that does not mention codexlock.
func (in *scaffold) checkWorkflow(ctx context.Context, p artifact.Path) error {
	entry, _, err := in.tree.Lookup(ctx, p)
	if err != nil || entry.Kind != trees.File {
		return err
	}
	text, err := in.tree.Read(ctx, entry, document.MaxCompanionBytes)
	if err != nil {
		return err
	}
	if p != WorkflowPath {
		if !bytes.Contains(text, []byte("codexlock")) {
			in.steps = append(in.steps, fmt.Sprintf("%s exists and does something else: to have codexlock's too, rename it and run codexlock init again", p))
		}
		return nil
	}
	secrets, _ := keys.Workflow(in.config)
	for _, name := range secrets {
		if !bytes.Contains(text, []byte(name+":")) {
			in.steps = append(in.steps, fmt.Sprintf("add to env: of the gate in %s: %s", p, secretLine(name)))
		}
	}
	return nil
}
