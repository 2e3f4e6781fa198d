package gate

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Options say what is verified, against what, and how. Every zero value is a default. A
// flag or an input counts before its variable of the environment, and that before the
// configuration; New reads the environment, for every command and the action alike.
type Options struct {
	Base      Base
	Selection Selection
	Sources   Sources
	Settings  Settings

	// EffectiveTime is the one time that a run judges by, YYYY-MM-DDTHH:MM:SSZ; "" is now.
	// CODEXLOCK_EFFECTIVE_TIME.
	EffectiveTime string
	// Variables says that the variables count which stand in for the flags of Base and
	// Settings: those of a command that compares commits. CODEXLOCK_CONFIG and
	// CODEXLOCK_OFFLINE count always.
	Variables bool
	// WriteBaseline is called with a baseline of what was denied, before the report is made;
	// nil: none is made.
	WriteBaseline func(Baseline) error
}

// Base says which commit is trusted, and what is verified against it.
type Base struct {
	Trusted Option[string] // a revision, compared at its merge base with the head; "": HEAD, or the head's first parent
	Exact   Option[string] // a revision that is compared with directly, in place of Trusted
	Head    Option[string] // the commit to verify; "": the work tree
	Staged  bool           // what Git's index holds is verified, in place of the work tree
	First   bool           // there is no base: a first push
}

// Selection says which artifacts are verified.
type Selection struct {
	Scope        facts.Scope
	Paths        []string       // as written, seen from the working directory
	Shard        artifact.Shard // the part of the artifacts that is judged; the zero value: all
	MeasureNamed bool           // a named file is measured although it is no artifact
}

// Sources say where configuration and rules come from.
type Sources struct {
	Config   Option[string] // a file in place of codexlock.yaml; CODEXLOCK_CONFIG
	Policies []string       // directories and bundles in place of the configuration's
	Place    Place          // where these two are read
	Offline  Option[bool]   // bundles come from the cache only; CODEXLOCK_OFFLINE
	// Repository has the commits that are compared, which may not all be in the checkout.
	// The gate closes it. nil: that of the working directory. It needs Base.Head.
	Repository *repo.Repository
	// Renewals opens the renewed records, if the trusted base says renewals: ref; nil: those
	// of the repository's own ref.
	Renewals func(context.Context, *repo.Repository) (*renewals.Store, error)
}

// Settings say how it is verified.
type Settings struct {
	MinimumLevel Option[string]        // "": the configuration's; CODEXLOCK_MINIMUM_LEVEL
	Layout       Option[string]        // git or "", strict; CODEXLOCK_LAYOUT
	FailOnWarn   Option[bool]          // CODEXLOCK_FAIL_ON_WARN
	Timeout      Option[time.Duration] // of an evaluation; 0: no limit, whatever CODEXLOCK_TIMEOUT says
	MaxDenials   int                   // that end it; 0: no limit
	Jobs         int                   // workers; 0: one a core
	RunTests     bool                  // tests may be executed, where the base commit asks for it
	ValidFor     time.Duration         // how long after the effective time records have to be valid
}

// An Option is a choice of a flag or an input. If it is not given, the environment chooses, or
// else the default in Value. It is a flag's pflag.Value.
type Option[T string | bool | time.Duration] struct {
	Value T
	Given bool
}

// Given returns a choice that is made.
func Given[T string | bool | time.Duration](value T) Option[T] { return Option[T]{value, true} }

// Default returns the choice that holds if nothing makes another.
func Default[T string | bool | time.Duration](value T) Option[T] { return Option[T]{Value: value} }

// Set reads a flag's text.
func (o *Option[T]) Set(text string) error {
	o.Given = true
	return o.parse(text)
}

func (o *Option[T]) parse(text string) (err error) {
	switch value := any(&o.Value).(type) {
	case *string:
		*value = text
	case *bool:
		*value, err = strconv.ParseBool(text)
	case *time.Duration:
		*value, err = time.ParseDuration(text)
	}
	return err
}

// String is the text of the value.
func (o *Option[T]) String() string { return fmt.Sprint(o.Value) }

// Type is the value's, as help prints it.
func (o *Option[T]) Type() string {
	if _, ok := any(o.Value).(time.Duration); ok {
		return "duration"
	}
	return fmt.Sprintf("%T", o.Value)
}

// fill takes a variable's text where nothing else gave one.
func (o *Option[T]) fill(env environment, name string) error {
	if value, ok := env(name); ok && value != "" && !o.Given {
		return o.parse(value)
	}
	return nil
}

