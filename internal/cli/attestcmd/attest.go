// Package attestcmd has the commands that attest, import, rename and remove artifacts: attest,
// ingest, quarantine, mv and rm.
package attestcmd

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// An attestation is one run of the attest command.
type attestation struct {
	world   host.World
	paths   []string
	all     bool
	changed bool
	request signing.Request
	inputs  []string
	outputs []string
	dryRun  bool
	lfsOID  bool
	gate    *gate.Gate
	log     auditlog.Log
}

// Attest returns the attest command.
func Attest(w host.World) *cobra.Command {
	a := attestation{world: w}
	var effective string
	cmd := &cobra.Command{
		Use:   "attest PATH... | --all | --changed",
		Short: "Write the companions and the ledger entry of new or changed artifacts",
		Long: `attest hashes each artifact in the work tree and writes its manifest, its VaultTime
record, its test (if it has none) and its entry in Codex-Lock.json: all of them, or
nothing.

A PATH is a file, or a folder or a quoted pattern, which stand for every file below
them that artifacts.include matches or Codex-Lock.json lists. Companions are
skipped. attest asks Git what a commit would contain, and refuses a file that a commit
would omit or change: an ignored one, one inside a submodule, one whose line endings
or content an attribute converts. All refusals are listed.

For a Git LFS pointer, attest hashes the content in .git/lfs/objects, and refuses the
pointer if the content differs from its oid. If the content is missing, --lfs-oid
accepts the pointer's oid as the hash; the manifest records that nobody hashed the
content.

The key comes from the environment: VAULTTIME_KEY, or the source that codexlock.yaml names for
the domain. attest refuses to run on a pull request's event: its author would choose
what is signed.`,
		Example: `  export VAULTTIME_KEY=$(openssl rand -hex 32)
  codexlock attest assets/sources/model.bin
  codexlock attest assets/sources 'scripts/**/*.sh'
  codexlock attest --changed                 what is new, or not as recorded
  codexlock attest --dry-run --network models.acme.example scripts/fetch.sh
  codexlock attest --domain runtime-core --ttl-hours 12 --toolchain gcc@12.2 bin/app`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case a.all && a.changed, (a.all || a.changed) && len(args) > 0:
				return exit.Usagef("attest takes one of paths, --all and --changed")
			case len(args) == 0 && !a.all && !a.changed:
				return exit.Usagef("attest needs the path of an artifact, such as assets/sources/model.bin; or --all, or --changed")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			a.paths = args
			if cmd.Flags().Changed("ttl-hours") && a.request.TTLHours < 1 {
				return exit.Usagef("--ttl-hours is %d, want 1 or more", a.request.TTLHours)
			}
			var err error
			if a.gate, err = gate.New(w, gate.Options{EffectiveTime: effective}); err != nil {
				return err
			}
			if err := a.log.FromEnvironment(cmd); err != nil {
				return err
			}
			return a.run(cmd.Context())
		},
	}
	a.log.Flags(cmd, w)
	f := cmd.Flags()
	f.BoolVar(&a.all, "all", false, "attest every file that is or would be an artifact")
	f.BoolVar(&a.changed, "changed", false, "attest new artifacts, and those whose content or companions differ from the record")
	f.StringVar(&a.request.Domain, "domain", "", "the trust domain (default: the one whose paths match, or the ledger's)")
	f.Int64Var(&a.request.TTLHours, "ttl-hours", 0, "how long the record is valid (default: the domain's maximum)")
	f.StringVar(&a.request.Creator, "creator", "", "who made it (default: the manifest's, or Git's user.name)")
	f.StringVar(&a.request.Toolchain, "toolchain", "", "the tool that made it, NAME@VERSION (default: the manifest's, or null: not stated)")
	f.StringArrayVar(&a.inputs, "input", nil, "a file that the artifact was made from, repeatable (default: the manifest's)")
	f.StringArrayVar(&a.outputs, "output", nil, "a file that was made together with the artifact, repeatable (default: the manifest's)")
	f.StringArrayVar(&a.request.Network, "network", nil, "a host that the artifact may reach, repeatable (default: the manifest's)")
	f.BoolVar(&a.dryRun, "dry-run", false, "print what would be written, as JSON without signatures, and write nothing")
	f.BoolVar(&a.lfsOID, "lfs-oid", false, "accept the oid of a Git LFS pointer whose content is not in .git/lfs")
	f.StringVar(&effective, "effective-time", "", "the record's timestamp, YYYY-MM-DDTHH:MM:SSZ (default now)")
	return cmd
}

// Run attests the named paths as the attest command does, for another command.
func Run(ctx context.Context, w host.World, g *gate.Gate, request signing.Request, paths ...string) error {
	return attestation{world: w, gate: g, request: request, paths: paths}.run(ctx)
}

