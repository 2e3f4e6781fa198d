package attestcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/incoming"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// maxReasonBytes is the limit of schemas/release.json.
const maxReasonBytes = 4096

// Quarantine returns the quarantine command.
func Quarantine(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use: "quarantine", Short: "List and release quarantined files", Args: cobra.NoArgs,
		Example: "  codexlock quarantine list\n  codexlock quarantine release 20260101T120000Z --reason 'checked with its author'",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(quarantineListCommand(w), quarantineReleaseCommand(w))
	return cmd
}

func quarantineListCommand(w host.World) *cobra.Command {
	var all bool
	var format string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List quarantined files and the reasons",
		Example: `  codexlock quarantine list`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return exit.Usagef("--format is %q, want text or json", format)
			}
			r, err := gate.Open(cmd.Context(), w.Dir)
			if err != nil {
				return err
			}
			defer r.Close()
			held, damaged := incoming.Quarantines(r.Root())
			if !all {
				held = slices.DeleteFunc(held, func(h incoming.Folder) bool { return h.Released != nil })
			}
			if err := listQuarantined(w, held, format); err != nil {
				return err
			}
			return damaged
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list released files too")
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	return cmd
}

func listQuarantined(w host.World, held []incoming.Folder, format string) error {
	if format == "json" {
		type line struct {
			incoming.Reason
			Released *incoming.Release `json:"released,omitempty"`
		}
		lines := []line{}
		for _, h := range held {
			lines = append(lines, line(h))
		}
		enc := json.NewEncoder(report.JSON(w.Stdout))
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(lines)
	}
	if len(held) == 0 {
		fmt.Fprintln(w.Stdout, "the quarantine is empty")
	}
	for _, h := range held {
		state := ""
		if h.Released != nil {
			state = fmt.Sprintf(", released by %s at %s: %s", h.Released.ReleasedBy, h.Released.ReleasedAt, h.Released.Reason)
		}
		rule := ""
		if len(h.Findings) > 0 {
			rule = " [" + h.Findings[0].Rule + "]"
		}
		fmt.Fprintf(w.Stdout, "%s  %s\n      %s%s%s\n", h.ID, report.Terminal(h.Path), report.Terminal(h.Reason.Reason), rule, report.Terminal(state))
	}
	return nil
}

// A release is one run of the quarantine release command.
type release struct {
	importer
	id, reason, to string
}

func quarantineReleaseCommand(w host.World) *cobra.Command {
	rel := release{importer: importer{attestation: attestation{world: w}}}
	var effective string
	cmd := &cobra.Command{
		Use:   "release ID --reason TEXT",
		Short: "Attest a quarantined file again and move it to the sources, if the gate allows it",
		Long: `release treats a quarantined file like an incoming one: it hashes and attests the file,
the whole gate verifies it at its new path, and the file is moved there only if nothing
denies it. Its old companions are not trusted and stay in quarantine; released.json next
to them records who released it and why.`,
		Example: `  codexlock quarantine list
  codexlock quarantine release 20261123T000000Z-0123456789abcdef --reason "rebuilt by hand, checked by two of us"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Usagef("release takes the ID of one quarantine; see codexlock quarantine list")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			rel.id, rel.releases = args[0], args[0]
			var err error
			if rel.gate, err = newIntakeGate(w, effective); err != nil {
				return err
			}
			if err := rel.log.FromEnvironment(cmd); err != nil {
				return err
			}
			return rel.run(cmd.Context())
		},
	}
	rel.flags(cmd, &effective)
	cmd.Flags().StringVar(&rel.reason, "reason", "", "the reason for the release (required)")
	cmd.Flags().StringVar(&rel.to, "to", "", "its new path (default: its earlier path, or the one it was meant for)")
	return cmd
}

func (rel release) run(ctx context.Context) error {
	if strings.TrimSpace(rel.reason) == "" || len(rel.reason) > maxReasonBytes {
		return exit.Usagef("--reason is empty or too long, want the reason for the release in at most %d bytes", maxReasonBytes)
	}
	r, err := rel.open(ctx, "quarantine release")
	if err != nil {
		return err
	}
	defer r.Close()
	held, err := rel.find(r)
	if err != nil {
		return err
	}
	arrival, err := rel.incomingFile(r, held)
	if err != nil {
		return err
	}
	// The log has no field for a reason, so it is part of the verifier's name.
	rel.log.By = strings.ToValidUTF8(cut(fmt.Sprintf("%s, releasing %s: %s", rel.log.By, held.ID, rel.reason), auditlog.MaxVerifiedBy), "")
	return rel.take(ctx, r, []incoming.File{arrival}, func(in *attest.Ingestion) {
		in.Strict = true
		in.Also = func(a attest.Attested) (txn.File, error) { return rel.released(ctx, held, a) }
	}, func(result attest.Ingested) error { return rel.printResult(result, nil, "released") })
}

// released returns the record of the release, which is for exactly the quarantined file.
func (rel release) released(ctx context.Context, held incoming.Folder, a attest.Attested) (txn.File, error) {
	if a.SHA256 != held.SHA256 {
		return txn.File{}, fmt.Errorf("quarantine %s: the file changed since: sha256 is %s, its reason.json says %s", held.ID, a.SHA256, held.SHA256)
	}
	return incoming.Release{
		ID: held.ID, ReleasedAt: vaulttime.FormatTime(rel.gate.Now()), ReleasedBy: git.User(ctx, rel.world.Dir, rel.world.Env), Reason: rel.reason,
		Path: a.Path.String(), SHA256: a.SHA256, Domain: a.Domain, KeyID: a.KeyID,
	}.File()
}

func cut(text string, limit int) string { return text[:min(len(text), limit)] }

// find returns the named quarantine. One that was released already is a usage error.
func (rel release) find(r *repo.Repository) (incoming.Folder, error) {
	all, damaged := incoming.Quarantines(r.Root())
	for _, h := range all {
		if h.ID != rel.id {
			continue
		}
		if h.Released != nil {
			return h, exit.Usagef("quarantine %s was released already, by %s at %s", rel.id, h.Released.ReleasedBy, h.Released.ReleasedAt)
		}
		return h, nil
	}
	if damaged != nil {
		return incoming.Folder{}, damaged
	}
	return incoming.Folder{}, exit.Usagef("there is no quarantine %q; see codexlock quarantine list", rel.id)
}

// incomingFile returns the quarantined file as an incoming one, for a path in
// assets/sources/.
func (rel release) incomingFile(r *repo.Repository, held incoming.Folder) (incoming.File, error) {
	var to artifact.Path
	if rel.to != "" {
		named, err := gate.Paths(r, rel.world.Dir, rel.to)
		if err != nil {
			return incoming.File{}, err
		}
		to = named[0]
	}
	a, err := held.IncomingFile(to)
	if err != nil {
		return a, exit.Usagef("%w; name its new path with --to", err)
	}
	if !strings.HasPrefix(a.To.String(), incoming.SourcesDir+"/") {
		return a, exit.Usagef("%s is not in %s/, the folder of verified files", a.To, incoming.SourcesDir)
	}
	a.Replace = rel.replace
	return a, nil
}
