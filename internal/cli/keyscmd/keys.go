// Package keyscmd has the commands about the keys of trust domains.
package keyscmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
	"github.com/codexlock/codexlock/policies"
)

// New returns the keys command.
func New(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, check, list, rotate and revoke the keys of trust domains",
		Long: `keys deals with the secrets of trust domains. A key is read from the environment
(VAULTTIME_KEY, or what codexlock.yaml names for the domain) or from a file that the
environment names (VAULTTIME_KEY_FILE; VAULTTIME_KEY_FILE_RELEASE instead of
VAULTTIME_KEY_RELEASE), which only its owner may read. It is never printed, but once
by generate. While a key is rotated, the one before it stays in the variable with
_OLD at its end.`,
		Example: `  codexlock keys generate --output ~/.codexlock-key
  VAULTTIME_KEY_FILE=~/.codexlock-key codexlock keys check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, command := range []func(host.World) *cobra.Command{
		generateCommand,
		checkCommand,
		publicCommand,
		revokeCommand,
		rotateCommand,
	} {
		cmd.AddCommand(command(w))
	}
	return cmd
}

func publicCommand(w host.World) *cobra.Command {
	k := keyView{world: w}
	cmd := &cobra.Command{
		Use:   "public",
		Short: "Print the public half of the environment's keys, as lines for codexlock.yaml",
		Long: `public prints, for each trust domain whose key the environment holds, the line for
its public_keys in codexlock.yaml. A key that is already listed keeps its created_at
and its state.`,
		Example: `  codexlock keys public --domain runtime-core`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := k.read(cmd.Context()); err != nil {
				return err
			}
			return k.public()
		},
	}
	k.flags(cmd)
	return cmd
}

func checkCommand(w host.World) *cobra.Command {
	k := keyView{world: w}
	var format string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the keys: strength, age, domains that share a key, listed public keys",
		Long: `check prints the source, the strength and the age of each trust domain's key, and
whether codexlock.yaml lists it, and the next step; and evaluates the rules of the
area trust. It ends with 1 if one of them denies or if attest would refuse a key, and
with 3 without any key to check.`,
		Example: `  codexlock keys check
  codexlock keys check --domain runtime-core -f json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := k.read(cmd.Context()); err != nil {
				return err
			}
			print, err := flags.Printer(format, map[string]func([]facts.DomainKey, []decision.Finding) error{"text": k.text, "json": k.json})
			if err != nil {
				return err
			}
			return k.check(cmd.Context(), print)
		},
	}
	k.flags(cmd)
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text, json")
	return cmd
}

// A keyView has the configuration of the work tree and the keys that it names.
type keyView struct {
	world     host.World
	domain    string // "" for all
	effective string
	options   measure.Options
}

func (k *keyView) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.domain, "domain", "", "the trust domain (default: all)")
	cmd.Flags().StringVar(&k.effective, "effective-time", "", "judge as of this time, YYYY-MM-DDTHH:MM:SSZ (default now)")
}

// gate returns the gate of the command, and sets the time as of which keys are checked.
func (k *keyView) gate(o gate.Options) (*gate.Gate, error) {
	o.EffectiveTime = k.effective
	g, err := gate.New(k.world, o)
	if err == nil {
		k.options.Now = g.Now()
	}
	return g, err
}

// read reads the configuration and the keys. Outside a repository it uses the default
// configuration, so that the key is VAULTTIME_KEY.
func (k *keyView) read(ctx context.Context) (err error) {
	g, err := k.gate(gate.Options{})
	if err != nil {
		return err
	}
	r, err := repo.Open(ctx, k.world.Dir)
	var none *git.NotARepositoryError
	switch {
	case errors.As(err, &none):
		k.options.Config = config.Default()
		k.options.Keys, err = g.Keyring(ctx, k.options.Config)
		return err
	case err != nil:
		return err
	}
	defer r.Close()
	s, err := signing.New(ctx, k.world, r, g)
	if err != nil {
		return err
	}
	k.options.Config, k.options.Keys = s.Config, s.Keys
	return k.known()
}

