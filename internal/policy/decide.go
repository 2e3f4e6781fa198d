package policy

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/progress"
	"github.com/codexlock/codexlock/internal/suppression"
	"github.com/open-policy-agent/opa/v1/ast"
)

// Options are the inputs of a decision other than rules and facts.
type Options struct {
	Workers      int            // 0: one a processor
	Deadline     time.Duration  // of one evaluation; 0: DefaultDeadline
	MinimumLevel artifact.Level // tier-1: denials that only cost a-plus are warnings
	Suppressions suppression.Set
	MaxDenials   int       // how many end the judging: the artifacts left are counted in Decision.Unjudged; 0: all are judged
	Now          time.Time // the effective time
}

// Decide evaluates every rule for every artifact of the change, and for the change as a whole.
// An error comes from a rule, from measuring or from the context; there is no decision then.
// The decision does not depend on the number of workers.
func (e *Engine) Decide(ctx context.Context, c facts.Change, o Options) (decision.Decision, error) {
	t, err := suppression.NewTracker(&o.Suppressions, o.Now)
	if err != nil {
		return decision.Decision{}, err
	}
	if err := e.knowsTheTime(o.Now); err != nil {
		return decision.Decision{}, err
	}
	if o.Deadline <= 0 {
		o.Deadline = DefaultDeadline
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	r := &run{engine: e, change: c, options: o, suppressions: t, count: c.Len(), failed: make(chan error, 1)}
	r.verdicts = make([]verdict, r.count+1)
	r.progress = progress.Start(ctx, "verify", r.count+1)
	r.limit = decision.Limit{Max: o.MaxDenials, Count: r.count + 1}
	for first, more := r.limit.Next(); more; first, more = r.nextStretch() {
		r.next.Store(int64(first))
		r.until = r.limit.Until
		if err := r.all(ctx, min(o.Workers, r.count+1), r.work); err != nil {
			return decision.Decision{}, err
		}
		for i := first; i < r.until; i++ {
			r.limit.Add(r.denials(&r.verdicts[i]))
		}
	}
	if err := r.all(ctx, 1, r.settle); err != nil {
		return decision.Decision{}, err
	}
	return r.decision()
}

// knowsTheTime fails without a time if a rule has effective_on.
func (e *Engine) knowsTheTime(now time.Time) error {
	for _, r := range e.rules {
		if r.EffectiveOn != "" && now.IsZero() {
			return fmt.Errorf("rule %s: no effective time to compare its effective_on with", r.Code)
		}
	}
	return nil
}

// A verdict is the result for one subject.
type verdict struct {
	artifact decision.Artifact
	findings []decision.Finding
	level    artifact.Level // by all denials, excepted ones too
	borne    artifact.Level // by the denials that are not excepted
	answers  int            // number of rules that answered
}

// A failure ends a run without a decision.
type failure struct {
	index int
	err   error
}

// A run is one decision in the making. Subject 0 is the change as a whole,
// subject i+1 the i-th artifact. Suppressions are judged last.
type run struct {
	engine       *Engine
	change       facts.Change
	options      Options
	suppressions *suppression.Tracker
	count        int
	limit        decision.Limit
	beyond       bool // a shard judges one stretch after too many denials
	until        int  // the subjects before this one are judged
	verdicts     []verdict
	whole        facts.Measurement // of the change
	last         verdict           // on suppressions
	part         decision.Part     // of a shard
	next         atomic.Int64
	halt         atomic.Bool
	failed       chan error // a worker that does not return
	progress     *progress.Count

	mu    sync.Mutex
	first *failure
}

// all runs the workers and waits for them, except for one that is stuck.
func (r *run) all(ctx context.Context, workers int, work func(context.Context)) error {
	var group sync.WaitGroup
	for range workers {
		group.Go(func() { work(ctx) })
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
	case err := <-r.failed:
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case r.first != nil:
		return r.first.err
	}
	return nil
}

// work takes subjects in their order until there are no more or one failed.
// Those that were taken before are finished, so that the error is the first
// subject's whoever was faster.
func (r *run) work(ctx context.Context) {
	s := newStopwatch(r.options.Deadline, r.engine.grace)
	defer context.AfterFunc(ctx, func() { s.stop(false) })()
	for !r.halt.Load() && ctx.Err() == nil {
		i := int(r.next.Add(1)) - 1
		if i >= r.until {
			return
		}
		v, err := r.subject(ctx, i, s)
		if err != nil {
			r.fail(i, err)
			return
		}
		r.verdicts[i] = v
		r.progress.Step()
	}
}

// nextStretch is Limit.Next. A shard with too many denials judges one stretch more: with all
// shards together there are too many denials in the same stretch or in an earlier one, and
// that can end later than the stretch of the shard.
func (r *run) nextStretch() (first int, more bool) {
	if first, more = r.limit.Next(); more || !r.shard() || r.beyond || r.limit.Until == r.limit.Count {
		return first, more
	}
	r.beyond = true
	r.limit.Until = min(first+decision.PerStretch, r.limit.Count)
	return first, true
}

// shard reports whether a part of the artifacts is judged.
func (r *run) shard() bool { return r.options.Suppressions.Shard.Total > 1 }

// denials counts the denials of a verdict towards the limit: those that nothing excepts.
func (r *run) denials(v *verdict) (n int) {
	if r.mayWarn(v) {
		return 0
	}
	for _, f := range v.findings {
		if f.Severity == decision.Deny && !f.Excepted {
			n++
		}
	}
	return n
}

// mayWarn reports whether the minimum level could turn all denials of a verdict into warnings.
// They are not counted, so that the verdict is certain when there are too many.
func (r *run) mayWarn(v *verdict) bool {
	return r.options.MinimumLevel == artifact.Tier1 && v.borne >= artifact.Tier1
}

// settle evaluates the rules about suppressions: only now is it known which ones covered a
// finding.
func (r *run) settle(ctx context.Context) {
	s := newStopwatch(r.options.Deadline, r.engine.grace)
	defer context.AfterFunc(ctx, func() { s.stop(false) })()
	in := facts.Input{EffectiveTime: r.whole.Input.EffectiveTime, Settings: r.whole.Input.Settings}
	change := r.whole.Input.Repository
	rulesEdited := slices.ContainsFunc(change.GateChanges, func(g facts.GateChange) bool { return g.Kind == "policy" })
	all, part := change.Scope == facts.All && r.until > r.count, r.shard()
	in.Exceptions = r.suppressions.Settle(r.engine.Rules(), all, all && !part, rulesEdited)
	m := facts.Measurement{Input: in, Locate: func(file, pointer string) (line, column int, ok bool) {
		if b := r.options.Suppressions.Baseline; file == b.Path && b.Locate != nil {
			return b.Locate(file, pointer)
		}
		if r.whole.Locate == nil {
			return 0, 0, false
		}
		return r.whole.Locate(file, pointer)
	}}
	v, err := r.ask(ctx, r.engine.exceptions, "the exceptions", &m, s)
	if err != nil {
		r.fail(r.count+1, err)
		return
	}
	if part {
		v.findings = slices.DeleteFunc(v.findings, func(f decision.Finding) bool {
			if f.Count > 0 {
				r.part.Counted = append(r.part.Counted, decision.Counted{Count: f.Count, Finding: f})
			}
			return f.Count > 0
		})
	}
	r.last = v
	if !all || !part {
		return
	}
	m.Input.Exceptions = r.suppressions.Settle(r.engine.Rules(), all, true, rulesEdited)
	if v, err = r.ask(ctx, r.engine.exceptions, "the exceptions", &m, s); err != nil {
		r.fail(r.count+1, err)
		return
	}
	for _, f := range v.findings {
		if f.Count == 0 && !slices.Contains(r.last.findings, f) {
			r.part.Unneeded = append(r.part.Unneeded, f)
		}
	}
}

func (r *run) fail(index int, err error) {
	r.halt.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil || index < r.first.index {
		r.first = &failure{index, err}
	}
}

// subject measures one subject and asks the rules about it.
func (r *run) subject(ctx context.Context, i int, s *stopwatch) (verdict, error) {
	m, err := r.measure(ctx, i)
	if err != nil {
		return verdict{}, err
	}
	if i == 0 {
		r.whole = m
		return r.ask(ctx, r.engine.repository, "the change", &m, s)
	}
	answers, err := r.record(ctx, &m, s)
	if err != nil {
		return verdict{}, err
	}
	if m.Second != nil {
		if m.Input, err = r.second(ctx, &m, s); err != nil {
			return verdict{}, err
		}
		answers = nil
	}
	if answers == nil {
		return r.ask(ctx, r.engine.artifact, m.Input.Artifact.Path, &m, s)
	}
	return r.judge(ctx, &m, r.engine.artifact, answers)
}

// ask asks the rules about what was measured.
func (r *run) ask(ctx context.Context, q *query, name string, m *facts.Measurement, s *stopwatch) (verdict, error) {
	answers, err := r.answers(ctx, q, name, m, s)
	if err != nil {
		return verdict{}, err
	}
	return r.judge(ctx, m, q, answers)
}

// answers are what the rules say of what was measured.
func (r *run) answers(ctx context.Context, q *query, name string, m *facts.Measurement, s *stopwatch) ([]*ast.Term, error) {
	answers, err := r.engine.ask(ctx, q, &m.Input, s, func() {
		// The worker will not come back, so this ends the run without it.
		r.halt.Store(true)
		select {
		case r.failed <- r.engine.blame(ctx, q, &m.Input, name, errDeadline, r.options.Deadline):
		default:
		}
	})
	if err != nil {
		return nil, r.engine.blame(ctx, q, &m.Input, name, err, r.options.Deadline)
	}
	return answers, nil
}

// measure asks the change; a panic there is an error too.
func (r *run) measure(ctx context.Context, i int) (m facts.Measurement, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("measure subject %d: panicked: %v", i, p)
		}
	}()
	if i == 0 {
		m, err = r.change.Repository(ctx)
		if err == nil && m.Input.Repository == nil {
			err = fmt.Errorf("measure the change: no facts about it")
		}
		return m, err
	}
	m, err = r.change.Artifact(ctx, i-1)
	if err == nil && m.Input.Artifact == nil {
		err = fmt.Errorf("measure artifact %d: no facts about it", i-1)
	}
	return m, err
}

