package cli

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/ownerschema"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/preview"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A gate is one evaluation, from two revisions to a report. The command line
// and the action both fill one in and run it.
type gate struct {
	dir          string // somewhere in the repository
	base, head   string // revisions; head "": the work tree
	staged       bool   // what Git's index holds is judged, in place of the work tree
	exact        bool   // base is what is compared with, in place of its merge base with the head
	first        bool   // there is no base: a first push
	scope        facts.Scope
	paths        []string // as written, relative to dir
	measureNamed bool     // a named file is measured although it is no artifact
	config       string   // "" for the usual places
	policies     []string // sources of rules, in place of the configuration's
	inputs       bool     // these two are inputs of the action: paths of the believed commit, always
	disk         bool     // these two are read from the disk, wherever this runs
	offline      bool     // rule bundles from the cache only
	minimumLevel string   // "" for the configuration's
	layout       string   // git or "", strict
	failOnWarn   bool
	jobs         int
	timeout      time.Duration // of the evaluation; 0: no limit
	maxDenials   int           // that end it; 0: no limit
	log          logging
	now          time.Time
	env          func(string) (string, bool)
	adopt        func(adoption) error // nil: no baseline is written
	warn         func(error)          // what is wrong and changes no verdict; nil: nobody is told
	note         func(string)         // what is worth knowing and is not wrong; nil: nobody is told
	tests        *facts.Tests         // to execute tests with, should the base ask for it; nil: never
	self         preview.Program      // to preview an edited gate with
}

// A NothingEvaluatedError is a run over everything that found nothing: a wrong
// folder or pattern looks just so, and is not a pass.
type NothingEvaluatedError struct{ Include []string }

func (e *NothingEvaluatedError) Error() string {
	return fmt.Sprintf("no artifact found: nothing matches %s and Codex-Lock.json lists none", strings.Join(e.Include, ", "))
}

// An evaluation is a gate that is ready to decide: what it believes, and what
// it is about to judge.
type evaluation struct {
	options facts.Options
	trusted settings // where rules, configuration and the rest were read
	asked   policy.Options
	engine  *policy.Engine
	change  *facts.Collector
	notes   []string // what a reader of the verdict has to know
}

// run evaluates the gate.
func (g gate) run(ctx context.Context) (done report.Report, err error) {
	err = g.runThen(ctx, func(_ *repo.Repository, _ *facts.Collector, r report.Report) error {
		done = r
		return nil
	})
	return done, err
}

// runThen evaluates the gate and hands what was measured and the report to use, while
// the repository is open.
func (g gate) runThen(ctx context.Context, use func(*repo.Repository, *facts.Collector, report.Report) error) error {
	limited, stop := g.limited(ctx)
	defer stop()
	r, err := g.open(limited)
	if err != nil {
		return cmp.Or(context.Cause(limited), err)
	}
	defer r.Close()
	var e evaluation
	var decision policy.Decision
	err = within(limited, func() (err error) {
		e, decision, err = g.decide(limited, r)
		return err
	})
	if err != nil {
		return err
	}
	if err := g.record(r, e, &decision); err != nil {
		return err
	}
	done := report.New(decision, report.Meta{
		Scope: string(e.options.Scope), Base: e.options.BaseCommit, Head: e.options.HeadCommit,
		EffectiveTime: vaulttime.FormatTime(g.now), FailOnWarn: g.failOnWarn,
		Staged: g.staged, TrustedBase: e.options.TrustedCommit, Notes: e.notes,
		Preview: g.preview(limited, e),
	})
	if g.log.on {
		if err := g.log.append(ctx, r, e.options.Config, g.log.verified(done)); err != nil {
			return err
		}
	}
	return use(r, e.change, done)
}

// decide finds out what is under judgement and judges it.
func (g gate) decide(ctx context.Context, r *repo.Repository) (evaluation, policy.Decision, error) {
	e, err := g.prepare(ctx, r)
	if err != nil {
		return e, policy.Decision{}, err
	}
	if e.change.Len() == 0 && g.scope == facts.All {
		return e, policy.Decision{}, &NothingEvaluatedError{Include: e.options.Config.Include}
	}
	g.tellSkipped(e.change.Skipped())
	decision, err := e.engine.Decide(ctx, e.change, e.asked)
	return e, decision, err
}

// tellSkipped names the paths that were given and are no artifacts.
func (g gate) tellSkipped(paths []string) {
	for _, p := range paths {
		if g.note != nil {
			g.note(fmt.Sprintf("%s is not an artifact: skipped", p))
		}
	}
}

// record writes a baseline of the decision's findings, where one is asked for. The
// decision covers them by it from then on: what is denied still, no baseline covers.
func (g gate) record(r *repo.Repository, e evaluation, d *policy.Decision) error {
	if g.adopt == nil {
		return nil
	}
	a := adoption{root: r.Root(), configured: e.options.Config.Baseline, entries: e.engine.Adopt(d, g.failOnWarn)}
	for _, f := range d.Findings {
		switch {
		case f.Waiver != nil && f.Waiver.By == "baseline":
			a.recorded++
		case !f.Excepted && (f.Severity == policy.Deny || g.failOnWarn):
			a.left++
		}
	}
	return g.adopt(a)
}

