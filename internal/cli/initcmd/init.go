// Package initcmd has the commands for the first minutes: init sets up a repository, demo shows
// the gate in a temporary one.
package initcmd

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attributes"
	"github.com/codexlock/codexlock/internal/cli/attestcmd"
	"github.com/codexlock/codexlock/internal/cli/keyscmd"
	"github.com/codexlock/codexlock/internal/cli/lockcmd"
	"github.com/codexlock/codexlock/internal/cli/terminal"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

//go:embed templates/codexlock.yaml
var initConfig string

// gateCheck is the name of the gate's job in the workflow that init writes: the check to
// require.
const gateCheck = "Codexlock gate"

// generatedKeyPath is where --generate-key writes a key, in the repository's Git directory:
// no commit contains it.
const generatedKeyPath = "codexlock/vaulttime.key"

// initOptions are the flags of init.
type initOptions struct {
	domain      string
	domainGiven bool
	minimal     bool
	generateKey bool
}

// Init returns the init command.
func Init(w host.World) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Set up a repository: configuration, ledger, workflows",
		Long: `init writes codexlock.yaml, an empty Codex-Lock.json, ingest_archive.test.sh (which
verifies everything), .gitattributes lines that prevent Git from converting artifacts,
and workflows: the gate; attest.yml, with which a maintainer attests a pull request
whose author has no key; renew.yml, which keeps records alive; audit.yml for the log.
With --minimal the gate is the only workflow.

Existing files are kept: init only adds the missing .gitattributes lines for the
patterns of artifacts.include, and an existing configuration says which keys the
workflows need. If the environment has a key, init writes its public half to a new
configuration, so that anyone can check proofs. With --generate-key it makes one and
writes it to .git/codexlock/vaulttime.key, which no commit contains.`,
		Example: `  codexlock init --generate-key
  codexlock init --minimal --domain runtime-core`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.domainGiven = cmd.Flags().Changed("domain")
			return runInit(cmd.Context(), w, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.domain, "domain", signing.DefaultDomain, "the name of the first trust domain")
	f.BoolVar(&o.minimal, "minimal", false, "write no other workflow than the gate")
	f.BoolVar(&o.generateKey, "generate-key", false, "make a key, write it to .git/codexlock/vaulttime.key, and list its public half")
	return cmd
}

