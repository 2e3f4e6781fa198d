package cli

import (
	"context"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A standing is an artifact of the work tree, as the gate judged it.
type standing struct {
	path   artifact.Path
	change string // since the last commit: unchanged, added, …
	digest artifact.Digest
	record vaulttime.Record
	denied []policy.Finding
	amiss  string // why it cannot be attested here, whatever the gate says; "" where it can
	failed bool   // what is amiss is a failure of this run
}

// left is why it is not attested again, "" where it may be.
func (s *standing) left() string {
	if len(s.denied) > 0 {
		return told(s.denied[0])
	}
	return s.amiss
}

// editsCompanion reports whether a finding says that a companion is not the one that
// the record signs. An exception may allow that; renewing would sign the edit.
func editsCompanion(f policy.Finding) bool {
	return f.Kind == policy.KindManifest || f.Kind == policy.KindTest
}

// standings runs the whole gate over the work tree, and says of each artifact
// whether it may be attested again: what fails, fails still after that. A denial
// of the change as a whole ends it, for then no artifact is trusted.
func standings(ctx context.Context, w host.World, r *repo.Repository, g *gate.Gate) ([]standing, error) {
	judged, err := g.Run(ctx)
	if err != nil {
		return nil, err
	}
	denied := map[string][]policy.Finding{}
	for _, f := range judged.Findings {
		if f.Severity == policy.Deny && (!f.Excepted || editsCompanion(f)) {
			denied[f.Artifact] = append(denied[f.Artifact], f)
		}
	}
	if whole := denied[""]; len(whole) > 0 {
		for _, f := range whole {
			fmt.Fprintf(w.Stdout, "[✗] %s: %s\n      hint: %s\n", report.Terminal(f.File), told(f), report.Terminal(f.Fix))
		}
		fmt.Fprintln(w.Stdout, "[✗] nothing was attested: the repository as a whole is denied")
		return nil, exit.ErrDenied
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]standing, len(judged.Artifacts))
	return all, concurrent.Each(len(all), func(i int) error {
		a := judged.Artifacts[i]
		all[i].denied = denied[a.Path]
		return all[i].read(ctx, tree, a)
	})
}

// read finds the artifact's record. What cannot be attested in this work tree is
// left, and is no error of the run.
func (s *standing) read(ctx context.Context, tree repo.Tree, a policy.Artifact) (err error) {
	s.path, s.change = artifact.Path(a.Path), a.Change
	if a.SHA256 == "" {
		s.amiss = "there is no content to attest"
		return nil
	}
	if s.digest, err = artifact.ParseDigest(a.SHA256); err != nil {
		return err
	}
	for _, p := range []artifact.Path{s.path.Companion(artifact.VaultTime), s.path.MirroredCompanion(artifact.VaultTime)} {
		entry, ok, err := tree.Lookup(ctx, p)
		if err != nil {
			return err
		}
		if !ok || entry.Kind != repo.File {
			continue
		}
		text, err := tree.Read(ctx, entry, facts.MaxCompanionBytes)
		if err != nil {
			return err
		}
		if s.record, _, err = vaulttime.DecodeRecord(text); err == nil {
			return nil
		}
	}
	s.amiss = "its VaultTime record could not be read" // an exception may let that through
	return nil
}

// told is a finding in one line.
func told(f policy.Finding) string { return fmt.Sprintf("%s [%s]", report.Terminal(f.Message), f.Rule) }

// sealable reports whether this run can attest it; where not, that is told with
// what is left.
func (s *standing) sealable(seal sealer) bool {
	_, err := seal.options(s.record.TrustDomain, s.record.TTLHours)
	if err != nil {
		s.amiss, s.failed = report.Terminal(err.Error()), true
	}
	return err == nil
}

// again attests what was verified, and just that: all of it or, where one of them
// changed meanwhile, nothing.
func again(ctx context.Context, r *repo.Repository, seal sealer, due []standing) (attest.Result, error) {
	byPath := make(map[artifact.Path]*standing, len(due))
	paths := make([]artifact.Path, 0, len(due))
	for i := range due {
		byPath[due[i].path] = &due[i]
		paths = append(paths, due[i].path)
	}
	return attest.Attest(ctx, r.Root(), r.GitDir(), paths, func(p artifact.Path) (attest.Options, error) {
		s := byPath[p]
		o, err := seal.options(s.record.TrustDomain, s.record.TTLHours)
		o.Expect, o.Renewal = &s.digest, true
		return o, err
	})
}

// leftAlone prints what was not attested although it was asked for, and reports
// whether something fails.
func leftAlone(w host.World, all []standing) (n int, failed bool) {
	for _, s := range all {
		left := s.left()
		if left == "" {
			continue
		}
		n++
		mark := "!"
		if len(s.denied) > 0 || s.failed {
			mark, failed = "✗", true
		}
		fmt.Fprintf(w.Stdout, "[%s] %s left as it is: %s\n", mark, report.Terminal(s.path.String()), left)
	}
	return n, failed
}

// conclude ends a command that sealed artifacts: with its last line, and denied
// where one of them was left as it is because it is denied.
func conclude(w host.World, failed bool, format string, args ...any) error {
	mark := "✓"
	if failed {
		mark = "✗"
	}
	fmt.Fprintf(w.Stdout, "[%s] %s\n", mark, fmt.Sprintf(format, args...))
	if failed {
		return exit.ErrDenied
	}
	return nil
}
