package cli

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

//go:embed init.codexlock.yaml
var initConfig string

//go:embed init.workflow.yml
var initWorkflow string

const attributesPath artifact.Path = ".gitattributes"

// attributes are what .gitattributes says of artifacts.
const attributes = "# an artifact's bytes are its identity: no conversion of line ends\nassets/** -text\n" +
	"# the log is signed as it is, and what two branches add to it does not merge\nMANIFEST.integrity.* -text -merge\n"

// ledgerAttributes is its line for the ledger, which is merged by path.
const ledgerAttributes = "Codex-Lock.json -text merge=codexlock\n"

// maxAttributesBytes is where Git itself stops reading .gitattributes.
const maxAttributesBytes = 100 << 20

func initCommand(w World) *cobra.Command {
	var domain string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Scaffold a repository: configuration, ledger, workflow",
		Long: `init writes codexlock.yaml, an empty Codex-Lock.json, ingest_archive.test.sh (which
verifies everything), .gitattributes lines that keep artifacts' bytes as they
are, and a workflow that runs the gate. What is there
already is left alone. With a key in VAULTTIME_KEY its public half goes into the
configuration, so that anyone can check proofs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), w, domain) },
	}
	cmd.Flags().StringVar(&domain, "domain", defaultDomain, "the name of the first trust domain")
	return cmd
}

func runInit(ctx context.Context, w World, domain string) error {
	r, err := repo.Open(ctx, w.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := attest.Recover(r.Root(), r.GitDir()); err != nil {
		return fmt.Errorf("finish an interrupted attest: %w", err)
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	text, err := scaffoldConfig(w, domain)
	if err != nil {
		return err
	}
	if _, err := config.Parse(config.Paths[0], []byte(text)); err != nil {
		return usagef("--domain %q: %w", domain, err)
	}
	write, added, err := missing(ctx, w, tree, []attest.File{
		{Path: config.Paths[0], Mode: 0o644, Data: []byte(text)},
		{Path: ledger.Path, Mode: 0o644, Data: (&ledger.Ledger{}).Encode()},
		{Path: script.IngestPath, Mode: 0o755, Data: script.Ingest},
		{Path: attributesPath, Mode: 0o644, Data: []byte(attributes + ledgerAttributes)},
		{Path: ".github/workflows/codexlock.yml", Mode: 0o644, Data: []byte(initWorkflow)},
	})
	if err != nil {
		return err
	}
	if err := attest.Commit(ctx, r.Root(), r.GitDir(), append(added, write...)); err != nil {
		return err
	}
	for _, f := range write {
		fmt.Fprintf(w.Stdout, "wrote   %s\n", f.Path)
	}
	for _, f := range added {
		fmt.Fprintf(w.Stdout, "added   %s: %s", f.Path, ledgerAttributes)
	}
	fmt.Fprint(w.Stdout, nextSteps(w))
	return nil
}

// missing are the files that are not there yet, and those that are there and
// get something added; it tells what it keeps.
func missing(ctx context.Context, w World, tree repo.Tree, files []attest.File) (write, added []attest.File, err error) {
	for _, f := range files {
		_, there, err := tree.Lookup(ctx, f.Path)
		if err != nil {
			return nil, nil, err
		}
		if f.Path == config.Paths[0] && !there {
			if _, there, err = tree.Lookup(ctx, config.Paths[1]); err != nil {
				return nil, nil, err
			}
		}
		if !there {
			write = append(write, f)
			continue
		}
		said := true
		if f.Path == attributesPath {
			if f.Data, said, err = withLedgerAttributes(ctx, tree, f.Path); err != nil {
				return nil, nil, err
			}
		}
		if said {
			fmt.Fprintf(w.Stdout, "kept    %s\n", f.Path)
			continue
		}
		added = append(added, f)
	}
	return write, added, nil
}

// withLedgerAttributes is .gitattributes with the line that has the ledger merged
// by path; said is true where the file speaks of the ledger's merging already.
func withLedgerAttributes(ctx context.Context, tree repo.Tree, p artifact.Path) (text []byte, said bool, err error) {
	entry, _, err := tree.Lookup(ctx, p)
	if err != nil {
		return nil, false, err
	}
	if entry.Kind != repo.File {
		return nil, false, usagef("%s is a %s, want a file", p, entry.Kind)
	}
	if text, err = tree.Read(ctx, entry, maxAttributesBytes); err != nil {
		return nil, false, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) > 1 && strings.TrimPrefix(fields[0], "/") == ledger.Path.String() &&
			slices.ContainsFunc(fields[1:], func(f string) bool { return strings.Contains(f, "merge") }) {
			return text, true, nil
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return append(text, ledgerAttributes...), false, nil
}

func nextSteps(w World) string {
	steps := []string{
		"put an artifact under assets/sources/ and attest it: codexlock attest assets/sources/NAME",
		"commit, and give the workflow the key as the secret VAULTTIME_KEY",
		"make the check Codexlock a required one",
		"in each clone, once, so that Git merges the ledger by path: " + mergeDriver,
	}
	if _, ok, _ := keyFrom(w.Env, config.DefaultKeyEnv); !ok {
		steps = append([]string{"make a key, keep it: export VAULTTIME_KEY=$(codexlock keys generate); run codexlock init again in a new repository, or add its public half to codexlock.yaml: codexlock keys public"}, steps...)
	}
	var text strings.Builder
	text.WriteString("\nnext:\n")
	for i, s := range steps {
		fmt.Fprintf(&text, "  %d. %s\n", i+1, s)
	}
	return text.String()
}

// scaffoldConfig is the configuration with the domain's name and, where there
// is a key, its public half.
func scaffoldConfig(w World, domain string) (string, error) {
	public := "[]"
	key, ok, err := keyFrom(w.Env, config.DefaultKeyEnv)
	if err != nil {
		return "", err
	}
	if ok {
		now, err := effectiveTime("", w)
		if err != nil {
			return "", err
		}
		public = "\n      " + config.PublicKey{ID: key.ID(), Key: vaulttime.FormatPublicKey(key.PublicKey()), CreatedAt: now, State: "current"}.Line()
	}
	return strings.NewReplacer("@DOMAIN@", domain, "@PUBLIC_KEYS@", public).Replace(initConfig), nil
}