func runInit(ctx context.Context, w host.World, o initOptions) error {
	r, err := gate.Open(ctx, w.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	g, err := gate.New(w, gate.Options{})
	if err != nil {
		return err
	}
	in := scaffold{world: w, repository: r, tree: tree, options: o}
	if in.paths, err = g.ConfigurationPaths(r); err != nil {
		return err
	}
	if err := in.configure(ctx); err != nil {
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
	if err := in.configureMerge(ctx); err != nil {
		return err
	}
	fmt.Fprint(w.Stdout, strings.Join(in.output, ""))
	fmt.Fprint(w.Stdout, terminal.Steps(in.nextSteps()))
	return nil
}

// A scaffold has the files that init writes.
type scaffold struct {
	world      host.World
	repository *repo.Repository
	tree       trees.Tree
	options    initOptions
	keyFile    string          // the file of the key that this run made; "" for none
	paths      []artifact.Path // the possible paths of the configuration
	config     config.Config
	text       string // of a new configuration; "" if one exists
	files      []txn.File
	output     []string // lines: written, added and kept files
	steps      []string // the next steps for the user
}

// configure reads the existing configuration, or plans a new one.
func (in *scaffold) configure(ctx context.Context) error {
	for _, p := range in.paths {
		entry, there, err := in.tree.Lookup(ctx, p)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if entry.Kind != trees.File {
			return exit.Usagef("%s is a %s, want a file", p, entry.Kind)
		}
		text, err := in.tree.Read(ctx, entry, document.MaxCompanionBytes)
		if err == nil {
			in.config, err = config.Parse(p, text)
		}
		if err != nil {
			return err
		}
		return in.useExisting()
	}
	line, err := in.publicLine()
	if err != nil {
		return err
	}
	in.text = scaffoldConfig(in.options.domain, line)
	if in.config, err = config.Parse(in.paths[0], []byte(in.text)); err != nil {
		return exit.Usagef("--domain %q: %w", in.options.domain, err)
	}
	return nil
}

// useExisting checks the flags against an existing configuration, which defines the trust
// domains and the places of their keys.
func (in *scaffold) useExisting() error {
	if in.options.generateKey {
		return exit.Usagef("--generate-key lists the key in a new configuration, and %s exists: make a key with codexlock keys generate --output FILE, and list it: codexlock keys public", in.config.File)
	}
	if _, known := in.config.Domains[in.options.domain]; in.options.domainGiven && !known {
		in.world.Note(fmt.Sprintf("%s exists and has no trust domain %q: --domain is not used", in.config.File, in.options.domain))
	}
	return nil
}

// publicLine returns an item of public_keys: the public half of the key in the environment, or
// of a key that this run makes; "" without a key.
func (in *scaffold) publicLine() (string, error) {
	now, err := gate.EffectiveTime(in.world, "")
	if err != nil {
		return "", err
	}
	key, ok, err := keys.Default(in.world.Env, in.world.KeyFile)
	switch {
	case err != nil:
		return "", err
	case ok && in.options.generateKey:
		return "", exit.Usagef("--generate-key makes a key, and the environment has one already: leave the flag out to use it, or unset the variable")
	case ok:
		return keyscmd.PublicLine(key, now), nil
	case !in.options.generateKey:
		return "", nil
	}
	if _, err := config.Parse(in.paths[0], []byte(scaffoldConfig(in.options.domain, ""))); err != nil {
		return "", exit.Usagef("--domain %q: %w", in.options.domain, err) // checked before a key is made
	}
	text, key, err := keyscmd.Generate(in.world)
	if err != nil {
		return "", err
	}
	in.keyFile = filepath.Join(in.repository.GitDir(), filepath.FromSlash(generatedKeyPath))
	if err := os.MkdirAll(filepath.Dir(in.keyFile), 0o700); err != nil {
		return "", err
	}
	if err := in.world.WriteKeyFile(in.keyFile, text); err != nil {
		return "", exit.Usagef("%w (or, to use the key in it: VAULTTIME_KEY_FILE=%s codexlock init)", err, shellquote.Word(in.keyFile))
	}
	in.output = append(in.output, fmt.Sprintf("wrote   %s\n", in.keyFile))
	return keyscmd.PublicLine(key, now), nil
}

// plan finds the missing files, and the missing lines of .gitattributes.
func (in *scaffold) plan(ctx context.Context) error {
	root, err := attributes.Root(ctx, in.tree, in.config, WorkflowPath)
	if err != nil {
		return err
	}
	var added []txn.File
	for _, f := range append([]txn.File{
		{Path: in.config.File, Mode: 0o644, Data: []byte(in.text)},
		{Path: ledger.Path, Mode: 0o644, Data: (&ledger.Ledger{}).Encode()},
		{Path: artifacttest.IngestPath, Mode: 0o755, Data: artifacttest.Ingest},
		root.File,
	}, in.workflows()...) {
		_, there, err := in.tree.Lookup(ctx, f.Path)
		switch {
		case err != nil:
			return err
		case !there:
			in.files = append(in.files, f)
			in.output = append(in.output, fmt.Sprintf("wrote   %s\n", f.Path))
		case f.Path == attributes.Path && len(root.Added) > 0:
			added = append(added, f)
			in.printAdded(root)
		default:
			in.output = append(in.output, fmt.Sprintf("kept    %s\n", f.Path))
		}
		if there && strings.HasPrefix(f.Path.String(), WorkflowFolder) {
			if err := in.checkWorkflow(ctx, f.Path); err != nil {
				return err
			}
		}
	}
	in.files = append(added, in.files...)
	return nil
}

func (in *scaffold) printAdded(a attributes.File) {
	for _, line := range a.Added {
		in.output = append(in.output, fmt.Sprintf("added   %s: %s\n", a.File.Path, line))
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
	attestcmd.NoteIgnored(in.world, s)
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

// configureMerge configures the merge driver in this clone: Git reads it from there only.
func (in *scaffold) configureMerge(ctx context.Context) error {
	set, err := in.repository.ConfigureMergeDriver(ctx, in.world.Env, lockcmd.MergeDriverCommand)
	if set {
		in.output = append(in.output, "set     merge.codexlock.driver in this clone: Git merges the ledger, records and manifests by what they state\n")
	}
	return err
}

// nextSteps are the shortest way to a required check, in order.
func (in *scaffold) nextSteps() []string {
	var steps []string
	_, ok, _ := keys.Default(in.world.Env, in.world.KeyFile)
	secrets, _ := keys.Workflow(in.config)
	file := "FILE"
	switch {
	case in.keyFile != "":
		file = shellquote.Word(in.keyFile)
		steps = append(steps, "keep a copy of the key where secrets are kept, and use it in this shell: export VAULTTIME_KEY_FILE="+file)
	case !ok && in.text != "":
		steps = append(steps, "make a key, keep it: codexlock keys generate --output FILE; add the line that it prints to public_keys in "+in.config.File.String()+", and export VAULTTIME_KEY_FILE=FILE")
	case !ok:
		steps = append(steps, "export the keys that you keep, then: codexlock keys check")
	}
	steps = append(steps, in.steps...)
	first := "put an artifact under assets/sources/ and attest it: codexlock attest assets/sources/NAME; or say in artifacts.include of " + in.config.File.String() + " which files are artifacts, then: codexlock init && codexlock attest --all"
	if in.text == "" {
		first = "attest what is not attested yet: codexlock attest --all"
	}
	steps = append(steps, first)
	for _, name := range secrets {
		steps = append(steps, fmt.Sprintf("give the workflows the key: gh secret set %s < %s", name, file))
	}
	steps = append(steps,
		"commit all of it and merge it to the default branch, so that the gate runs there once",
		fmt.Sprintf("require the check: Settings, Rules, Rulesets, New branch ruleset; require status checks to pass; add %q from GitHub Actions", gateCheck),
	)
	if !in.options.minimal {
		steps = append(steps, "for pull requests without the key (forks, bots): Settings, Environments, codexlock: add required reviewers and the secret VAULTTIME_KEY; then Actions, Attest, Run workflow attests one")
	}
	return append(steps, "in each clone, once, so that Git merges the ledger by path: "+lockcmd.MergeDriver)
}

// scaffoldConfig returns the configuration with the domain's name and an item of public_keys;
// line is "" without a key.
func scaffoldConfig(domain, line string) string {
	public := "[]"
	if line != "" {
		public = "\n      " + line
	}
	return strings.NewReplacer("@DOMAIN@", domain, "@PUBLIC_KEYS@", public).Replace(initConfig)
}