// prepare finds out what is believed and what is under judgement. The rules are loaded
// while the change is collected, for neither needs the other.
func (g gate) prepare(ctx context.Context, r *repo.Repository) (evaluation, error) {
	t, err := g.comparison(ctx, r)
	if err != nil {
		return evaluation{}, err
	}
	e := g.evaluation(r, t)
	var collected func() (*facts.Collector, error)
	if err = e.trusted.measuring(ctx, &e.options); err == nil {
		options := e.options // of the goroutine
		collected = concurrently(func() (*facts.Collector, error) { return facts.Collect(ctx, options) })
		err = e.loadRules(ctx)
	}
	if err != nil {
		if collected != nil {
			_, _ = collected() // by a gate that cannot be used
		}
		if e, err = e.recover(ctx, t, err); err != nil {
			return evaluation{}, err
		}
		collected = func() (*facts.Collector, error) { return facts.Collect(ctx, e.options) }
	}
	e.asked.Adopting = g.adopt != nil
	if !e.asked.Adopting {
		e.asked.MaxDenials = g.maxDenials
	}
	var collectErr error
	e.asked.Proposed, err = g.proposed(ctx, r, e.options)
	e.change, collectErr = collected()
	return e, cmp.Or(err, collectErr)
}

// ready is prepare but for what is under judgement.
func (g gate) ready(ctx context.Context, r *repo.Repository) (evaluation, error) {
	t, err := g.comparison(ctx, r)
	if err != nil {
		return evaluation{}, err
	}
	e := g.evaluation(r, t)
	if err := e.load(ctx); err != nil {
		return e.recover(ctx, t, err)
	}
	return e, nil
}

// evaluation is one of which nothing is loaded yet.
func (g gate) evaluation(r *repo.Repository, t comparison) evaluation {
	return evaluation{options: t.options, trusted: settings{gate: g, repository: r, base: t.trusted}, notes: t.notes}
}

// load reads the gate that is believed.
func (e *evaluation) load(ctx context.Context) error {
	if err := e.trusted.measuring(ctx, &e.options); err != nil {
		return err
	}
	return e.loadRules(ctx)
}

// loadRules reads the rules, exceptions and baseline that are believed.
func (e *evaluation) loadRules(ctx context.Context) error {
	var err error
	if e.engine, err = e.trusted.engine(ctx, e.options.Config); err != nil {
		return err
	}
	e.asked, err = e.trusted.asked(ctx, e.options.Config)
	return err
}

// measured is what measuring needs, and no more: no rule is compiled.
func (g gate) measured(ctx context.Context, r *repo.Repository) (facts.Options, error) {
	t, err := g.comparison(ctx, r)
	if err != nil {
		return t.options, err
	}
	err = settings{gate: g, repository: r, base: t.trusted}.measuring(ctx, &t.options)
	return t.options, err
}

// measuring reads what measuring needs: configuration, schemas and the keys.
func (s settings) measuring(ctx context.Context, o *facts.Options) (err error) {
	g := s.gate
	if o.Config, err = s.config(ctx); err != nil {
		return err
	}
	if o.Config.RunTests == "sandbox" {
		o.Tests = g.tests
	}
	if g.minimumLevel != "" {
		if o.Config.MinimumLevel, err = artifact.ParseLevel(g.minimumLevel); err != nil {
			return exit.AsUsage(fmt.Errorf("minimum %w", err))
		}
	}
	if o.Keys, err = keys.Ring(ctx, o.Config, g.env); err != nil {
		return err
	}
	o.Extras, err = s.schemas(ctx, o.Config)
	return err
}

