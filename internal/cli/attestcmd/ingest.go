package attestcmd

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/incoming"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// An importer is shared by ingest and quarantine release: it attests files and has the gate
// verify them at their new paths before they are moved.
type importer struct {
	attestation
	replace  bool
	quiet    bool
	releases string // ID of the quarantine to release; "" for ingest
}

// Ingest returns the ingest command.
func Ingest(w host.World) *cobra.Command {
	in := importer{attestation: attestation{world: w}}
	var effective string
	cmd := &cobra.Command{
		Use:   "ingest [FILE...]",
		Short: "Verify and attest the files in assets/incoming/; quarantine rejected ones",
		Long: `ingest attests the files in assets/incoming/, or the named ones, as if they were in
assets/sources/, and the whole gate verifies that tree before anything is moved. Files
that pass are moved there, read-only, with their companions and ledger entries; denied
files are moved to assets/quarantine/ with the reasons. Companions next to the incoming
files must be valid. Everything is done, or nothing, also when it is interrupted.

Configuration, policies and schemas come from the base commit. The exit code is 1
if anything was quarantined, 3 if a file could not be read to its end.`,
		Example: `  codexlock ingest
  codexlock ingest --domain runtime-core assets/incoming/model.bin
  codexlock ingest --replace assets/incoming/model.bin    a new version of a source`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.paths = args
			var err error
			if in.gate, err = newIntakeGate(w, effective); err != nil {
				return err
			}
			if err := in.log.FromEnvironment(cmd); err != nil {
				return err
			}
			return in.ingest(cmd.Context())
		},
	}
	in.flags(cmd, &effective)
	cmd.Flags().StringVar(&in.request.Toolchain, "toolchain", "", "the tool that made it, NAME@VERSION (default: the manifest's, or null: not stated)")
	cmd.Flags().BoolVarP(&in.quiet, "quiet", "q", false, "print only rejected files and the last line")
	return cmd
}

// newIntakeGate returns the gate that verifies incoming files, including files that are not
// artifacts.
func newIntakeGate(w host.World, effective string) (*gate.Gate, error) {
	return gate.New(w, gate.Options{Selection: gate.Selection{Scope: facts.Paths, MeasureNamed: true}, EffectiveTime: effective})
}

// flags adds the flags of ingest and quarantine release.
func (in *importer) flags(cmd *cobra.Command, effective *string) {
	in.log.Flags(cmd, in.world)
	f := cmd.Flags()
	f.StringVar(&in.request.Domain, "domain", "", "the trust domain (default: the one whose paths match, or the ledger's)")
	f.Int64Var(&in.request.TTLHours, "ttl-hours", 0, "how long the record is valid (default: the domain's maximum)")
	f.StringVar(&in.request.Creator, "creator", "", "who made it (default: the manifest's, or Git's user.name)")
	f.BoolVar(&in.replace, "replace", false, "replace an existing source")
	f.StringVar(effective, "effective-time", "", "the record's timestamp, YYYY-MM-DDTHH:MM:SSZ (default now)")
}

func (in importer) ingest(ctx context.Context) error {
	r, err := in.open(ctx, "ingest")
	if err != nil {
		return err
	}
	defer r.Close()
	named, err := gate.Paths(r, in.world.Dir, in.paths...)
	if err != nil {
		return err
	}
	arrivals, irregular, err := incoming.Find(r.Root(), named)
	if err != nil {
		return err
	}
	for i := range arrivals {
		arrivals[i].Replace = in.replace
	}
	if len(arrivals) == 0 && len(irregular) == 0 {
		fmt.Fprintf(in.world.Stdout, "nothing to ingest: %s/ is empty\n", incoming.Dir)
		return nil
	}
	if len(arrivals) == 0 {
		return in.printResult(attest.Ingested{}, irregular, "ingested")
	}
	return in.take(ctx, r, arrivals, func(*attest.Ingestion) {}, func(result attest.Ingested) error {
		return in.printResult(result, irregular, "ingested")
	})
}

