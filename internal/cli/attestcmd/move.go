package attestcmd

import (
	"bufio"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A relocation is one run of mv or rm.
type relocation struct {
	world   host.World
	name    string // of the command
	options gate.Options
	dryRun  bool
	log     auditlog.Log
	// plan returns the files that the arguments select.
	plan func(context.Context, *signing.Relocator) (attest.Relocation, error)
}

// Move returns the mv command.
func Move(w host.World) *cobra.Command {
	m := relocation{world: w, name: "mv"}
	cmd := &cobra.Command{
		Use:   "mv FROM TO",
		Short: "Rename an artifact together with its companions and its ledger entry",
		Long: `mv renames an artifact, or a folder with all its files, together with the companions and
the ledger entries, and attests the artifacts for their new paths. Artifacts whose
manifests name a renamed file as an input are attested again. Everything is done, or
nothing. If TO is a folder, FROM is moved into it.

mv approves no content: it refuses an artifact that is not what the ledger and the
record state. It also refuses a TO that exists, and a folder with files that would be
artifacts and are not attested. If the new path is another trust domain's, that has to
accept artifacts from the first one (accepts_from), and the keys of both are needed: the
first signs a link of the attestation chain. If git mv renamed the file already, mv moves the rest. Files
that Git ignores stay where they are.

The key comes from the environment, as for attest.`,
		Example: `  codexlock mv assets/sources/model.bin assets/sources/model-v1.bin
  codexlock mv --dry-run assets/sources/old assets/sources/new
  git mv scripts/a.sh scripts/b.sh && codexlock mv scripts/a.sh scripts/b.sh`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return exit.Usagef("mv takes two paths, FROM and TO, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			m.plan = func(ctx context.Context, r *signing.Relocator) (attest.Relocation, error) {
				return r.Move(ctx, args[0], args[1])
			}
			return m.run(cmd)
		},
	}
	m.flags(cmd)
	return cmd
}

// Remove returns the rm command.
func Remove(w host.World) *cobra.Command {
	m := relocation{world: w, name: "rm"}
	keep := false
	cmd := &cobra.Command{
		Use:   "rm PATH...",
		Short: "Remove artifacts together with their companions and ledger entries",
		Long: `rm removes artifacts, or all artifacts in a folder, together with the companions and the
ledger entries. Artifacts whose manifests name a removed file as an input are attested
again without it. Everything is done, or nothing. If git rm removed the file already, rm
removes the rest. It refuses a folder with files that would be artifacts and are not
attested.

--keep-file takes an attestation back: the companions and the entry are removed, and the
file stays. A test that somebody wrote stays too.

rm needs a key, as attest does, only where it attests an artifact again.`,
		Example: `  codexlock rm assets/sources/model.bin
  codexlock rm --dry-run assets/sources/old
  codexlock rm --keep-file scripts/draft.sh     take a wrong attestation back`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Usagef("rm needs the path of an artifact, such as assets/sources/model.bin")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			m.plan = func(ctx context.Context, r *signing.Relocator) (attest.Relocation, error) {
				return r.Remove(ctx, args, keep)
			}
			return m.run(cmd)
		},
	}
	m.flags(cmd)
	cmd.Flags().BoolVar(&keep, "keep-file", false, "remove the attestation only, and keep the file")
	return cmd
}

func (m *relocation) flags(cmd *cobra.Command) {
	m.log.Flags(cmd, m.world)
	cmd.Flags().BoolVar(&m.dryRun, "dry-run", false, "print what would be done, and write nothing")
	flags.EffectiveTime(cmd, &m.options.EffectiveTime, "date the records as of this time")
}

func (m relocation) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	if err := m.log.FromEnvironment(cmd); err != nil {
		return err
	}
	if err := signing.MaySign(m.world.Env, m.name); err != nil {
		return err
	}
	g, err := gate.New(m.world, m.options)
	if err != nil {
		return err
	}
	r, err := gate.Open(ctx, m.world.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	signer, err := signing.New(ctx, m.world, r, g)
	if err != nil {
		return err
	}
	if err := m.log.Ready(ctx, signer.Config); err != nil {
		return err
	}
	plan, err := m.relocation(ctx, r, signer)
	if err != nil {
		return err
	}
	plan.DryRun = m.dryRun
	done, err := signing.Relocate(ctx, r, signer, plan)
	if err != nil {
		return err
	}
	m.print(plan, done)
	left, err := signing.LeftInRef(ctx, r, signer, plan)
	if err != nil || m.dryRun {
		return err
	}
	if left > 0 {
		m.world.Note(fmt.Sprintf("%s keeps %s of the old paths, because the default branch needs what is there until this is merged; to drop it then: codexlock renewals prune", renewals.Ref, report.Count(left, "record")))
	}
	return m.log.Add(ctx, r, signer.Config, m.log.Attested(done.Attested, vaulttime.FormatTime(signer.Now)))
}

// relocation plans the renames and removals. It refuses destinations that a commit would omit
// or change.
func (m relocation) relocation(ctx context.Context, r *repo.Repository, signer signing.Signer) (attest.Relocation, error) {
	var plan attest.Relocation
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return plan, err
	}
	view, err := r.View(ctx, m.world.Env)
	if err != nil {
		return plan, err
	}
	s := signing.NewSelector(m.world.Dir, r, tree, view, signer.Config)
	finder, err := signing.NewRelocator(s)
	if err != nil {
		return plan, err
	}
	if plan, err = m.plan(ctx, finder); err != nil {
		return plan, err
	}
	NoteIgnored(m.world, s)
	return plan, signing.RefuseDestinations(ctx, tree, view, plan)
}

// print prints the result, or with --dry-run the plan.
func (m relocation) print(plan attest.Relocation, done attest.Relocated) {
	out := bufio.NewWriter(m.world.Stdout)
	verb := func(past, future string) string {
		if m.dryRun {
			return future
		}
		return past
	}
	show := func(p artifact.Path) string { return report.Terminal(p.String()) }
	valid := map[artifact.Path]attest.Attested{}
	for _, a := range done.Attested {
		valid[a.Path] = a
	}
	for _, n := range plan.Renames {
		a := valid[n.To]
		domain := a.Domain
		if left := done.Left[n.To]; left != "" {
			domain += ", before " + left
		}
		fmt.Fprintf(out, "[✓] %s %s %s (sha256 %.12s…, trust domain %s, valid until %s)\n", show(n.From), verb("renamed to", "would be renamed to"), show(n.To), a.SHA256, domain, a.ExpiresAt)
	}
	for _, p := range done.Removed {
		what := "removed together with its companions"
		if plan.KeepFiles {
			what = "no longer attested; the file is kept"
		}
		fmt.Fprintf(out, "[✓] %s %s\n", show(p), verb(what, "would be "+what))
	}
	for _, p := range done.Kept {
		fmt.Fprintf(out, "[!] %s kept: somebody wrote it\n", show(p))
	}
	for _, p := range done.Reattested {
		fmt.Fprintf(out, "[✓] %s %s: an input of it moved or was removed\n", show(p), verb("attested again", "would be attested again"))
	}
	if n := len(plan.Others); n > 0 {
		fmt.Fprintf(out, "[✓] %s %s\n", report.Count(n, "other file"), verb("moved", "would be moved"))
	}
	_ = out.Flush()
	if !m.dryRun {
		fmt.Fprintln(m.world.Stderr, "codexlock: hint: review and commit all of it together: git add -A && codexlock verify")
	}
}
