// Package gate evaluates a change, from options and environment to a report: it finds the
// trusted base, reads configuration, rules and keys there, collects the facts of what
// changed, has the rules decide, previews what an edit of the gate would change, and
// reports. It prints nothing but warnings and notes, and decides nothing itself.
package gate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/excerpt"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/suppression"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A Gate is one evaluation, ready to run. New makes it.
type Gate struct {
	world   host.World
	options Options
	now     time.Time
	quiet   bool // it need not be said that the configuration on the disk differs
}

// New makes a gate of options and environment. Its errors are usage errors.
func New(w host.World, o Options) (*Gate, error) {
	now, err := EffectiveTime(w, o.EffectiveTime)
	if err != nil {
		return nil, err
	}
	if err := o.fromEnvironment(w.Env); err != nil {
		return nil, err
	}
	return &Gate{world: w, options: o, now: now}, nil
}

// Now is the time that the run judges and dates by.
func (g *Gate) Now() time.Time { return g.now }

// ReadsWorkTree reports whether the work tree is verified, and not commits or what is staged.
func (g *Gate) ReadsWorkTree() bool {
	return g.options.Base.Head.Value == "" && !g.options.Base.Staged
}

// An Outcome is what an evaluation found, and what it was found in.
type Outcome struct {
	Repository *repo.Repository
	Change     *measure.Collector
	Config     config.Config
	Report     report.Report
}

// A NothingEvaluatedError is a run over everything without any artifact, which is not a pass:
// the folder or a pattern is probably wrong.
type NothingEvaluatedError struct{ Include []string }

func (e *NothingEvaluatedError) Error() string {
	return fmt.Sprintf("no artifact found: nothing matches %s and Codex-Lock.json lists none", strings.Join(e.Include, ", "))
}

// Run evaluates the gate.
func (g *Gate) Run(ctx context.Context) (done report.Report, err error) {
	err = g.Evaluate(ctx, func(o Outcome) error {
		done = o.Report
		return nil
	})
	return done, err
}

// Evaluate evaluates the gate and calls use with the outcome, while the repository is open.
func (g *Gate) Evaluate(ctx context.Context, use func(Outcome) error) error {
	limited, stop := g.Limited(ctx)
	defer stop()
	r, err := g.Open(limited)
	if err != nil {
		return cmp.Or(context.Cause(limited), err)
	}
	defer r.Close()
	var e Evaluation
	var decided decision.Decision
	err = within(limited, func() (err error) {
		if e, err = g.Prepare(limited, r); err != nil {
			return err
		}
		if len(e.Change.Artifacts) == 0 && g.options.Selection.Scope == facts.All {
			return &NothingEvaluatedError{Include: e.Facts.Config.Include}
		}
		for _, p := range e.Change.Skipped() {
			g.world.Note(fmt.Sprintf("%s is not an artifact: skipped", p))
		}
		decided, err = e.Decide(limited)
		return err
	})
	if err != nil {
		return err
	}
	switch store := e.Facts.Renewals; {
	case store == nil || store.Note() == "":
	case store.NotFetched() && !expired(decided): // as in every clone at first, and it changes nothing
	default:
		e.notes = append(e.notes, store.Note())
	}
	if err := g.noteExpired(ctx, r, &e, expired(decided)); err != nil {
		return err
	}
	if err := g.writeBaseline(r, e, &decided); err != nil {
		return err
	}
	if decided.Unjudged == 0 {
		if err := excerpt.Add(limited, e.Change.Head, decided.Findings, decided.Found); err != nil {
			return cmp.Or(context.Cause(limited), err)
		}
	}
	done := report.New(decided, report.Meta{
		Scope: string(e.Facts.Scope), Base: e.Facts.BaseCommit, Head: e.Facts.HeadCommit, Staged: e.Facts.Staged,
		EffectiveTime: vaulttime.FormatTime(g.now), FailOnWarn: g.options.Settings.FailOnWarn.Value,
		TrustedBase: e.Facts.TrustedCommit, Notes: e.notes,
		Preview: g.preview(limited, e), Shard: g.shard(e, decided.Part),
	})
	decided = decision.Decision{} // the report has its own lists, and these are large
	return use(Outcome{Repository: r, Change: e.Change, Config: e.Facts.Config, Report: done})
}

// expired reports whether a record's time is over, so that a renewed one would matter.
func expired(d decision.Decision) bool {
	return slices.ContainsFunc(d.Findings, func(f decision.Finding) bool { return f.Kind == decision.KindExpiry })
}

