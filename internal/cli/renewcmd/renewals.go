package renewcmd

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Renewals returns the renewals command.
func Renewals(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "renewals",
		Short: "Look at the renewed records in the ref, and manage them",
		Long: `With renewals: ref in the configuration, renew writes records to the ref
refs/codexlock/vaulttime, off the branch. These commands show what is there, copy it into
the tree, and drop what nothing needs any more.`,
		Example: `  codexlock renewals status
  codexlock renewals materialize`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(renewalsStatusCommand(w), renewalsMaterializeCommand(w), renewalsPruneCommand(w))
	return cmd
}

// maxDropped is the number of files dropped from the ref that are named.
const maxDropped = 5

// printWritten prints how the ref changed, and whether it was pushed.
func printWritten(w host.World, off *signing.OffBranch, done renewals.Written) {
	for i, d := range done.Dropped {
		if i == maxDropped {
			w.Note(fmt.Sprintf("%s: dropped %d more that are no records", renewals.Ref, len(done.Dropped)-i))
			break
		}
		w.Note(fmt.Sprintf("%s: dropped %s: %s", renewals.Ref, d.Name, d.Reason))
	}
	holds := fmt.Sprintf("%s holds %s", renewals.Ref, report.Count(done.Records, "record"))
	switch {
	case done.Pushed:
		w.Note(holds + ", and was pushed to " + off.Writer.Remote.Name)
	case off.Writer.Remote == nil && done.Changed:
		w.Note(holds + ". There is no remote, so nothing was pushed: only this clone has them")
	}
}

// openRenewals opens the repository and the store of its ref. It refuses a configuration
// with renewals: tree, because then nothing reads the ref.
func openRenewals(ctx context.Context, w host.World, o gate.Options) (*repo.Repository, *gate.Gate, signing.Signer, error) {
	g, err := gate.New(w, o)
	if err != nil {
		return nil, nil, signing.Signer{}, err
	}
	r, err := repo.Open(ctx, w.Dir)
	if err != nil {
		return nil, nil, signing.Signer{}, err
	}
	signer, err := signing.New(ctx, w, r, g)
	if err == nil && !signer.Config.RenewsInRef() {
		err = exit.Usagef("the configuration does not say renewals: ref, so %s is not read", renewals.Ref)
	}
	if err != nil {
		r.Close()
		return nil, nil, signing.Signer{}, err
	}
	return r, g, signer, nil
}

func renewalsStatusCommand(w host.World) *cobra.Command {
	var o gate.Options
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Print the records in the ref: which count, until when, and why others do not",
		Long: `status verifies every artifact of the work tree as verify --all does, and prints for each
record in refs/codexlock/vaulttime whether it counts, and why not. It reads the ref that
this clone has; git fetch origin +refs/codexlock/vaulttime:refs/codexlock/vaulttime brings
the remote's.`,
		Example: `  codexlock renewals status`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return renewalsStatus(cmd.Context(), w, o) },
	}
	flags.EffectiveTime(cmd, &o.EffectiveTime, "judge as of this time")
	return cmd
}

func renewalsStatus(ctx context.Context, w host.World, o gate.Options) error {
	o.Selection = gate.Selection{Scope: facts.All}
	r, g, _, err := openRenewals(ctx, w, o)
	if err != nil {
		return err
	}
	defer r.Close()
	store, err := renewals.Open(ctx, r, true)
	if err != nil {
		return err
	}
	if note := store.Note(); note != "" {
		w.Note(note)
	}
	all, ignored, err := store.All(ctx)
	if err != nil {
		return err
	}
	states, err := g.Renewals(ctx)
	if err != nil {
		return err
	}
	counted := 0
	for _, p := range slices.Sorted(maps.Keys(all)) {
		n, judged := states[p.String()]
		switch {
		case !judged:
			fmt.Fprintf(w.Stdout, "[!] %s is no artifact here; drop its record: codexlock renewals prune\n", report.Terminal(p.String()))
		case n.State == facts.RenewalCounts:
			counted++
			fmt.Fprintf(w.Stdout, "[✓] %s valid until %s\n", report.Terminal(p.String()), n.ExpiresAt)
		default:
			reason := string(n.State)
			if n.Reason != "" {
				reason += ": " + n.Reason
			}
			fmt.Fprintf(w.Stdout, "[!] %s does not count (%s)\n", report.Terminal(p.String()), report.Terminal(reason))
		}
	}
	for _, i := range ignored {
		fmt.Fprintf(w.Stdout, "[!] %s is ignored: %s\n", report.Terminal(i.Name), report.Terminal(i.Reason))
	}
	total, verb := len(all)+len(ignored), "count"
	if total == 1 {
		verb = "counts"
	}
	fmt.Fprintf(w.Stdout, "[✓] %d of %s in %s %s, %s without one there\n",
		counted, report.Count(total, "record"), renewals.Ref, verb, report.Count(countAbsent(states), "artifact"))
	return nil
}

