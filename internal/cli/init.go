package cli

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attributes"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

//go:embed init.codexlock.yaml
var initConfig string

//go:embed init.workflow.yml
var initWorkflow string

// workflowPath is where init writes the workflow that runs the gate.
const workflowPath artifact.Path = ".github/workflows/codexlock.yml"

func initCommand(w host.World) *cobra.Command {
	var domain string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Set up a repository: configuration, ledger, workflow",
		Long: `init writes codexlock.yaml, an empty Codex-Lock.json, ingest_archive.test.sh (which
verifies everything), .gitattributes lines that prevent Git from converting
artifacts, and a workflow that runs the gate. Existing files are kept: init only adds
the missing .gitattributes lines for the patterns of artifacts.include. If VAULTTIME_KEY has a key, init writes its public half to the
configuration, so that anyone can check proofs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), w, domain) },
	}
	cmd.Flags().StringVar(&domain, "domain", signing.DefaultDomain, "the name of the first trust domain")
	return cmd
}

func runInit(ctx context.Context, w host.World, domain string) error {
	r, err := repo.Open(ctx, w.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := txn.Recover(r.Root(), r.GitDir()); err != nil {
		return fmt.Errorf("finish an interrupted attest: %w", err)
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	g, err := gate.New(w, gate.Options{})
	if err != nil {
		return err
	}
	in := scaffold{world: w, repository: r, tree: tree}
	if in.paths, err = g.ConfigurationPaths(r); err != nil {
		return err
	}
	if err := in.configure(ctx, domain); err != nil {
		return err
	}
	if err := in.plan(ctx); err != nil {
		return err
	}
	if err := txn.Commit(ctx, r.Root(), r.GitDir(), in.files); err != nil {
		return err
	}
	if err := in.overrule(ctx); err != nil {
		return err
	}
	fmt.Fprint(w.Stdout, strings.Join(in.told, ""))
	fmt.Fprint(w.Stdout, nextSteps(w, in.steps))
	return nil
}

// A scaffold has the files that init writes.
type scaffold struct {
	world      host.World
	repository *repo.Repository
	tree       repo.Tree
	paths      []artifact.Path // where the configuration may be
	config     config.Config
	text       string // of a new configuration; "" where there is one
	files      []txn.File
	told       []string // output lines: written, added and kept files
	steps      []string // the next steps for the user
}

// configure reads the configuration that is there, or writes one.
func (in *scaffold) configure(ctx context.Context, domain string) error {
	for _, p := range in.paths {
		entry, there, err := in.tree.Lookup(ctx, p)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if entry.Kind != repo.File {
			return exit.Usagef("%s is a %s, want a file", p, entry.Kind)
		}
		text, err := in.tree.Read(ctx, entry, measure.MaxCompanionBytes)
		if err == nil {
			in.config, err = config.Parse(p, text)
		}
		return err
	}
	text, err := scaffoldConfig(in.world, domain)
	if err != nil {
		return err
	}
	in.text = text
	if in.config, err = config.Parse(in.paths[0], []byte(text)); err != nil {
		return exit.Usagef("--domain %q: %w", domain, err)
	}
	return nil
}

// plan finds the files that are missing, and the lines that .gitattributes lacks.
func (in *scaffold) plan(ctx context.Context) error {
	root, err := attributes.Root(ctx, in.tree, in.config, workflowPath)
	if err != nil {
		return err
	}
	var added []txn.File
	for _, f := range []txn.File{
		{Path: in.config.File, Mode: 0o644, Data: []byte(in.text)},
		{Path: ledger.Path, Mode: 0o644, Data: (&ledger.Ledger{}).Encode()},
		{Path: script.IngestPath, Mode: 0o755, Data: script.Ingest},
		root.File,
		{Path: workflowPath, Mode: 0o644, Data: scaffoldWorkflow(in.config)},
	} {
		_, there, err := in.tree.Lookup(ctx, f.Path)
		switch {
		case err != nil:
			return err
		case !there:
			in.files = append(in.files, f)
			in.told = append(in.told, fmt.Sprintf("wrote   %s\n", f.Path))
		case f.Path == attributes.Path && len(root.Added) > 0:
			added = append(added, f)
			in.printAdded(root)
		default:
			in.told = append(in.told, fmt.Sprintf("kept    %s\n", f.Path))
		}
		if there && f.Path == workflowPath {
			if err := in.checkWorkflow(ctx); err != nil {
				return err
			}
		}
	}
	in.files = append(added, in.files...)
	return nil
}

func (in *scaffold) printAdded(a attributes.File) {
	for _, line := range a.Added {
		in.told = append(in.told, fmt.Sprintf("added   %s: %s\n", a.File.Path, line))
	}
}

// overrule adds lines to .gitattributes files in folders that overrule init's lines.
func (in *scaffold) overrule(ctx context.Context) error {
	view, err := in.repository.View(ctx, in.world.Env)
	if err != nil {
		return err
	}
	s := signing.NewSelector(in.world.Dir, in.repository, in.tree, view, in.config)
	candidates, err := s.Candidates(ctx)
	if err != nil {
		return err
	}
	noteIgnored(in.world, s)
	files, notes, err := attributes.Overruled(ctx, view, in.tree, in.config, candidates)
	if err != nil {
		return err
	}
	for _, note := range notes {
		in.world.Note(note)
	}
	var written []txn.File
	for _, a := range files {
		written = append(written, a.File)
		in.printAdded(a)
	}
	return txn.Commit(ctx, in.repository.Root(), in.repository.GitDir(), written)
}

func nextSteps(w host.World, more []string) string {
	steps := append(more,

		"put an artifact under assets/sources/ and attest it: codexlock attest assets/sources/NAME",
		"commit, and give the workflow the key as the secret VAULTTIME_KEY",
		"make the check Codexlock a required one",
		"in each clone, once, so that Git merges the ledger by path: "+mergeDriver,
	)
	if _, ok, _ := keys.Default(w.Env, w.KeyFile); !ok {
		steps = append([]string{"make a key, keep it: export VAULTTIME_KEY=$(codexlock keys generate); run codexlock init again in a new repository, or add its public half to codexlock.yaml: codexlock keys public"}, steps...)
	}
	return numbered(steps)
}

// scaffoldConfig is the configuration with the domain's name and, where there
// is a key, its public half.
func scaffoldConfig(w host.World, domain string) (string, error) {
	public := "[]"
	key, ok, err := keys.Default(w.Env, w.KeyFile)
	if err != nil {
		return "", err
	}
	if ok {
		now, err := gate.EffectiveTime(w, "")
		if err != nil {
			return "", err
		}
		public = "\n      " + config.PublicKey{ID: key.ID(), Key: vaulttime.FormatPublicKey(key.PublicKey()), CreatedAt: now, State: "current"}.Line()
	}
	return strings.NewReplacer("@DOMAIN@", domain, "@PUBLIC_KEYS@", public).Replace(initConfig), nil
}

// secretLine is a line of a workflow's env: that gives a step a secret.
func secretLine(name string) string { return fmt.Sprintf("%s: ${{ secrets.%s }}", name, name) }

// scaffoldWorkflow is the workflow with the keys of all domains.
func scaffoldWorkflow(c config.Config) []byte {
	var env strings.Builder
	secrets, settings := keys.Workflow(c)
	for _, name := range secrets {
		env.WriteString("\n          " + secretLine(name))
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&env, "\n          %s: %s", name, settings[name])
	}
	return []byte(strings.Replace(initWorkflow, "@KEYS@", env.String(), 1))
}

// checkWorkflow adds a step for each key that an existing workflow does not name.
func (in *scaffold) checkWorkflow(ctx context.Context) error {
	entry, _, err := in.tree.Lookup(ctx, workflowPath)
	if err != nil || entry.Kind != repo.File {
		return err
	}
	text, err := in.tree.Read(ctx, entry, measure.MaxCompanionBytes)
	if err != nil {
		return err
	}
	secrets, _ := keys.Workflow(in.config)
	for _, name := range secrets {
		if !bytes.Contains(text, []byte(name+":")) {
			in.steps = append(in.steps, fmt.Sprintf("add to env: of the gate in %s: %s", workflowPath, secretLine(name)))
		}
	}
	return nil
}