// take imports or rejects the incoming files, prints the results, and adds them to the log.
func (in importer) take(ctx context.Context, r *repo.Repository, arrivals []incoming.File, adjust func(*attest.Ingestion), report func(attest.Ingested) error) error {
	ingestion, c, err := in.prepare(ctx, r, arrivals)
	if err != nil {
		return err
	}
	if err := in.obstacles(ctx, r, arrivals); err != nil {
		return err
	}
	if err := in.log.Ready(ctx, c); err != nil {
		return err
	}
	adjust(&ingestion)
	result, err := attest.Ingest(ctx, r.Root(), r.GitDir(), ingestion)
	if err != nil {
		return err
	}
	verdict := report(result)
	at := vaulttime.FormatTime(in.gate.Now())
	entries := in.log.Attested(result.Attested, at)
	for _, q := range slices.Concat(result.Quarantined, result.Denied) {
		e := audit.Entry{Artifact: q.Path, VerifiedBy: in.log.By, VerifiedAt: at, Result: audit.Fail, Level: artifact.NonCompliant.String()}
		if !q.SHA256.IsZero() {
			e.SHA256 = q.SHA256.String()
		}
		entries = append(entries, e)
	}
	if err := in.log.Add(ctx, r, c, entries); err != nil {
		return err
	}
	return verdict
}

// obstacles refuses incoming files that a commit would omit or change at their new paths.
// They are not quarantined, because nothing is wrong with the files.
func (in importer) obstacles(ctx context.Context, r *repo.Repository, arrivals []incoming.File) error {
	view, err := r.View(ctx, in.world.Env)
	if err != nil {
		return err
	}
	from := make(map[artifact.Path]string, len(arrivals))
	var paths []artifact.Path
	for _, a := range arrivals {
		if _, err := artifact.ParsePath(a.To.String()); err == nil { // an invalid path is quarantined
			from[a.To] = string(a.From)
			paths = append(paths, a.To)
		}
	}
	refused := map[artifact.Path]error{}
	if err := signing.RefuseObstacles(ctx, view.Arriving(from), paths, refused); err != nil || len(refused) == 0 {
		return err
	}
	var all attest.Refusals
	for _, p := range paths {
		if err := refused[p]; err != nil {
			all.Errs = append(all.Errs, err)
		}
	}
	return &all
}

// open opens the repository for writing. It refuses a pull request's event.
func (in importer) open(ctx context.Context, command string) (*repo.Repository, error) {
	if err := signing.MaySign(in.world.Env, command); err != nil {
		return nil, err
	}
	return gate.Open(ctx, in.world.Dir)
}

// prepare prepares the gate of the base commit, which verifies the incoming files and defines
// their trust domains.
func (in importer) prepare(ctx context.Context, r *repo.Repository, arrivals []incoming.File) (attest.Ingestion, config.Config, error) {
	work, err := r.WorkTree(ctx)
	if err != nil {
		return attest.Ingestion{}, config.Config{}, err
	}
	domains, err := signing.RecordedDomains(ctx, work)
	if err != nil {
		return attest.Ingestion{}, config.Config{}, err
	}
	e, err := in.gate.PrepareRules(ctx, r)
	if err != nil {
		return attest.Ingestion{}, config.Config{}, err
	}
	signer := signing.Signer{Config: e.Facts.Config, Keys: e.Facts.Keys, Now: in.gate.Now(), Creator: git.Creator(ctx, in.world.Dir, in.world.Env)}
	judge := signing.Judge{Evaluation: e, Repository: r, Work: work}
	return attest.Ingestion{
		Incoming: arrivals, Judge: judge.Findings, Now: in.gate.Now(), NewID: func() (string, error) { return newID(in.world) },
		Resolve: func(p artifact.Path) (attest.Options, error) { return in.request.Options(signer, domains, p) },
	}, e.Facts.Config, nil
}