// decision puts the verdicts together.
func (r *run) decision() (decision.Decision, error) {
	d := decision.Decision{
		Source: r.engine.source, Digest: r.engine.digest, Rules: len(r.engine.rules),
		Artifacts: make([]decision.Artifact, 0, r.count),
	}
	whole := r.verdicts[0]
	if r.shard() {
		r.part.WholeDenials = r.denials(&r.verdicts[0])
	}
	found := len(r.last.findings)
	for i := range r.verdicts {
		found += len(r.verdicts[i].findings)
	}
	d.Findings = slices.Grow(d.Findings, found)
	d.Findings = append(append(d.Findings, whole.findings...), r.last.findings...)
	judged := r.until - 1
	d.Unjudged = r.count - judged
	for i := range r.verdicts[1:r.until] {
		v := &r.verdicts[i+1]
		v.artifact.Level = min(v.level, whole.level, r.last.level)
		d.Artifacts = append(d.Artifacts, v.artifact)
		d.Findings = append(d.Findings, v.findings...)
		v.findings = nil // they are in the decision now
		d.Answers += v.answers + whole.answers + r.last.answers
	}
	if want := d.Rules * judged; d.Answers != want {
		return decision.Decision{}, fmt.Errorf("%d answers of rules, want %d: every rule about every artifact", d.Answers, want)
	}
	if checks := r.whole.Input.Repository.UseChecks; checks != nil && checks.Total > 0 {
		d.Uses = &decision.Uses{Total: checks.Total, Verified: checks.Verified}
	}
	d.Part = r.part
	d.Settings = r.suppressions.InForce(r.engine.Rules())
	r.demote(&d)
	slices.SortStableFunc(d.Findings, decision.CompareFindings)
	held := slices.Clone(d.Part.Unneeded)
	for _, c := range d.Part.Counted {
		held = append(held, c.Finding)
	}
	d.Found = r.engine.found(append(held, d.Findings...))
	return d, nil
}

