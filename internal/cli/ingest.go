package cli

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
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// An intake is what ingest and quarantine release have in common: files that are
// attested and judged where they are to stand before they stand there.
type intake struct {
	attestation
	replace  bool
	quiet    bool
	releases string // the quarantine that is released; "" for none
}

func ingestCommand(w host.World) *cobra.Command {
	in := intake{attestation: attestation{world: w}}
	var effective string
	cmd := &cobra.Command{
		Use:   "ingest [FILE...]",
		Short: "Verify and attest what is in assets/incoming/; quarantine what fails",
		Long: `ingest takes the files of assets/incoming/, or those that are named. Each is attested
as it would stand in assets/sources/, and the whole gate judges that tree before it
is made. What passes goes there, read-only, with its companions and ledger entry;
what is denied goes to assets/quarantine/ with the reasons. Companions that came
along have to be valid. All of it is done, or nothing, also when it is interrupted.

Configuration, policies and schemas come from the base commit. The exit code is 1
where anything was quarantined, 3 where a file could not be read to its end.`,
		Example: `  codexlock ingest
  codexlock ingest --domain runtime-core assets/incoming/model.bin
  codexlock ingest --replace assets/incoming/model.bin    a new version of a source`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.paths = args
			var err error
			if in.now, err = gate.EffectiveTime(w, effective); err != nil {
				return err
			}
			if err := in.log.fromEnvironment(cmd); err != nil {
				return err
			}
			return in.ingest(cmd.Context())
		},
	}
	in.flags(cmd, &effective)
	cmd.Flags().StringVar(&in.toolchain, "toolchain", "", "what made it, NAME@VERSION (default: the manifest's, or null: not stated)")
	cmd.Flags().BoolVarP(&in.quiet, "quiet", "q", false, "print only rejected files and the last line")
	return cmd
}

// flags are those of every intake.
func (in *intake) flags(cmd *cobra.Command, effective *string) {
	in.log.flags(cmd, in.world)
	f := cmd.Flags()
	f.StringVar(&in.domain, "domain", "", "the trust domain (default: the one whose paths match, or the ledger's)")
	f.Int64Var(&in.ttlHours, "ttl-hours", 0, "how long the record is valid (default: the domain's maximum)")
	f.StringVar(&in.creator, "creator", "", "who made it (default: the manifest's, or the user's name)")
	f.BoolVar(&in.replace, "replace", false, "a source that is there already may change")
	f.StringVar(effective, "effective-time", "", "the record's timestamp, YYYY-MM-DDTHH:MM:SSZ (default now)")
}

func (in intake) ingest(ctx context.Context) error {
	r, err := in.open(ctx, "ingest")
	if err != nil {
		return err
	}
	defer r.Close()
	named, err := gate.Paths(r, in.world.Dir, in.paths...)
	if err != nil {
		return err
	}
	arrivals, irregular, err := attest.Arrivals(r.Root(), named)
	if err != nil {
		return err
	}
	for i := range arrivals {
		arrivals[i].Replace = in.replace
	}
	if len(arrivals) == 0 && len(irregular) == 0 {
		fmt.Fprintf(in.world.Stdout, "nothing to ingest: %s/ is empty\n", attest.IncomingDir)
		return nil
	}
	if len(arrivals) == 0 {
		return in.tell(attest.Ingested{}, irregular, "ingested")
	}
	return in.take(ctx, r, arrivals, func(*attest.Ingestion) {}, func(result attest.Ingested) error {
		return in.tell(result, irregular, "ingested")
	})
}

