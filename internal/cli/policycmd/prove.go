package policycmd

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/progress"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

func proveCommand(w host.World) *cobra.Command {
	var o gate.Options
	var format, file string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "prove [CODE...]",
		Short: "Show that each deny and warn of rules can fire",
		Long: `prove changes the facts of a valid artifact, or of a valid change, until each deny
and each warn of a rule has fired: it removes each fact that the rule reads,
gives it another type and every other allowed value. A rule that can never fire, or
that has a finding on valid facts, is an error. A fact that a rule judges but whose
absence it does not report is a warning: a missing fact should be a finding.

The valid facts are the sample of the standard's own tests. If one of your rules needs
others, pass them with --facts: codexlock facts PATH > valid.json.

The rules are those that the gate uses: the embedded ones and the base commit's. With
--policy they are read from the disk.

Exit codes: 0 proved, 1 a rule is not proved, 2 usage, 3 could not be tried.`,
		Example: `  codexlock policy prove
  codexlock policy prove acme.owner --policy policies
  codexlock policy prove acme.owner --policy policies --facts valid.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			print, err := flags.Printer(format, map[string]func(io.Writer, []workbench.Proof) error{
				"text": workbench.ProofText, "json": workbench.ProofJSON,
			})
			if err != nil {
				return err
			}
			proofs, err := prove(cmd.Context(), w, o, args, file, timeout)
			if err != nil {
				return err
			}
			if err := print(w.Stdout, proofs); err != nil {
				return err
			}
			if slices.ContainsFunc(proofs, func(p workbench.Proof) bool { return !p.Proved }) {
				return exit.ErrDenied
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "text", "text, json")
	f.StringVar(&file, "facts", "", "valid facts in place of the sample, as codexlock facts prints them")
	flags.Trusted(cmd, &o)
	flags.Config(cmd, &o)
	f.StringArrayVar(&o.Sources.Policies, "policy", nil, "a directory of rules on the disk in place of the base commit's, repeatable")
	f.DurationVar(&timeout, "timeout", policy.DefaultDeadline, "time limit of one evaluation")
	return cmd
}

// prove proves the named rules, or all rules, several at once. The results are in the order of
// the codes.
func prove(ctx context.Context, w host.World, o gate.Options, codes []string, file string, timeout time.Duration) ([]workbench.Proof, error) {
	engine, err := workRules(ctx, w, o)
	if err != nil {
		return nil, err
	}
	if len(codes) == 0 {
		for _, r := range engine.Rules() {
			codes = append(codes, r.Code)
		}
	}
	valid, err := validFacts(ctx, w, file)
	if err != nil {
		return nil, err
	}
	proofs := make([]workbench.Proof, len(codes))
	count := progress.Start(ctx, "prove", len(codes))
	err = concurrent.Each(len(codes), func(i int) (err error) {
		defer count.Step()
		proofs[i], err = proveOne(ctx, engine, codes[i], valid, timeout)
		return err
	})
	if err != nil {
		return nil, err
	}
	return proofs, nil
}

func proveOne(ctx context.Context, engine *policy.Engine, code string, valid workbench.Valid, timeout time.Duration) (workbench.Proof, error) {
	probe, err := engine.NewRuleEvaluator(ctx, code, timeout)
	if err != nil {
		return workbench.Proof{}, err
	}
	return workbench.Prove(ctx, probe, valid[probe.Subject])
}

// validFacts returns the samples; with facts of the user, these and one sample.
func validFacts(ctx context.Context, w host.World, file string) (workbench.Valid, error) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	valid, err := workbench.Samples(ctx, embedded)
	if err != nil || file == "" {
		return valid, err
	}
	text, err := os.ReadFile(w.Path(file))
	if err != nil {
		return nil, exit.Usagef("--facts: %w", err)
	}
	if err := valid.Take(bytes.NewReader(text)); err != nil {
		return nil, exit.Usagef("--facts %s: %w", file, err)
	}
	return valid, nil
}