// An Evaluation is a gate that is ready to decide: the trusted base's configuration
// and rules, and the judged change.
type Evaluation struct {
	Facts  measure.Options    // what is measured, with configuration and keys
	Policy policy.Options     // how it is decided, with exceptions and baseline
	Engine *policy.Engine     // the rules
	Change *measure.Collector // what is under judgement
	base   baseLoader
	notes  []string // notes for readers of the verdict
}

// Decide has the rules decide about the change.
func (e Evaluation) Decide(ctx context.Context) (decision.Decision, error) {
	return e.Engine.Decide(ctx, e.Change, e.Policy)
}

// Prepare finds the trusted base, reads configuration, keys and rules there, and collects
// what is under judgement. The rules are loaded while the change is collected,
// because neither needs the other. The repository must stay open while the evaluation is
// used.
func (g *Gate) Prepare(ctx context.Context, r *repo.Repository) (Evaluation, error) {
	c, err := g.compare(ctx, r)
	if err != nil {
		return Evaluation{}, err
	}
	e := g.evaluation(r, c)
	var collected func() (*measure.Collector, error)
	if err = e.base.loadFacts(ctx, &e.Facts); err == nil {
		options := e.Facts // of the goroutine
		collected = concurrent.Start(func() (*measure.Collector, error) { return measure.Collect(ctx, options) })
		err = e.loadRules(ctx)
	}
	if err != nil {
		if collected != nil {
			_, _ = collected() // by a gate that cannot be used
		}
		if e, err = e.recover(ctx, c, err); err != nil {
			return Evaluation{}, err
		}
		collected = func() (*measure.Collector, error) { return measure.Collect(ctx, e.Facts) }
	}
	e.Policy.Suppressions.Adopting = g.options.WriteBaseline != nil
	e.Policy.Suppressions.Shard = e.Facts.Shard
	if !e.Policy.Suppressions.Adopting {
		e.Policy.MaxDenials = g.options.Settings.MaxDenials
	}
	var collectErr error
	e.Policy.Suppressions.Proposed, err = g.proposed(ctx, r, e.Facts)
	e.Change, collectErr = collected()
	return e, cmp.Or(err, collectErr, g.NoteOtherOnDisk(ctx, r, c.trusted, c.commit))
}

// PrepareRules is Prepare without a change: the caller collects what is judged.
func (g *Gate) PrepareRules(ctx context.Context, r *repo.Repository) (Evaluation, error) {
	c, err := g.compare(ctx, r)
	if err != nil {
		return Evaluation{}, err
	}
	e := g.evaluation(r, c)
	if err := e.load(ctx); err != nil {
		return e.recover(ctx, c, err)
	}
	return e, g.NoteOtherOnDisk(ctx, r, c.trusted, c.commit)
}

// evaluation returns an evaluation without configuration and rules.
func (g *Gate) evaluation(r *repo.Repository, c comparison) Evaluation {
	return Evaluation{Facts: c.options, base: baseLoader{gate: g, repository: r, base: c.trusted}, notes: c.notes}
}

// load reads configuration, keys and rules of the trusted base.
func (e *Evaluation) load(ctx context.Context) error {
	if err := e.base.loadFacts(ctx, &e.Facts); err != nil {
		return err
	}
	return e.loadRules(ctx)
}

// loadRules reads rules, exceptions and baseline of the trusted base.
func (e *Evaluation) loadRules(ctx context.Context) error {
	var err error
	if e.Engine, err = e.base.engine(ctx, e.Facts.Config); err != nil {
		return err
	}
	e.Policy, err = e.base.policyOptions(ctx, e.Facts.Config)
	return err
}

// loadFacts reads what measuring needs: configuration, schemas and the keys.
func (l baseLoader) loadFacts(ctx context.Context, o *measure.Options) (err error) {
	g := l.gate
	if o.Config, err = l.config(ctx); err != nil {
		return err
	}
	if o.Config.RunTests == "sandbox" && g.options.Settings.RunTests {
		o.Tests = tests(g.world)
	}
	if level := g.options.Settings.MinimumLevel.Value; level != "" {
		if o.Config.MinimumLevel, err = artifact.ParseLevel(level); err != nil {
			return exit.Usagef("minimum %w", err)
		}
	}
	if o.Keys, err = g.Keyring(ctx, o.Config); err != nil {
		return err
	}
	if o.Config.RenewsInRef() {
		open := g.options.Sources.Renewals
		if open == nil {
			open = func(ctx context.Context, r *repo.Repository) (*renewals.Store, error) {
				return renewals.Open(ctx, r, o.Scope == facts.All)
			}
		}
		if o.Renewals, err = open(ctx, l.repository); err != nil {
			return err
		}
	}
	o.Extras, err = l.schemas(ctx, o.Config)
	return err
}