// found describes the rules of findings, by code.
func (e *Engine) found(findings []decision.Finding) []decision.FoundRule {
	codes := map[string]bool{}
	for _, f := range findings {
		codes[f.Rule] = true
	}
	var list []decision.FoundRule
	for _, r := range e.rules { // by code
		if !codes[r.Code] {
			continue
		}
		about := decision.FoundRule{Code: r.Code, Title: r.Title, Problem: r.Problem, Line: r.Line, Excerpt: r.Excerpt, Description: r.Description}
		if r.Standard {
			about.Page = decision.PageURL(r.Code)
		}
		list = append(list, about)
	}
	return list
}

// demote makes warnings of the denials that cost no more than the minimum level
// leaves, on artifacts that reach it but for what is excepted. The level stays
// what it is.
func (r *run) demote(d *decision.Decision) {
	if r.options.MinimumLevel != artifact.Tier1 {
		return
	}
	cost := make(map[string]artifact.Level, len(r.engine.rules))
	for _, rule := range r.engine.rules {
		cost[rule.Code] = rule.Level
	}
	whole := min(r.verdicts[0].borne, r.last.borne)
	reached := map[string]bool{"": whole >= artifact.Tier1}
	for i := range r.verdicts[1:r.until] {
		v := &r.verdicts[i+1]
		reached[v.artifact.Path] = min(v.borne, whole) >= artifact.Tier1
		if r.shard() && r.mayWarn(v) && !reached[v.artifact.Path] {
			d.Part.Uncounted = append(d.Part.Uncounted, v.artifact.Path)
		}
	}
	for i := range d.Findings {
		if f := &d.Findings[i]; cost[f.Rule] >= artifact.Tier1 && reached[f.Artifact] {
			f.Severity = decision.Warn
		}
	}
}