// known refuses an unknown domain.
func (k *keyView) known() error {
	if _, ok := k.options.Config.Domain(k.domain); !ok && k.domain != "" {
		return exit.Usagef("trust domain %q is not in %s", k.domain, k.options.Config.File)
	}
	return nil
}

// domains returns the selected trust domains.
func (k *keyView) domains() []string {
	names := k.options.Config.DomainNames()
	if k.domain != "" && k.options.Config.Domains != nil {
		return []string{k.domain}
	}
	return names
}

// noKey returns the error of a run without any key.
func (k *keyView) noKey() error {
	if len(k.domains()) == 0 {
		return exit.Usagef("%s has no trust domain", k.options.Config.File)
	}
	d, _ := k.options.Config.Domain(k.domains()[0])
	return keys.Missing(k.domains()[0], d)
}

func (k *keyView) public() error {
	names, printed := k.domains(), 0
	for _, name := range names {
		key, ok := k.options.Keys.Key(name)
		if !ok {
			continue
		}
		printed++
		line := config.PublicKey{ID: key.ID(), Key: vaulttime.FormatPublicKey(key.PublicKey()), CreatedAt: k.options.Now, State: "current"}
		d, _ := k.options.Config.Domain(name)
		for _, p := range d.PublicKeys {
			if p.ID == line.ID && !p.CreatedAt.IsZero() {
				line.CreatedAt, line.State = p.CreatedAt, p.State
			}
		}
		if len(names) > 1 {
			fmt.Fprintf(k.world.Stdout, "# trust domain %s\n", name)
		}
		fmt.Fprintln(k.world.Stdout, line.Line())
	}
	if printed == 0 {
		return exit.AsUsage(k.noKey())
	}
	return nil
}

// check evaluates the rules of the area trust for the keys.
func (k *keyView) check(ctx context.Context, print func([]facts.DomainKey, []decision.Finding) error) error {
	engine, err := trustRules(ctx)
	if err != nil {
		return err
	}
	measured := measure.NewKeys(k.options, k.domain)
	decided, err := engine.Decide(ctx, measured, policy.Options{Now: k.options.Now, MinimumLevel: k.options.Config.MinimumLevel})
	if err != nil {
		return err
	}
	keys := measured.Domains()
	held, refused := 0, false
	for _, d := range keys {
		refused = refused || d.Strength == "weak" // attest refuses it in any case
		if d.Strength != "absent" {
			held++
		}
	}
	if held == 0 {
		return k.noKey()
	}
	for _, f := range decided.Findings {
		refused = refused || f.Severity == decision.Deny
	}
	if err := print(keys, decided.Findings); err != nil {
		return err
	}
	if refused {
		return exit.ErrDenied
	}
	return nil
}

// trustRules compiles only the rules of the area trust, because the facts for other rules are
// not measured here.
func trustRules(ctx context.Context) (*policy.Engine, error) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	embedded.Modules = slices.DeleteFunc(embedded.Modules, func(m ruleset.Module) bool {
		return !strings.HasPrefix(m.Name, "trust/") && !strings.HasPrefix(m.Name, "lib/")
	})
	return policy.New(ctx, []ruleset.Source{embedded})
}

func (k *keyView) json(keys []facts.DomainKey, findings []decision.Finding) error {
	enc := json.NewEncoder(report.JSON(k.world.Stdout))
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Keys     []facts.DomainKey  `json:"keys"`
		Findings []decision.Finding `json:"findings"`
	}{keys, append([]decision.Finding{}, findings...)})
}