// take lets the arrivals in, or not, tells of it, and adds what it did to the log.
func (in intake) take(ctx context.Context, r *repo.Repository, arrivals []attest.Arrival, adjust func(*attest.Ingestion), tell func(attest.Ingested) error) error {
	ingestion, c, err := in.prepare(ctx, r, arrivals)
	if err != nil {
		return err
	}
	if err := in.obstacles(ctx, r, arrivals); err != nil {
		return err
	}
	if err := in.log.ready(ctx, c); err != nil {
		return err
	}
	adjust(&ingestion)
	result, err := attest.Ingest(ctx, r.Root(), r.GitDir(), ingestion)
	if err != nil {
		return err
	}
	verdict := tell(result)
	at := vaulttime.FormatTime(in.now)
	entries := in.log.attested(result.Attested, at)
	for _, q := range slices.Concat(result.Quarantined, result.Denied) {
		e := audit.Entry{Artifact: q.Path, VerifiedBy: in.log.by, VerifiedAt: at, Result: audit.Fail, Level: artifact.NonCompliant.String()}
		if !q.SHA256.IsZero() {
			e.SHA256 = q.SHA256.String()
		}
		entries = append(entries, e)
	}
	if err := in.log.append(ctx, r, c, entries); err != nil {
		return err
	}
	return verdict
}