// named turns the paths of the command line into paths of the repository.
func (g gate) named(r *repo.Repository) ([]artifact.Path, error) {
	var paths []artifact.Path
	for _, written := range g.paths {
		p, err := inRepository(r.Root(), g.dir, written)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// inRepository is a path as it was written, seen from dir, as one of the
// repository; "." is its root.
func inRepository(root, dir, written string) (artifact.Path, error) {
	full := written
	if !filepath.IsAbs(full) {
		full = filepath.Join(dir, written)
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(full)); err == nil {
		full = filepath.Join(real, filepath.Base(full))
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	rel, err := filepath.Rel(root, full)
	if err != nil {
		return "", exit.Usagef("%q is not in the repository %s", written, root)
	}
	if rel == "." {
		return ".", nil
	}
	p, err := artifact.ParsePath(filepath.ToSlash(rel))
	if err != nil {
		return "", exit.Usagef("%q is not a path in the repository %s: %w", written, root, err)
	}
	return p, nil
}

// settings reads what the base commit believes: configuration, policies, schemas.
// Only what a flag names can stand elsewhere: see locate.
type settings struct {
	gate       gate
	repository *repo.Repository
	base       repo.Tree
	edited     bool // it is the change's own, for a preview: nothing is read from elsewhere
	lenient    bool // a bundle that is not in the cache is left out
}

// where names the tree that is read, for messages.
func (s settings) where() string {
	if s.edited {
		return "the change"
	}
	return "the base commit"
}

func (s settings) config(ctx context.Context) (config.Config, error) {
	if s.gate.config != "" {
		return s.namedConfig(ctx, s.gate.config)
	}
	for _, p := range config.Paths {
		text, ok, err := s.fromBase(ctx, p)
		if err != nil {
			return config.Config{}, err
		}
		if ok {
			return config.Parse(p, text)
		}
	}
	return config.Default(), nil
}

func (s settings) namedConfig(ctx context.Context, written string) (config.Config, error) {
	at, p, err := s.locate(written)
	switch {
	case err != nil:
		return config.Config{}, err
	case at == nowhere:
		return config.Config{}, exit.Usagef("configuration %q is outside the repository, want a file of the base commit", written)
	case at == onDisk:
		text, err := os.ReadFile(join(s.gate.dir, written))
		if err != nil {
			return config.Config{}, exit.Usagef("read configuration: %w", err)
		}
		return config.Parse(cmp.Or(p, artifact.Path(filepath.ToSlash(written))), text)
	}
	text, ok, err := s.fromBase(ctx, p)
	if err != nil {
		return config.Config{}, err
	}
	if !ok {
		return config.Config{}, exit.Usagef("configuration %q is not in the base commit: a change is never judged by its own configuration", written)
	}
	return config.Parse(p, text)
}

// fromBase reads a small file of the base commit.
func (s settings) fromBase(ctx context.Context, p artifact.Path) ([]byte, bool, error) {
	entry, ok, err := s.base.Lookup(ctx, p)
	if err != nil || !ok {
		return nil, false, err
	}
	if entry.Kind != repo.File {
		return nil, false, s.broken(p.String(), "%s is a %s in %s, want a file", p, entry.Kind, s.where())
	}
	text, err := s.base.Read(ctx, entry, facts.MaxCompanionBytes)
	return text, err == nil, err
}

// broken is an error about one file of the gate.
func (s settings) broken(name, format string, args ...any) error {
	return &gateFileError{name, exit.Usagef(format, args...)}
}

// A gateFileError is a file that the gate is made of and that cannot be used.
type gateFileError struct {
	name string // in the repository
	err  error
}

func (e *gateFileError) Error() string { return e.err.Error() }
func (e *gateFileError) Unwrap() error { return e.err }

// folder refuses a folder of the gate in whose place, or above which, something
// stands that nothing can be read through: it would look like a folder with no files.
func (s settings) folder(ctx context.Context, dir string) error {
	for at := range ancestors(strings.TrimSuffix(dir, "/")) {
		entry, ok, err := s.base.Lookup(ctx, artifact.Path(at))
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if entry.Kind == repo.Symlink || entry.Kind == repo.Submodule {
			return s.broken(at, "%s is a %s in %s, want a folder: its content is not read; make it a folder, or name other directories in codexlock.yaml", at, entry.Kind, s.where())
		}
	}
	return nil
}

// ancestors are a path's folders from the top, and then itself: a, a/b, a/b/c.
func ancestors(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range len(name) {
			if name[i] == '/' && !yield(name[:i]) {
				return
			}
		}
		yield(name)
	}
}

// schemas compiles the owner's additional schemas of the base commit.
func (s settings) schemas(ctx context.Context, c config.Config) (map[schemas.Kind][]facts.Form, error) {
	texts, err := s.schemaTexts(ctx, c)
	if err != nil {
		return nil, err
	}
	extras := map[schemas.Kind][]facts.Form{}
	for _, t := range texts {
		extra, err := ownerschema.Compile(t.kind, []byte(t.text))
		if err != nil {
			return nil, s.broken(t.path.String(), "schema %s: %w", t.path, err)
		}
		extras[t.kind] = append(extras[t.kind], extra)
	}
	return extras, nil
}

// A schemaText is an owner's additional schema as it was read.
type schemaText struct {
	kind schemas.Kind
	path artifact.Path
	text string
}

func (s settings) schemaTexts(ctx context.Context, c config.Config) ([]schemaText, error) {
	var texts []schemaText
	for _, dir := range c.Schemas {
		if err := s.folder(ctx, dir); err != nil {
			return nil, err
		}
		for _, kind := range []schemas.Kind{schemas.Ledger, schemas.Manifest, schemas.VaultTime} {
			p := artifact.Path(dir + string(kind) + ".json")
			text, ok, err := s.fromBase(ctx, p)
			if err != nil {
				return nil, err
			}
			if ok {
				texts = append(texts, schemaText{kind, p, string(text)})
			}
		}
	}
	return texts, nil
}

func join(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