// text prints a line for each key, and one for each finding.
func (k *keyView) text(keys []facts.DomainKey, findings []decision.Finding) error {
	for _, d := range keys {
		name := "every trust domain"
		if d.Domain != "" {
			name = "trust domain " + d.Domain
		}
		if d.Strength == "absent" {
			fmt.Fprintf(k.world.Stdout, "[!] %s: no key in %s\n", name, d.Variable)
			k.printNext(d)
			continue
		}
		mark, words := "✓", []string{string(d.Strength), k.listedAs(d)}
		if d.Strength == "weak" || d.Listed == "missing" || d.Listed == "differs" || d.Listed == "revoked" || len(d.SharedWith) > 0 {
			mark = "✗"
		}
		if len(d.SharedWith) > 0 {
			words = append(words, "shared with "+strings.Join(d.SharedWith, ", "))
		}
		fmt.Fprintf(k.world.Stdout, "[%s] %s: key %s in %s (%s)\n", mark, name, d.ID, d.Variable, strings.Join(words, ", "))
		k.printNext(d)
	}
	for _, f := range findings {
		mark := "!"
		if f.Severity == decision.Deny {
			mark = "✗"
		}
		fmt.Fprintf(k.world.Stdout, "[%s] %s: %s [%s]\n      at %s:%d:%d\n      hint: %s\n",
			mark, report.Terminal(f.File), report.Terminal(f.Message), f.Rule, report.Terminal(f.File), f.Line, f.Column, report.Terminal(f.Fix))
	}
	return nil
}

// printNext prints the next step about a key, if there is one that no finding has.
func (k *keyView) printNext(d facts.DomainKey) {
	if next := k.next(d); next != "" {
		fmt.Fprintf(k.world.Stdout, "      next: %s\n", report.Terminal(next))
	}
}

// next returns the next step about a key, "" for none.
func (k *keyView) next(d facts.DomainKey) string {
	domain, _ := k.options.Config.Domain(d.Domain)
	switch {
	case d.Strength == "absent":
		return keys.Missing(d.Domain, domain).Hint()
	case d.Strength == "weak":
		return "make another one: codexlock keys generate --output FILE"
	case d.Listed == "none" && k.options.Config.File != "":
		return fmt.Sprintf("list its public half in %s, so that runs without the key can check proofs: codexlock keys public", k.options.Config.File)
	case d.Listed == "missing":
		return "if it is the next key: codexlock keys rotate, with the one before it in the variable with _OLD; if not, use the key that is listed as current"
	case d.Listed == "differs":
		return fmt.Sprintf("find out who changed the listed public key: git log -p -- %s", k.options.Config.File)
	case d.Listed == "retiring":
		return "use the key that is listed as current; this one signs nothing any more"
	case d.Listed == "revoked":
		return "use the key that is listed as current; if no key is, list one: codexlock keys rotate"
	}
	for _, p := range domain.PublicKeys {
		if days, known := p.Age(k.options.Now); known && p.ID == d.ID {
			if left := rotationDays - days; left > 0 && left <= rotationNotice {
				return fmt.Sprintf("rotate it within %s: codexlock keys rotate --help", report.Count(left, "day"))
			}
		}
	}
	return ""
}

// rotationDays is the longest age of a key (ZT-14.4). keys check prints a notice rotationNotice
// days before that.
const (
	rotationDays   = int(vaulttime.RotationPeriod / (24 * time.Hour))
	rotationNotice = 14
)

// listedAs describes the state and the age of a key in the list of its domain.
func (k *keyView) listedAs(d facts.DomainKey) string {
	words := map[facts.KeyListed]string{
		"none": "not listed, as none is", "missing": "not listed", "differs": "listed with another public key",
		"current": "listed as current", "retiring": "listed as retiring", "revoked": "listed as revoked",
	}[d.Listed]
	domain, _ := k.options.Config.Domain(d.Domain)
	for _, p := range domain.PublicKeys {
		if days, known := p.Age(k.options.Now); p.ID == d.ID && known {
			return fmt.Sprintf("%s, %d days old", words, days)
		}
	}
	return words
}