// Open opens the repository of the working directory. If the work tree is read, it
// first completes an interrupted attest.
func (g *Gate) Open(ctx context.Context) (*repo.Repository, error) {
	switch {
	case g.options.Sources.Repository != nil:
		return g.options.Sources.Repository, nil
	case !g.ReadsWorkTree():
		return repo.Open(ctx, g.world.Dir)
	}
	return Open(ctx, g.world.Dir)
}

// Open opens the repository of a folder, and first completes an interrupted attest: its files
// are neither in the earlier state nor in the new one.
func Open(ctx context.Context, dir string) (*repo.Repository, error) {
	r, err := repo.Open(ctx, dir)
	if err != nil {
		return r, err
	}
	if _, err := txn.Recover(r.Root(), r.GitDir()); err != nil {
		r.Close()
		return nil, fmt.Errorf("finish an interrupted attest: %w", err)
	}
	return r, nil
}

// A Baseline has the findings to write to a baseline.
type Baseline struct {
	Root       string        // of the repository
	Configured artifact.Path // "": the configuration names no baseline
	Entries    []baseline.Entry
	Recorded   int // number of covered findings: several of one statement have one entry
	Left       int // denials that no baseline can cover
}

// writeBaseline calls Options.WriteBaseline, if set, with the findings of the decision, and
// marks them as covered. The remaining denials cannot be in a baseline.
func (g *Gate) writeBaseline(r *repo.Repository, e Evaluation, d *decision.Decision) error {
	if g.options.WriteBaseline == nil {
		return nil
	}
	failOnWarn := g.options.Settings.FailOnWarn.Value
	b := Baseline{Root: r.Root(), Configured: e.Facts.Config.Baseline, Entries: suppression.Adopt(e.Engine.Rules(), d, failOnWarn)}
	for _, f := range d.Findings {
		switch {
		case f.Suppression != nil && f.Suppression.By == "baseline":
			b.Recorded++
		case !f.Excepted && (f.Severity == decision.Deny || failOnWarn):
			b.Left++
		}
	}
	return g.options.WriteBaseline(b)
}

// recentCopy is how old a clone's copy of the ref may be to count as the remote's: the
// renewal job that init writes runs every four hours.
const recentCopy = 4 * time.Hour

// noteExpired adds the notes about what has expired. Where the ref is a copy that was fetched
// long ago, nothing is certain to have expired, and something that was judged may not have.
func (g *Gate) noteExpired(ctx context.Context, r *repo.Repository, e *Evaluation, judgedExpired bool) error {
	untouched, err := e.Change.UntouchedExpired(ctx)
	if err != nil || len(untouched) == 0 && !judgedExpired {
		return err
	}
	if store := e.Facts.Renewals; store != nil && g.options.Sources.Renewals == nil {
		at, ok := store.WrittenAt(ctx)
		if ok && g.now.Sub(at) > recentCopy {
			_, remotes, err := r.Remotes(ctx)
			if err != nil {
				return err
			}
			if remotes && judgedExpired {
				e.notes = append(e.notes, fmt.Sprintf("this clone's %s is of %s; if the remote has a newer one, fetch it: git fetch origin +%[1]s:%[1]s", renewals.Ref, vaulttime.FormatTime(at)))
			}
			if remotes {
				return nil
			}
		}
	}
	if note := untouchedNote(untouched); note != "" {
		e.notes = append(e.notes, note)
	}
	return nil
}

// namedUntouched is the number of expired artifacts that a note names.
const namedUntouched = 5

// untouchedNote describes the expired artifacts that a change does not touch; "" for none.
func untouchedNote(expired []artifact.Path) string {
	n := len(expired)
	if n == 0 {
		return ""
	}
	var names string
	for i, p := range expired[:min(n, namedUntouched)] {
		if i > 0 {
			names += ", "
		}
		names += p.String()
	}
	if n > namedUntouched {
		names += fmt.Sprintf(" and %d more", n-namedUntouched)
	}
	noun, verb := "artifacts", "have"
	if n == 1 {
		noun, verb = "artifact", "has"
	}
	return fmt.Sprintf("%d %s that this change does not touch %s expired, which does not fail it: %s; renew on the default branch: codexlock renew --expired", n, noun, verb, names)
}
