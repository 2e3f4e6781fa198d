package signing

import (
	"context"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/trees"
)

// DefaultDomain is the trust domain of an artifact that nothing else names one for.
const DefaultDomain = "default"

// A Request is what a user asks to be written about artifacts. Zero values are defaults.
type Request struct {
	Domain    string // the trust domain
	TTLHours  int64
	Creator   string
	Toolchain string // NAME@VERSION
	Inputs    []artifact.Path
	Outputs   []artifact.Path
	Network   []string // hosts that the artifact is approved to reach
}

// Options are what is written about one artifact. recorded are the domains that the ledger
// names.
func (r Request) Options(s Signer, recorded map[string]string, p artifact.Path) (attest.Options, error) {
	name := r.Domain
	for _, next := range []string{s.Config.DomainFor(p), recorded[p.String()], onlyDomain(s.Config), DefaultDomain} {
		if name == "" {
			name = next
		}
	}
	if _, known := s.Config.Domain(name); !known {
		return attest.Options{}, exit.Usagef("trust domain %q of %s is not in %s; name one that is with --domain, or add it there", name, p, s.Config.File)
	}
	o, err := s.Options(name, r.TTLHours)
	if err != nil {
		return o, err
	}
	o.Creator, o.Inputs, o.Outputs, o.Network = r.Creator, r.Inputs, r.Outputs, r.Network
	for _, host := range r.Network {
		if !isHost(host) {
			return o, exit.Usagef("--network is %q, want a host's name, such as models.acme.example", host)
		}
	}
	if r.Toolchain != "" {
		toolName, version, ok := strings.Cut(r.Toolchain, "@")
		if !ok || toolName == "" || version == "" {
			return o, exit.Usagef("--toolchain is %q, want NAME@VERSION", r.Toolchain)
		}
		o.Toolchain = manifest.Tool{Name: toolName, Version: version}
	}
	return o, nil
}

// isHost reports whether a text can be the name of a host, as manifests and trust domains
// write it: no scheme, no port, no path.
func isHost(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
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

// RecordedDomains are the trust domains that the ledger names. A ledger that
// cannot be read is attest.Attest's to refuse.
func RecordedDomains(ctx context.Context, tree trees.Tree) (map[string]string, error) {
	entry, ok, err := tree.Lookup(ctx, ledger.Path)
	if err != nil || !ok || entry.Kind != trees.File {
		return nil, err
	}
	text, err := tree.Read(ctx, entry, document.MaxLedgerBytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ledger.Path, err)
	}
	l, _, err := ledger.Decode(text)
	if err != nil {
		return nil, nil
	}
	domains := make(map[string]string, len(l.Artifacts))
	for _, e := range l.Artifacts {
		domains[e.Path] = e.TrustDomain
	}
	return domains, nil
}
