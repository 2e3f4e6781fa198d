package verifycmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/cli/terminal"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/status"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A statusRun is one run of the status command.
type statusRun struct {
	world    host.World
	options  gate.Options
	formats  []string
	validFor time.Duration
}

// statusFormats are the formats of status.
var statusFormats = []string{"json", "openmetrics", "text"}

// Status returns the status command.
func Status(w host.World) *cobra.Command {
	s := statusRun{world: w}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what expires when, how old the keys are, and how long renewal may be dead",
		Long: `status reads the records in the work tree and shows, for each trust domain, when they
expire, and the age and the state of its keys; and how long the renewal job may be
dead before the first record expires. It needs no key and verifies nothing: whether a
record is trusted, verify says. With renewals: ref, a renewed record counts where verify
would take it; status reads the ref that this clone has.

With --valid-for it ends with 1 if a record expires within that time, or if an artifact
has none.`,
		Example: `  codexlock status
  codexlock status --valid-for 36h -f openmetrics=codexlock.prom`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.validFor < 0 {
				return exit.Usagef("--valid-for is %s, want 0 or more, such as 36h", s.validFor)
			}
			outputs, err := flags.Outputs(w, s.formats, func(format string) error {
				if !slices.Contains(statusFormats, format) {
					return exit.Usagef("--format is %q, want one of json, openmetrics, text", format)
				}
				return nil
			})
			if err != nil {
				return err
			}
			s.options.Selection.Scope = facts.All
			g, err := gate.New(w, s.options)
			if err != nil {
				return err
			}
			return s.run(cmd.Context(), g, outputs)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&s.formats, "format", "f", nil, "format[=FILE], repeatable: text, json, openmetrics (default text)")
	f.DurationVar(&s.validFor, "valid-for", 0, "end with 1 if something expires within this time, such as 36h")
	flags.Config(cmd, &s.options)
	flags.EffectiveTime(cmd, &s.options.EffectiveTime, "show as of this time")
	return cmd
}

func (s statusRun) run(ctx context.Context, g *gate.Gate, outputs []flags.Output) error {
	found, c, err := s.read(ctx, g)
	if err != nil {
		return err
	}
	for _, out := range outputs {
		err := out.Write(s.world, func(to io.Writer) error {
			switch out.Format {
			case "json":
				return found.JSON(to)
			case "openmetrics":
				return found.OpenMetrics(to)
			}
			if columns := terminal.Columns(s.world); out.File == "" && columns > 0 {
				var text strings.Builder
				if err := found.Text(&text, g.Now()); err != nil {
					return err
				}
				_, err := io.WriteString(to, terminal.Rows(text.String(), columns))
				return err
			}
			return found.Text(to, g.Now())
		})
		if err != nil {
			return fmt.Errorf("write %s: %w", out.Format, err)
		}
	}
	if s.validFor == 0 {
		return nil
	}
	if found.Artifacts == 0 {
		return &gate.NothingEvaluatedError{Include: c.Include}
	}
	if n := found.Within(g.Now().Add(s.validFor)); n > 0 {
		s.world.Note(fmt.Sprintf("%d of %s not valid for %s", n, report.CountAre(found.Artifacts, "artifact"), s.validFor))
		expired := ""
		if found.Expired > 0 {
			expired = " --expired"
		}
		s.world.Note(fmt.Sprintf("hint: renew it: codexlock renew%s --within %s", expired, s.validFor))
		return exit.ErrDenied
	}
	return nil
}

// read reads the configuration and the records of the work tree.
func (s statusRun) read(ctx context.Context, g *gate.Gate) (found status.Status, c config.Config, err error) {
	r, err := repo.Open(ctx, s.world.Dir)
	if err != nil {
		return found, c, err
	}
	defer r.Close()
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return found, c, err
	}
	c, err = g.ConfigurationIn(ctx, r, tree)
	if err != nil {
		return found, c, err
	}
	view, err := r.View(ctx, s.world.Env)
	if err != nil {
		return found, c, err
	}
	paths, err := signing.NewSelector(s.world.Dir, r, tree, view, c).Candidates(ctx)
	if err != nil {
		return found, c, err
	}
	recorded, err := signing.Records(ctx, tree, paths)
	if err != nil {
		return found, c, err
	}
	renewed := map[string]facts.Renewal{}
	if c.RenewsInRef() && len(paths) > 0 {
		if renewed, err = g.Renewals(ctx); err != nil {
			return found, c, err
		}
	}
	records := make([]status.Record, len(recorded))
	for i, known := range recorded {
		records[i] = status.Record{Path: known.Path}
		if known.Read {
			records[i].Domain, records[i].KeyID, records[i].Expires = known.Record.TrustDomain, known.Record.KeyID, known.Record.ExpiresAt()
		}
		if n := renewed[known.Path.String()]; n.State == facts.RenewalCounts {
			at, err := vaulttime.ParseTime(n.ExpiresAt)
			if err != nil {
				return found, c, fmt.Errorf("renewed record of %s: %w", known.Path, err)
			}
			records[i].Expires = at.Time
		}
	}
	return status.New(c, records, g.Now(), vaulttime.RotationPeriod), c, nil
}