// obstacles refuses arrivals that a commit would not hold as they are where they are to
// stand. Nothing is wrong with such a file, so that it is not quarantined.
func (in intake) obstacles(ctx context.Context, r *repo.Repository, arrivals []attest.Arrival) error {
	view, err := r.View(ctx, in.world.Env)
	if err != nil {
		return err
	}
	from := make(map[artifact.Path]string, len(arrivals))
	var paths []artifact.Path
	for _, a := range arrivals {
		if _, err := artifact.ParsePath(a.To.String()); err == nil { // else it is quarantined
			from[a.To] = string(a.From)
			paths = append(paths, a.To)
		}
	}
	refused := map[artifact.Path]error{}
	if err := obstacles(ctx, view.Arriving(from), paths, refused); err != nil || len(refused) == 0 {
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

// open opens the repository for writing, never for a pull request.
func (in intake) open(ctx context.Context, command string) (*repo.Repository, error) {
	if err := maySign(in.world.Env, command); err != nil {
		return nil, err
	}
	return gate.Open(ctx, in.world.Dir)
}

// prepare compiles the gate that judges the arrivals: the base commit's, like the
// domains that they are attested in.
func (in intake) prepare(ctx context.Context, r *repo.Repository, arrivals []attest.Arrival) (attest.Ingestion, config.Config, error) {
	work, err := r.WorkTree(ctx)
	if err != nil {
		return attest.Ingestion{}, config.Config{}, err
	}
	domains, err := recordedDomains(ctx, work)
	if err != nil {
		return attest.Ingestion{}, config.Config{}, err
	}
	g, err := gate.New(in.world, gate.Options{
		Selection: gate.Selection{Scope: facts.Paths, MeasureNamed: true}, EffectiveTime: vaulttime.FormatTime(in.now),
	})
	if err != nil {
		return attest.Ingestion{}, config.Config{}, err
	}
	e, err := g.PrepareRules(ctx, r)
	if err != nil {
		return attest.Ingestion{}, config.Config{}, err
	}
	seal := sealer{config: e.Facts.Config, keys: e.Facts.Keys, now: in.now, creator: repo.User(ctx, in.world.Dir, in.world.Env)}
	j := judge{Evaluation: e, repository: r, work: work}
	return attest.Ingestion{
		Arrivals: arrivals, Judge: j.findings, Now: in.now, NewID: func() (string, error) { return newID(in.world) },
		Resolve: func(p artifact.Path) (attest.Options, error) { return in.options(seal, domains, p, nil) },
	}, e.Facts.Config, nil
}

// newID is a random number that no two folders have in common.
func newID(w host.World) (string, error) {
	var random [8]byte
	if _, err := io.ReadFull(w.Random, random[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return hex.EncodeToString(random[:]), nil
}

// A judge asks the gate about a work tree as it would be.
type judge struct {
	gate.Evaluation
	repository *repo.Repository
	work       repo.Tree
}

func (j judge) findings(ctx context.Context, c attest.Change, paths []artifact.Path) (map[artifact.Path][]attest.Finding, error) {
	decided, err := j.ask(ctx, j.repository.Overlay(j.work, overlaid(c)), paths)
	if err != nil {
		return nil, err
	}
	// A finding on the whole change says by its file what it is about.
	about, alike := map[string]artifact.Path{}, map[string]artifact.Path{}
	for _, p := range paths {
		about[p.String()], alike[artifact.Fold(p.String())] = p, p
		for _, kind := range artifact.Companions {
			about[p.Companion(kind).String()], about[p.MirroredCompanion(kind).String()] = p, p
		}
	}
	found := map[artifact.Path][]attest.Finding{}
	var whole []policy.Finding
	for _, f := range decided {
		p, ok := about[f.Artifact]
		if f.Artifact == "" {
			if p, ok = about[f.File]; !ok {
				p, ok = alike[artifact.Fold(f.File)]
			}
			if !ok {
				below, err := j.bringFolder(ctx, f.File, paths)
				if err != nil {
					return nil, err
				}
				for _, p := range below {
					found[p] = append(found[p], arrivalFinding(f))
				}
				if len(below) == 0 {
					whole = append(whole, f)
				}
			}
		}
		if ok {
			found[p] = append(found[p], arrivalFinding(f))
		}
	}
	return found, j.refuseNew(ctx, whole)
}

// bringFolder are the paths that bring a folder which folds to a name and is not in
// the work tree: a finding about two folders that collide is about them.
func (j judge) bringFolder(ctx context.Context, name string, paths []artifact.Path) ([]artifact.Path, error) {
	var bring []artifact.Path
	parts := strings.Count(name, "/") + 1
	for _, p := range paths {
		if !strings.HasPrefix(artifact.Fold(p.String()), artifact.Fold(name)+"/") {
			continue
		}
		folder := strings.Join(strings.Split(p.String(), "/")[:parts], "/")
		_, there, err := j.work.Lookup(ctx, artifact.Path(folder))
		if err != nil {
			return nil, err
		}
		if !there {
			bring = append(bring, p)
		}
	}
	return bring, nil
}

// ask is what denies something about the named paths of a tree, or about the
// tree as a whole.
func (j judge) ask(ctx context.Context, tree repo.Tree, paths []artifact.Path) ([]policy.Finding, error) {
	o := j.Facts
	o.Head, o.Scope, o.Paths = tree, facts.Paths, paths
	change, err := facts.Collect(ctx, o)
	if err != nil {
		return nil, err
	}
	if change.Len() < len(paths) {
		return nil, fmt.Errorf("%d of %d files were judged", change.Len(), len(paths))
	}
	decision, err := j.Engine.Decide(ctx, change, j.Policy)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(decision.Findings, func(f policy.Finding) bool { return f.Severity == policy.Warn || f.Excepted }), nil
}

// refuseNew refuses a change after which the tree as a whole is denied for a
// reason that it is not denied for now, and that no file in particular is to blame
// for. What is wrong with it already is for verify to tell.
func (j judge) refuseNew(ctx context.Context, whole []policy.Finding) error {
	if len(whole) == 0 {
		return nil
	}
	now, err := j.ask(ctx, j.work, nil)
	if err != nil {
		return err
	}
	for _, f := range whole {
		if !slices.ContainsFunc(now, func(g policy.Finding) bool { return g.Rule == f.Rule && g.File == f.File && g.Message == f.Message }) {
			return fmt.Errorf("%s: %s [%s]; nothing was moved", f.File, f.Message, f.Rule)
		}
	}
	return nil
}

func arrivalFinding(f policy.Finding) attest.Finding {
	return attest.Finding{Rule: f.Rule, Kind: string(f.Kind), Requirement: f.Requirement, File: f.File, Line: f.Line, Column: f.Column, Message: f.Message, Fix: f.Fix}
}

// overlaid is a change as it lies on a tree.
func overlaid(c attest.Change) map[string]repo.Overlaid {
	changes := make(map[string]repo.Overlaid, len(c.Files)+2*len(c.Moves)+len(c.Removes))
	for _, p := range c.Removes {
		changes[string(p)] = repo.Overlaid{Gone: true}
	}
	for _, m := range c.Moves {
		changes[string(m.From)] = repo.Overlaid{Gone: true}
	}
	for _, m := range c.Moves {
		changes[m.To.String()] = repo.Overlaid{From: string(m.From), Perm: m.Mode}
	}
	for _, f := range c.Files {
		changes[f.Path.String()] = repo.Overlaid{Data: f.Text(), Perm: f.Mode}
	}
	return changes
}

// tell says where everything went. What was not let in decides the exit code.
func (in intake) tell(result attest.Ingested, irregular []attest.Left, done string) error {
	out := bufio.NewWriter(in.world.Stdout)
	for _, a := range result.Attested {
		if !in.quiet {
			fmt.Fprintf(out, "[✓] %s %s (sha256 %.12s…, trust domain %s, valid until %s)\n",
				report.Terminal(a.Path.String()), done, a.SHA256, a.Domain, a.ExpiresAt)
		}
	}
	for _, q := range result.Quarantined {
		tellDenied(out, q, fmt.Sprintf("quarantined in %s/%s/", attest.QuarantineDir, q.ID))
	}
	for _, q := range result.Denied {
		tellDenied(out, q, "stays where it is")
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

// takenHint is how a file gets in whose place another one has.
func (in intake) takenHint(q attest.Quarantined) string {
	other := attest.SourcesDir + "/OTHER-NAME"
	if in.releases != "" {
		return fmt.Sprintf("replace %s: codexlock quarantine release %s --replace --reason TEXT; or keep both: add --to %s", q.Taken, in.releases, other)
	}
	return fmt.Sprintf("replace %s: codexlock ingest --replace %s; or give the new one another name", q.Taken, shellQuote(q.Path))
}

func tellDenied(out io.Writer, q attest.Quarantined, where string) {
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

// quarantineDrifted moves away the sources that a report found to have drifted.
func quarantineDrifted(ctx context.Context, w host.World, r report.Report, now time.Time) error {
	repository, err := gate.Open(ctx, w.Dir)
	if err != nil {
		return err
	}
	defer repository.Close()
	against := map[string][]attest.Finding{}
	for _, f := range r.Findings {
		if f.Kind == policy.KindDrift && f.Severity != policy.Warn && !f.Excepted {
			against[f.Artifact] = append(against[f.Artifact], arrivalFinding(f))
		}
	}
	var drifted []attest.Drifted
	for _, a := range r.Artifacts {
		p, err := artifact.ParsePath(a.Path)
		if err != nil || len(against[a.Path]) == 0 || !strings.HasPrefix(a.Path, attest.SourcesDir+"/") {
			continue
		}
		d := attest.Drifted{Path: p, Findings: against[a.Path]}
		if a.Proof == "content" {
			if d.SHA256, err = artifact.ParseDigest(a.SHA256); err != nil {
				return err
			}
		}
		drifted = append(drifted, d)
	}
	done, err := attest.Quarantine(ctx, repository.Root(), repository.GitDir(), drifted, now, func() (string, error) { return newID(w) })
	if err != nil {
		return fmt.Errorf("quarantine what drifted: %w", err)
	}
	for _, q := range done {
		fmt.Fprintf(w.Stderr, "codexlock: %s and its companions moved to %s/%s/\n", report.Terminal(q.Path), attest.QuarantineDir, q.ID)
	}
	if len(done) > 0 {
		fmt.Fprintln(w.Stderr, "codexlock: hint: restore them from Git (git checkout HEAD -- PATH), or release the correct ones: codexlock quarantine release ID --reason TEXT")
	}
	return nil
}