func countAbsent(states map[string]facts.Renewal) (n int) {
	for _, s := range states {
		if s.State == facts.RenewalAbsent {
			n++
		}
	}
	return n
}

func renewalsMaterializeCommand(w host.World) *cobra.Command {
	var o gate.Options
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "materialize [PATH...]",
		Short: "Copy the renewed records that count into the tree",
		Long: `materialize verifies the work tree, or the named paths, and writes each renewed record that
counts over the record in the tree: all of them, or nothing. Plain tools and X.test read the
tree only.`,
		Example: `  codexlock renewals materialize
  codexlock renewals materialize assets/sources/model.bin`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Selection = gate.Selection{Scope: facts.All}
			if len(args) > 0 {
				o.Selection = gate.Selection{Scope: facts.Paths, Paths: args}
			}
			return materialize(cmd.Context(), w, o, dryRun)
		},
	}
	flags.EffectiveTime(cmd, &o.EffectiveTime, "judge as of this time")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be written, and write nothing")
	return cmd
}

func materialize(ctx context.Context, w host.World, o gate.Options, dryRun bool) error {
	r, g, _, err := openRenewals(ctx, w, o)
	if err != nil {
		return err
	}
	defer r.Close()
	states, err := g.Renewals(ctx)
	if err != nil {
		return err
	}
	store, err := renewals.Open(ctx, r, true)
	if err != nil {
		return err
	}
	if note := store.Note(); note != "" {
		w.Note(note)
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	var files []txn.File
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if states[name].State != facts.RenewalCounts {
			continue
		}
		p := artifact.Path(name)
		found, err := store.Record(ctx, p)
		if err != nil {
			return err
		}
		at := p.Companion(artifact.VaultTime)
		if _, there, err := tree.Lookup(ctx, at); err != nil {
			return err
		} else if !there {
			at = p.MirroredCompanion(artifact.VaultTime)
		}
		files = append(files, txn.File{Path: at, Mode: 0o644, Data: found.Record.Encode()})
	}
	verb := "would be written"
	if !dryRun {
		verb = "written"
		if err := txn.Commit(ctx, r.Root(), r.GitDir(), files); err != nil {
			return err
		}
	}
	for _, f := range files {
		fmt.Fprintf(w.Stdout, "[✓] %s %s\n", report.Terminal(f.Path.String()), verb)
	}
	fmt.Fprintf(w.Stdout, "[✓] %d of %s have a renewed record that counts\n", len(files), report.Count(len(states), "artifact"))
	return nil
}

func renewalsPruneCommand(w host.World) *cobra.Command {
	var o gate.Options
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Drop the records of files that are gone from the ref",
		Long: `prune drops from refs/codexlock/vaulttime the records of files that the default branch does
not have any more, those that have expired or whose proof does not hold, and whatever is no
record; and pushes the ref. renew does the same, but for the first.`,
		Example: `  codexlock renewals prune`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return prune(cmd.Context(), w, o) },
	}
	flags.EffectiveTime(cmd, &o.EffectiveTime, "judge as of this time")
	return cmd
}

func prune(ctx context.Context, w host.World, o gate.Options) error {
	if err := signing.MaySign(w.Env, "renewals prune"); err != nil {
		return err
	}
	r, g, _, err := openRenewals(ctx, w, o)
	if err != nil {
		return err
	}
	defer r.Close()
	off, err := signing.NewOffBranch(ctx, w, r, g)
	if err != nil {
		return err
	}
	dropped, done, err := off.Prune(ctx)
	if err != nil {
		return err
	}
	for _, p := range dropped {
		fmt.Fprintf(w.Stdout, "[✓] %s dropped: it is not in %s\n", report.Terminal(p.String()), off.Head.String()[:12])
	}
	printWritten(w, off, done)
	fmt.Fprintf(w.Stdout, "[✓] %d dropped, %s holds %s at %s\n", len(dropped), renewals.Ref, report.Count(done.Records, "record"), vaulttime.FormatTime(g.Now()))
	return nil
}
