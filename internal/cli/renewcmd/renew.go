// Package renewcmd has the commands that use records of trusted artifacts: renew and renewals
// keep them valid, migrate writes them in their current form, export writes them for other
// tools.
package renewcmd

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
	"github.com/codexlock/codexlock/internal/cli/candidates"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// renewWithin is half the standard's time to live. A job that runs twice a day renews every
// record before it expires.
const renewWithin = 12 * time.Hour

// A renewal is one run of the renew command.
type renewal struct {
	world   host.World
	options gate.Options
	within  time.Duration
	expired bool // renew expired records too
	dryRun  bool
	log     auditlog.Log
}

// Renew returns the renew command.
func Renew(w host.World) *cobra.Command {
	n := renewal{world: w}
	cmd := &cobra.Command{
		Use:   "renew [PATH...]",
		Short: "Verify and re-attest records that are about to expire",
		Long: `renew runs the whole gate on the work tree, or on the named paths, and attests trusted
artifacts again that expire within a time, in the same trust domain and with the same
time to live: all of them, or nothing. If the configuration says renewals: ref, it does
so for the default branch as the remote has it, writes the records to the ref
refs/codexlock/vaulttime and pushes that; the branch stays as it is. Artifacts with findings are skipped, and the
command then ends with 1. An expired artifact has a finding; --expired attests it again
if it has no other finding and is unchanged since the last commit.

A second run at the same time changes nothing.`,
		Example: `  codexlock renew                     what expires within 12 hours
  codexlock renew --within 24h --dry-run
  codexlock renew assets/sources/model.bin`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.options.Selection = gate.Selection{Scope: facts.All}
			if len(args) > 0 {
				n.options.Selection = gate.Selection{Scope: facts.Paths, Paths: args}
			}
			if err := n.log.FromEnvironment(cmd); err != nil {
				return err
			}
			return n.run(cmd.Context())
		},
	}
	n.log.Flags(cmd, w)
	f := cmd.Flags()
	f.DurationVar(&n.within, "within", renewWithin, "renew artifacts that expire within this time, such as 12h or 90m")
	f.BoolVar(&n.expired, "expired", false, "renew expired artifacts too, if nothing else is denied")
	f.BoolVar(&n.dryRun, "dry-run", false, "print what would be renewed, and write nothing")
	flags.EffectiveTime(cmd, &n.options.EffectiveTime, "judge and date as of this time")
	return cmd
}

func (n renewal) run(ctx context.Context) (err error) {
	if err := signing.MaySign(n.world.Env, "renew"); err != nil {
		return err
	}
	if n.within < 0 {
		return exit.Usagef("--within is %s, want no less than 0", n.within)
	}
	g, err := gate.New(n.world, n.options)
	if err != nil {
		return err
	}
	r, err := repo.Open(ctx, n.world.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	signer, err := signing.New(ctx, n.world, r, g)
	if err != nil {
		return err
	}
	var off *signing.OffBranch // nil: renewals are in the tree
	if signer.Config.RenewsInRef() {
		if off, err = signing.NewOffBranch(ctx, n.world, r, g); err != nil {
			return err
		}
		signer = off.Signer
		n.options.Base.Head, n.options.Base.Exact = gate.Given(off.Head.String()), gate.Given(off.Head.String())
		if g, err = gate.New(n.world, n.options); err != nil {
			return err
		}
	}
	if err := signer.AnyKey(); err != nil {
		return err
	}
	if err := n.log.Ready(ctx, signer.Config); err != nil {
		return err
	}
	var all []signing.Candidate
	if off != nil {
		all, err = off.Candidates(ctx, g)
		err = candidates.PrintWhole(n.world.Stdout, err)
	} else {
		all, err = candidates.Find(ctx, n.world.Stdout, r, g)
	}
	if err != nil {
		return err
	}
	var due []signing.Candidate
	for i := range all {
		if n.isDue(&all[i], g.Now()) && all[i].CanSign(signer) {
			due = append(due, all[i])
		}
	}
	return n.renew(ctx, r, signer, off, all, due)
}

// isDue reports whether a record is renewed now. A record that was made in this second would
// not change.
func (n renewal) isDue(s *signing.Candidate, now time.Time) bool {
	if s.HandsOver || n.expired && s.OnlyExpired() && s.Change == "unchanged" {
		s.Denied = nil
	}
	return s.Refused() == "" && !s.Counts.ExpiresAt().After(now.Add(n.within)) && s.Counts.Timestamp.Before(now)
}

func (n renewal) renew(ctx context.Context, r *repo.Repository, signer signing.Signer, off *signing.OffBranch, all, due []signing.Candidate) error {
	if n.dryRun {
		for _, s := range due {
			fmt.Fprintf(n.world.Stdout, "[✓] %s would be renewed (trust domain %s, valid until %s)\n",
				report.Terminal(s.Path.String()), s.Record.TrustDomain, vaulttime.FormatTime(s.Counts.ExpiresAt()))
		}
	} else {
		done, err := n.write(ctx, r, signer, off, due)
		if err != nil {
			return err
		}
		if err := n.log.Add(ctx, r, signer.Config, n.log.Attested(done, vaulttime.FormatTime(signer.Now))); err != nil {
			return err
		}
	}
	skipped, failed := candidates.PrintSkipped(n.world, all)
	n.hintExpired(all)
	verb := "renewed"
	if n.dryRun {
		verb = "to renew"
	}
	return candidates.Conclude(n.world, failed, "%d of %s %s, %d not due, %d skipped", len(due), report.Count(len(all), "artifact"), verb, len(all)-len(due)-skipped, skipped)
}

// write writes the renewed records: to the ref if off is set, else to the tree.
func (n renewal) write(ctx context.Context, r *repo.Repository, signer signing.Signer, off *signing.OffBranch, due []signing.Candidate) ([]attest.Attested, error) {
	if off == nil {
		done, err := signing.Reattest(ctx, r, signer, due)
		if err != nil {
			return nil, err
		}
		n.printRenewed(done.Attested)
		if len(done.Attested) > 0 {
			fmt.Fprintln(n.world.Stderr, "codexlock: hint: commit the records and Codex-Lock.json together")
		}
		return done.Attested, nil
	}
	done, written, err := off.Renew(ctx, due)
	if err != nil {
		return nil, err
	}
	n.printRenewed(done)
	printWritten(n.world, off, written)
	return done, nil
}

// hintExpired prints the command that renews records that were skipped only because they
// expired.
func (n renewal) hintExpired(all []signing.Candidate) {
	expired := 0
	for _, s := range all {
		if s.OnlyExpired() {
			expired++
		}
	}
	if expired > 0 && !n.expired {
		fmt.Fprintf(n.world.Stderr, "codexlock: hint: %d expired: codexlock renew --expired renews each that has no other finding and is unchanged since the last commit\n", expired)
	}
}

// printRenewed prints the renewed artifacts.
func (n renewal) printRenewed(done []attest.Attested) {
	out := bufio.NewWriter(n.world.Stdout)
	for _, d := range done {
		fmt.Fprintf(out, "[✓] %s renewed (trust domain %s, valid until %s)\n", report.Terminal(d.Path.String()), d.Domain, d.ExpiresAt)
	}
	_ = out.Flush()
}