func (a attestation) run(ctx context.Context) error {
	if err := signing.MaySign(a.world.Env, "attest"); err != nil {
		return err
	}
	r, err := repo.Open(ctx, a.world.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	signer, err := signing.New(ctx, a.world, r, a.gate)
	if err != nil {
		return err
	}
	if err := a.log.Ready(ctx, signer.Config); err != nil {
		return err
	}
	paths, options, err := a.plan(ctx, r, signer)
	if err != nil {
		return err
	}
	if len(paths) == 0 && !a.dryRun {
		fmt.Fprintln(a.world.Stdout, "[✓] nothing to attest: every artifact is as it is recorded")
		return nil
	}
	if a.dryRun {
		return a.draft(ctx, r, paths, options)
	}
	result, err := attest.Attest(ctx, r.Root(), r.GitDir(), paths, options)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(a.world.Stdout)
	for _, done := range result.Attested {
		fmt.Fprintf(out, "[✓] %s attested (sha256 %.12s…, trust domain %s, valid until %s)\n",
			report.Terminal(done.Path.String()), done.SHA256, done.Domain, done.ExpiresAt)
	}
	_ = out.Flush()
	fmt.Fprintln(a.world.Stderr, "codexlock: hint: review and commit the companions and Codex-Lock.json together with the artifact")
	return a.log.Add(ctx, r, signer.Config, a.log.Attested(result.Attested, vaulttime.FormatTime(a.gate.Now())))
}

// draft prints the files that would be written.
func (a attestation) draft(ctx context.Context, r *repo.Repository, paths []artifact.Path, options func(artifact.Path) (attest.Options, error)) error {
	result, err := attest.Plan(ctx, r.Root(), r.GitDir(), paths, options)
	if err != nil {
		return err
	}
	if result.Drafts == nil {
		result.Drafts = []attest.Draft{}
	}
	enc := json.NewEncoder(a.world.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Artifacts []attest.Draft `json:"artifacts"`
	}{result.Drafts})
}

// plan returns the paths to attest. options returns what to write about one of them, or the
// error that refuses it.
func (a attestation) plan(ctx context.Context, r *repo.Repository, signer signing.Signer) (paths []artifact.Path, options func(artifact.Path) (attest.Options, error), err error) {
	if a.request.Inputs, err = gate.Paths(r, a.world.Dir, a.inputs...); err != nil {
		return nil, nil, err
	}
	if a.request.Outputs, err = gate.Paths(r, a.world.Dir, a.outputs...); err != nil {
		return nil, nil, err
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return nil, nil, err
	}
	view, err := r.View(ctx, a.world.Env)
	if err != nil {
		return nil, nil, err
	}
	paths, refused, err := a.selected(ctx, r, tree, view, signer.Config)
	if err != nil || len(paths) == 0 {
		return nil, nil, err
	}
	domains, err := signing.RecordedDomains(ctx, tree)
	if err != nil {
		return nil, nil, err
	}
	paths = withoutCompanions(paths, domains)
	if err := signing.RefuseObstacles(ctx, view, paths, refused); err != nil {
		return nil, nil, err
	}
	if err := signing.RefusePointers(ctx, tree, signer.Config.LFS, paths, refused); err != nil {
		return nil, nil, err
	}
	lfs := attest.LFS{Objects: view.LFSObjects(), AcceptOID: a.lfsOID}
	return paths, func(p artifact.Path) (attest.Options, error) {
		if err := refused[p]; err != nil {
			return attest.Options{}, err
		}
		o, err := a.request.Options(signer, domains, p)
		o.LFS = lfs
		return o, err
	}, nil
}

// withoutCompanions removes companions that were named together with their artifacts, as by a
// shell's pattern. A file that the ledger lists is an artifact itself and stays.
func withoutCompanions(paths []artifact.Path, listed map[string]string) []artifact.Path {
	named := make(map[artifact.Path]bool, len(paths))
	for _, p := range paths {
		named[p] = true
	}
	return slices.DeleteFunc(paths, func(p artifact.Path) bool {
		_, own := listed[p.String()]
		return !own && slices.ContainsFunc(p.Owners(), func(owner artifact.Path) bool { return named[owner] })
	})
}

// selected returns the selected paths, and the errors of those that are already refused.
func (a attestation) selected(ctx context.Context, r *repo.Repository, tree trees.Tree, view *repo.View, c config.Config) ([]artifact.Path, map[artifact.Path]error, error) {
	s := signing.NewSelector(a.world.Dir, r, tree, view, c)
	var paths []artifact.Path
	var err error
	switch {
	case a.changed:
		paths, err = s.Changed(ctx)
	case a.all:
		paths, err = s.All(ctx)
	default:
		paths, err = s.Named(ctx, a.paths)
	}
	NoteIgnored(a.world, s)
	return paths, s.Refused, err
}

// NoteIgnored prints the selected files that were skipped because Git ignores them.
func NoteIgnored(w host.World, s *signing.Selector) {
	for _, file := range s.Ignored {
		w.Note(fmt.Sprintf("%s is ignored by %s: skipped", file.Path, file.By))
	}
}