// newID returns a random number for the name of a folder.
func newID(w host.World) (string, error) {
	var random [8]byte
	if _, err := io.ReadFull(w.Random, random[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return hex.EncodeToString(random[:]), nil
}

// printResult prints the result of each file. It returns exit.ErrDenied if a file was rejected.
func (in importer) printResult(result attest.Ingested, irregular []incoming.Left, done string) error {
	out := bufio.NewWriter(in.world.Stdout)
	for _, a := range result.Attested {
		if !in.quiet {
			fmt.Fprintf(out, "[✓] %s %s (sha256 %.12s…, trust domain %s, valid until %s)\n",
				report.Terminal(a.Path.String()), done, a.SHA256, a.Domain, a.ExpiresAt)
		}
	}
	for _, q := range result.Quarantined {
		printDenied(out, q, fmt.Sprintf("quarantined in %s/%s/", incoming.QuarantineDir, q.ID))
	}
	for _, q := range result.Denied {
		printDenied(out, q, "stays where it is")
		if q.Taken != "" {
			fmt.Fprintf(out, "      hint: %s\n", report.Terminal(in.takenHint(q)))
		}
	}
	for _, l := range irregular {
		fmt.Fprintf(out, "[✗] %s: %s; it stays where it is, and was not opened\n", report.Terminal(l.Path), report.Terminal(l.Reason))
	}
	for _, l := range result.Left {
		fmt.Fprintf(out, "[~] %s: %s; it stays where it is\n", report.Terminal(l.Path), report.Terminal(l.Reason))
	}
	denied := len(result.Quarantined) + len(result.Denied) + len(irregular)
	mark := "✓"
	if denied+len(result.Left) > 0 {
		mark = "✗"
	}
	fmt.Fprintf(out, "[%s] %d of %d files %s\n", mark, len(result.Attested), len(result.Attested)+denied+len(result.Left), done)
	_ = out.Flush()
	if len(result.Attested) > 0 {
		fmt.Fprintln(in.world.Stderr, "codexlock: hint: review and commit assets/sources/ and Codex-Lock.json together")
	}
	if len(result.Quarantined) > 0 {
		fmt.Fprintln(in.world.Stderr, "codexlock: hint: fix the file and put it into assets/incoming/ again; or, if it is correct: codexlock quarantine release ID --reason TEXT")
	}
	switch {
	case denied > 0:
		return exit.ErrDenied
	case len(result.Left) > 0:
		return errors.New("not every file could be verified; run it again once they are finished and can be read")
	}
	return nil
}

// takenHint returns the hint for a file whose new path exists already.
func (in importer) takenHint(q incoming.Quarantined) string {
	other := incoming.SourcesDir + "/OTHER-NAME"
	if in.releases != "" {
		return fmt.Sprintf("replace %s: codexlock quarantine release %s --replace --reason TEXT; or keep both: add --to %s", q.Taken, in.releases, other)
	}
	return fmt.Sprintf("replace %s: codexlock ingest --replace %s; or give the new one another name", q.Taken, shellquote.Word(q.Path))
}

func printDenied(out io.Writer, q incoming.Quarantined, where string) {
	fmt.Fprintf(out, "[✗] %s: %s\n", report.Terminal(q.Path), where)
	if len(q.Findings) == 0 {
		fmt.Fprintf(out, "      %s\n", report.Terminal(q.Reason))
	}
	for _, f := range q.Findings {
		fmt.Fprintf(out, "      %s [%s]\n", report.Terminal(f.Message), f.Rule)
		if f.Fix != "" {
			fmt.Fprintf(out, "      hint: %s\n", report.Terminal(f.Fix))
		}
	}
}

// QuarantineDrifted moves the sources that drifted, by a report, to quarantine.
func QuarantineDrifted(ctx context.Context, w host.World, r report.Report, now time.Time) error {
	repository, err := gate.Open(ctx, w.Dir)
	if err != nil {
		return err
	}
	defer repository.Close()
	against := map[string][]incoming.Finding{}
	for _, f := range r.Findings {
		if f.Kind == decision.KindDrift && f.Severity != decision.Warn && !f.Excepted {
			against[f.Artifact] = append(against[f.Artifact], signing.Finding(f))
		}
	}
	var drifted []incoming.Drifted
	for _, a := range r.Artifacts {
		p, err := artifact.ParsePath(a.Path)
		if err != nil || len(against[a.Path]) == 0 || !strings.HasPrefix(a.Path, incoming.SourcesDir+"/") {
			continue
		}
		d := incoming.Drifted{Path: p, Findings: against[a.Path]}
		if a.Proof == "content" {
			if d.SHA256, err = artifact.ParseDigest(a.SHA256); err != nil {
				return err
			}
		}
		drifted = append(drifted, d)
	}
	done, err := incoming.Quarantine(ctx, repository.Root(), repository.GitDir(), drifted, now, func() (string, error) { return newID(w) })
	if err != nil {
		return fmt.Errorf("quarantine what drifted: %w", err)
	}
	for _, q := range done {
		fmt.Fprintf(w.Stderr, "codexlock: %s and its companions moved to %s/%s/\n", report.Terminal(q.Path), incoming.QuarantineDir, q.ID)
	}
	if len(done) > 0 {
		fmt.Fprintln(w.Stderr, "codexlock: hint: restore them from Git (git checkout HEAD -- PATH), or release the correct ones: codexlock quarantine release ID --reason TEXT")
	}
	return nil
}
