package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// defaultDomain is the trust domain of an artifact that nothing else names one for.
const defaultDomain = "default"

// An attestation is the attest command, filled in.
type attestation struct {
	world     World
	paths     []string
	domain    string
	ttlHours  int64
	creator   string
	toolchain string
	inputs    []string
	now       time.Time
	log       logging
}

func attestCommand(w World) *cobra.Command {
	a := attestation{world: w}
	var effective string
	cmd := &cobra.Command{
		Use:   "attest PATH...",
		Short: "Write the companions and the ledger entry of new or changed artifacts",
		Long: `attest hashes each artifact as it stands in the work tree and writes its manifest,
its VaultTime record, its test (where it has none) and its entry in
Codex-Lock.json: all of them, or nothing.

The key comes from the environment: VAULTTIME_KEY, or what the domain names in
codexlock.yaml. attest refuses to run on a pull request's event: whoever opens
one would choose what is signed.`,
		Example: `  export VAULTTIME_KEY=$(openssl rand -hex 32)
  codexlock attest assets/sources/model.bin
  codexlock attest --domain runtime-core --ttl-hours 12 --toolchain gcc@12.2 bin/app`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("attest needs the path of an artifact, such as assets/sources/model.bin")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			a.paths = args
			if cmd.Flags().Changed("ttl-hours") && a.ttlHours < 1 {
				return usagef("--ttl-hours is %d, want 1 or more", a.ttlHours)
			}
			var err error
			if a.now, err = effectiveTime(effective, w); err != nil {
				return err
			}
			if err := a.log.fromEnvironment(cmd); err != nil {
				return err
			}
			return a.run(cmd.Context())
		},
	}
	a.log.flags(cmd, w)
	f := cmd.Flags()
	f.StringVar(&a.domain, "domain", "", "the trust domain (default: the one whose paths match, or the ledger's)")
	f.Int64Var(&a.ttlHours, "ttl-hours", 0, "how long the record is valid (default: the domain's maximum)")
	f.StringVar(&a.creator, "creator", "", "who made it (default: the manifest's, or the user's name)")
	f.StringVar(&a.toolchain, "toolchain", "", "what made it, NAME@VERSION (default: the manifest's, or codexlock itself)")
	f.StringArrayVar(&a.inputs, "input", nil, "a file that it was made from, repeatable (default: the manifest's)")
	f.StringVar(&effective, "effective-time", "", "the record's timestamp, YYYY-MM-DDTHH:MM:SSZ (default now)")
	return cmd
}

func (a attestation) run(ctx context.Context) error {
	if err := maySign(a.world.Env, "attest"); err != nil {
		return err
	}
	r, err := repo.Open(ctx, a.world.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	seal, err := newSealer(ctx, a.world, r, a.now)
	if err != nil {
		return err
	}
	if err := a.log.ready(ctx, seal.config); err != nil {
		return err
	}
	paths, err := gate{dir: a.world.Dir, paths: a.paths}.named(r)
	if err != nil {
		return err
	}
	inputs, err := gate{dir: a.world.Dir, paths: a.inputs}.named(r)
	if err != nil {
		return err
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	domains, err := recordedDomains(ctx, tree)
	if err != nil {
		return err
	}
	result, err := attest.Attest(ctx, r.Root(), r.GitDir(), paths, func(p artifact.Path) (attest.Options, error) {
		return a.options(seal, domains, p, inputs)
	})
	if err != nil {
		return err
	}
	for _, done := range result.Attested {
		fmt.Fprintf(a.world.Stdout, "[✓] %s attested (sha256 %.12s…, trust domain %s, valid until %s)\n",
			report.Terminal(done.Path.String()), done.SHA256, done.Domain, done.ExpiresAt)
	}
	fmt.Fprintln(a.world.Stderr, "codexlock: hint: review and commit the companions and Codex-Lock.json together with the artifact")
	return a.log.append(ctx, r, seal.config, a.log.attested(result.Attested, vaulttime.FormatTime(a.now)))
}

// options are what is written about one artifact.
func (a attestation) options(seal sealer, recorded map[string]string, p artifact.Path, inputs []artifact.Path) (attest.Options, error) {
	name := a.domain
	for _, next := range []string{seal.config.DomainFor(p), recorded[p.String()], onlyDomain(seal.config), defaultDomain} {
		if name == "" {
			name = next
		}
	}
	if _, known := seal.config.Domain(name); !known {
		return attest.Options{}, usagef("trust domain %q of %s is not in %s; name one that is with --domain, or add it there", name, p, seal.config.File)
	}
	o, err := seal.options(name, a.ttlHours)
	if err != nil {
		return o, err
	}
	o.Creator, o.Inputs = a.creator, inputs
	if a.toolchain != "" {
		toolName, version, ok := strings.Cut(a.toolchain, "@")
		if !ok || toolName == "" || version == "" {
			return o, usagef("--toolchain is %q, want NAME@VERSION", a.toolchain)
		}
		o.Toolchain = manifest.Tool{Name: toolName, Version: version}
	}
	return o, nil
}

// onlyDomain is the one domain that there is, "" where there are several.
func onlyDomain(c config.Config) string {
	for name := range c.Domains {
		if len(c.Domains) == 1 {
			return name
		}
	}
	return ""
}

// recordedDomains are the trust domains that the ledger names. A ledger that
// cannot be read is attest's to refuse.
func recordedDomains(ctx context.Context, tree repo.Tree) (map[string]string, error) {
	entry, ok, err := tree.Lookup(ctx, ledger.Path)
	if err != nil || !ok || entry.Kind != repo.File {
		return nil, err
	}
	text, err := tree.Read(ctx, entry, facts.MaxLedgerBytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ledger.Path, err)
	}
	l, _, err := ledger.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ledger.Path, err)
	}
	domains := make(map[string]string, len(l.Artifacts))
	for _, e := range l.Artifacts {
		domains[e.Path] = e.TrustDomain
	}
	return domains, nil
}
