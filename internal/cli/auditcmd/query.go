package auditcmd

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

func queryCommand(w host.World) *cobra.Command {
	var f audit.Filter
	var format string
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Find entries of the log",
		Long: `query prints the entries that match all flags, the oldest first. It reads the log line
by line, and verifies it at the end: if the log does not verify, the exit code is 1.`,
		Example: `  codexlock audit query --artifact 'assets/sources/**' --result FAIL
  codexlock audit query --domain runtime-core --since 2026-01-01T00:00:00Z -f csv
  codexlock audit query -f json | jq .artifact`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to, err := flags.Printer(format, map[string]func(io.Writer) printer{"text": textEntries, "json": jsonEntries, "csv": csvEntries})
			if err != nil {
				return err
			}
			if err := checkFilter(f); err != nil {
				return err
			}
			return runQuery(cmd.Context(), w, f, to)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Artifact, "artifact", "", "a path, or a pattern such as 'assets/sources/**'")
	flags.StringVar(&f.Domain, "domain", "", "the trust domain that the record named")
	flags.StringVar(&f.Result, "result", "", "PASS or FAIL")
	flags.StringVar(&f.Since, "since", "", "the first moment, YYYY-MM-DDTHH:MM:SSZ")
	flags.StringVar(&f.Until, "until", "", "the last moment, YYYY-MM-DDTHH:MM:SSZ")
	flags.StringVarP(&format, "format", "f", "text", "text, csv, json: the log's own lines")
	return cmd
}

func checkFilter(f audit.Filter) error {
	if !doublestar.ValidatePattern(f.Artifact) {
		return exit.Usagef("--artifact %q is no pattern, want one such as 'assets/sources/**'", f.Artifact)
	}
	if f.Result != "" && f.Result != audit.Pass && f.Result != audit.Fail {
		return exit.Usagef("--result is %q, want PASS or FAIL", f.Result)
	}
	for flag, written := range map[string]string{"since": f.Since, "until": f.Until} {
		if written == "" {
			continue
		}
		if _, err := vaulttime.ParseTime(written); err != nil {
			return exit.Usagef("--%s: %w", flag, err)
		}
	}
	return nil
}

// A printer prints entries, and at the end what it buffered.
type printer struct {
	entry func(line []byte, e audit.Entry) error
	end   func() error
}

func runQuery(ctx context.Context, w host.World, f audit.Filter, to func(io.Writer) printer) error {
	b, err := openLog(ctx, w)
	if err != nil {
		return err
	}
	defer b.Close()
	out := to(w.Stdout)
	_, walkErr := audit.Walk(b.Lines, func(line []byte, e audit.Entry) error {
		if !f.Picks(e) {
			return ctx.Err()
		}
		return out.entry(line, e)
	})
	if err := out.end(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := b.Lines.Seek(0, io.SeekStart); err != nil {
		return err
	}
	v, err := b.verify(ctx, nil)
	switch {
	case err != nil:
		return err
	case len(v.Problems) > 0:
		at := v.Problems[0]
		fmt.Fprintf(w.Stderr, "codexlock: these entries are not to be trusted: %s: %s\ncodexlock: hint: see all that is wrong with the log: codexlock audit verify\n",
			report.Terminal(place(at)), report.Terminal(at.Message))
		return exit.ErrDenied
	case walkErr != nil:
		return walkErr
	case !b.Signed || len(v.Unchecked) > 0:
		fmt.Fprintln(w.Stderr, "codexlock: nothing proves who wrote these entries: the log is not signed, or there is no key to check it with")
	}
	return nil
}

func textEntries(w io.Writer) printer {
	out := bufio.NewWriter(w)
	return printer{end: out.Flush, entry: func(_ []byte, e audit.Entry) error {
		fmt.Fprintf(out, "%s %s %s", e.VerifiedAt, e.Result, report.Terminal(e.Artifact))
		for _, more := range []string{e.Level, e.TrustDomain} {
			if more != "" {
				fmt.Fprintf(out, " %s", report.Terminal(more))
			}
		}
		_, err := fmt.Fprintf(out, " by %s\n", report.Terminal(e.VerifiedBy))
		return err
	}}
}

func jsonEntries(w io.Writer) printer {
	out := bufio.NewWriter(w)
	return printer{end: out.Flush, entry: func(line []byte, _ audit.Entry) error {
		out.Write(line)
		return out.WriteByte('\n')
	}}
}

func csvEntries(w io.Writer) printer {
	out := csv.NewWriter(w)
	header := out.Write([]string{"seq", "verified_at", "result", "artifact", "sha256", "vaulttime", "level", "trust_domain", "verified_by"})
	return printer{
		end: func() error { out.Flush(); return out.Error() },
		entry: func(_ []byte, e audit.Entry) error {
			if header != nil {
				return header
			}
			seq := ""
			if e.Seq != nil {
				seq = strconv.FormatInt(*e.Seq, 10)
			}
			row := []string{seq, e.VerifiedAt, e.Result, e.Artifact, e.SHA256, e.VaultTime, e.Level, e.TrustDomain, e.VerifiedBy}
			for i := range row {
				row[i] = cell(row[i])
			}
			return out.Write(row)
		},
	}
}

// cell escapes a text that a spreadsheet would read as a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
