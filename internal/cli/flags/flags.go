// Package flags has the flags that several commands share, the formats that they print in,
// and where their output goes.
package flags

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/report"
)

// Base adds the flags that choose the trusted commit, the commit to compare with, and the head.
func Base(cmd *cobra.Command, o *gate.Options, head string) {
	o.Variables = true
	f := cmd.Flags()
	f.Var(&o.Base.Trusted, "base", "the trusted base commit; the change is compared with its merge base with the head (default HEAD; with --head its first parent)")
	f.Var(&o.Base.Exact, "base-exact", "the trusted base commit, compared with directly")
	f.Var(&o.Base.Head, "head", head)
}

// Trusted adds the flag that chooses the trusted commit, for commands that compare nothing.
func Trusted(cmd *cobra.Command, o *gate.Options) {
	o.Variables = true
	cmd.Flags().Var(&o.Base.Trusted, "base", "the trusted base commit (default HEAD)")
}

// Config adds --config.
func Config(cmd *cobra.Command, o *gate.Options) {
	cmd.Flags().Var(&o.Sources.Config, "config", "the configuration file (default codexlock.yaml or .github/codexlock.yaml)")
}

// EffectiveTime adds --effective-time. verb names what the command does as of that time.
func EffectiveTime(cmd *cobra.Command, written *string, verb string) {
	cmd.Flags().StringVar(written, "effective-time", "", verb+", YYYY-MM-DDTHH:MM:SSZ (default now)")
}

// Measure adds the flags of commands that measure: commits, configuration and time.
func Measure(cmd *cobra.Command, o *gate.Options) {
	Base(cmd, o, "the commit to look at (default: the work tree)")
	Config(cmd, o)
	EffectiveTime(cmd, &o.EffectiveTime, "measure as of this time")
}

// Printer returns the printer of a format. An unknown format is a usage error that lists the
// known ones.
func Printer[P any](format string, printers map[string]P) (P, error) {
	return Choose("--format", format, printers)
}

// Choose returns the value of a name. An unknown name is a usage error that lists the known
// ones; what is the subject of its message.
func Choose[P any](what, name string, all map[string]P) (P, error) {
	p, ok := all[name]
	if !ok {
		return p, exit.Usagef("%s is %q, want one of %s", what, name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return p, nil
}

// An Output is a format and where it goes: "" is standard output.
type Output struct{ Format, File string }

// Outputs reads FORMAT[=FILE] arguments; none is text. check refuses an unknown format. It
// refuses a file that is named twice, since the second output would replace the first, and one
// that cannot be written, before the work whose result it is.
func Outputs(w host.World, written []string, check func(format string) error) ([]Output, error) {
	if len(written) == 0 {
		written = []string{"text"}
	}
	var outputs []Output
	for _, s := range written {
		format, file, toFile := strings.Cut(s, "=")
		if err := check(format); err != nil {
			return nil, err
		}
		if toFile && file == "" {
			return nil, exit.Usagef("--format %q names no file, want format=FILE", s)
		}
		for _, o := range outputs {
			if o.replacedBy(file) {
				return nil, exit.Usagef("--format %q and %q name one file, want a file for each", o.Format+"="+o.File, s)
			}
		}
		if file != "" {
			if err := w.CheckOutput(file, earlier); err != nil {
				return nil, fmt.Errorf("write %s: %w", format, err)
			}
		}
		outputs = append(outputs, Output{format, file})
	}
	return outputs, nil
}

// replacedBy reports whether an output to file replaces this one. What a device, such as
// /dev/null, is given twice replaces nothing.
func (o Output) replacedBy(file string) bool {
	return file != "" && o.File != "" && filepath.Clean(o.File) == filepath.Clean(file) && !strings.HasPrefix(file, "/dev/")
}

// beginnings are how outputs begin that are no reports: those of status and of policy test.
var beginnings = []string{"trust domain ", "no trust domain is known", "# TYPE codexlock_", "{\n  \"schema\": \"codexlock.status/", "{\n  \"schema\": \"codexlock.doctor/", "{\n  \"tests\": "}

// covered is how the text of policy test begins where it measures coverage.
var covered = lazyregexp.New(`^\d+\.\d% of the rules' lines are covered\n`)

// earlier reports whether a file begins as an output of a command does. An output replaces no
// other file of the repository: no artifact, no companion, no configuration and no source.
func earlier(head []byte) bool {
	return report.Earlier(head) || covered.Match(head) ||
		slices.ContainsFunc(beginnings, func(b string) bool { return bytes.HasPrefix(head, []byte(b)) })
}

// Write writes an output where it goes. A file is written whole or not at all.
func (o Output) Write(w host.World, fill func(io.Writer) error) error {
	if o.File == "" {
		return fill(w.Stdout)
	}
	return w.WriteOutput(o.File, earlier, fill)
}

// ReportFormat returns an error for a format that reports do not have.
func ReportFormat(format string) error {
	if !slices.Contains(report.Formats(), format) {
		return &report.UnknownFormatError{Format: format}
	}
	return nil
}

// WriteReport writes the report in every format that was asked for. A format that cannot be
// written is an error, because a missing report could be taken for a pass.
func WriteReport(w host.World, outputs []Output, r report.Report, o report.Options) error {
	for _, out := range outputs {
		options := o
		if out.File != "" {
			options.Color, options.Columns = false, 0
		}
		err := out.Write(w, func(to io.Writer) error { return report.Write(out.Format, to, r, options) })
		if err != nil {
			return fmt.Errorf("write %s: %w", out.Format, err)
		}
	}
	return nil
}