// An environment looks a variable up.
type environment func(name string) (value string, ok bool)

// isOn reports whether a variable is set and is not a no, such as "false".
func (env environment) isOn(name string) bool {
	v, _ := env(name)
	return v != "" && v != "0" && !strings.EqualFold(v, "false")
}

// fromEnvironment fills in what neither a flag nor an input gave.
func (o *Options) fromEnvironment(env environment) error {
	_ = o.Sources.Config.fill(env, "CODEXLOCK_CONFIG")
	if !o.Sources.Offline.Given {
		o.Sources.Offline.Value = env.isOn("CODEXLOCK_OFFLINE")
	}
	if t := &o.Settings.Timeout; t.Value != 0 {
		written, _ := env("CODEXLOCK_TIMEOUT")
		if err := t.fill(env, "CODEXLOCK_TIMEOUT"); err != nil {
			return exit.Usagef("CODEXLOCK_TIMEOUT is %q, want a duration such as 10m or 90s", written)
		}
	}
	if o.Settings.ValidFor < 0 {
		return exit.Usagef("--valid-for is %s, want 0 or more, such as 36h", o.Settings.ValidFor)
	}
	if o.Settings.Timeout.Value < 0 {
		return exit.Usagef("the timeout is %s, want 0 (no limit) or more", o.Settings.Timeout.Value)
	}
	if o.Variables {
		_ = o.Settings.MinimumLevel.fill(env, "CODEXLOCK_MINIMUM_LEVEL")
		_ = o.Settings.Layout.fill(env, "CODEXLOCK_LAYOUT")
		if v, ok := env("CODEXLOCK_FAIL_ON_WARN"); ok && !o.Settings.FailOnWarn.Given {
			o.Settings.FailOnWarn.Value = v == "true" || v == "1"
		}
		if err := o.Base.fromEnvironment(env); err != nil {
			return err
		}
	}
	return o.Base.check()
}

// fromEnvironment fills in revisions. A flag for the base has precedence over both variables for
// it.
func (b *Base) fromEnvironment(env environment) error {
	named := b.Trusted.Given || b.Exact.Given
	for _, revision := range []struct {
		name    string
		option  *Option[string]
		ignored bool
	}{{"base", &b.Trusted, named}, {"base-exact", &b.Exact, named}, {"head", &b.Head, b.Staged}} {
		name, o := revision.name, revision.option
		variable := "CODEXLOCK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		switch value, ok := env(variable); {
		case o.Given && o.Value == "":
			return exit.AsUsage(&emptyRevisionError{"--" + name})
		case o.Given || revision.ignored || !ok:
		case value == "":
			return exit.AsUsage(&emptyRevisionError{variable})
		default:
			o.Value = value
		}
	}
	return nil
}

// check refuses revisions that contradict each other.
func (b *Base) check() error {
	switch {
	case b.Trusted.Value != "" && b.Exact.Value != "":
		return exit.Usagef("--base and --base-exact both name what to compare with: use one of them")
	case b.Staged && b.Head.Value != "":
		return exit.Usagef("--staged judges what is staged, and --head a commit: use either of them, not both")
	}
	return nil
}

// revision is that of the base, "" for the default.
func (b Base) revision() string { return b.Trusted.Value + b.Exact.Value }

// An emptyRevisionError is an empty flag or variable that has to name a commit. An unset variable
// in a script must not choose the default.
type emptyRevisionError struct{ name string }

func (e *emptyRevisionError) Error() string {
	return e.name + " is empty, want a revision: a branch, a tag or a commit"
}

// Hint is the next step.
func (e *emptyRevisionError) Hint() string {
	return "see why the variable that it comes from is not set; for the default, leave " + e.name + " out"
}

// EffectiveTime is the one time that a run judges and dates by: as written, or else as
// CODEXLOCK_EFFECTIVE_TIME says, or else the clock's, without fractions of a second.
func EffectiveTime(w host.World, written string) (time.Time, error) {
	if written == "" {
		written, _ = w.Env("CODEXLOCK_EFFECTIVE_TIME")
	}
	if written == "" {
		return w.Now().UTC().Truncate(time.Second), nil
	}
	t, err := vaulttime.ParseTime(written)
	if err != nil {
		return time.Time{}, exit.Usagef("--effective-time: %w", err)
	}
	return t.Time, nil
}
