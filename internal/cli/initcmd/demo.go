package initcmd

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/attestcmd"
	"github.com/codexlock/codexlock/internal/cli/terminal"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Demo returns the demo command.
func Demo(w host.World) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Demonstrate the gate in a temporary repository",
		Long: `demo creates a Git repository in a temporary folder, with a base commit of attested
artifacts and a head commit with some of them tampered with, and runs the gate on
that change. It needs only git, no network and none of your keys.`,
		Example: `  codexlock demo`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), w) },
	}
}

// A demo is a temporary repository with its key.
type demo struct {
	world host.World // with the demo's folder and key
	repo  *repo.Repository
	now   time.Time
}

func runDemo(ctx context.Context, w host.World) error {
	dir, err := os.MkdirTemp("", "codexlock-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	r, err := repo.Create(ctx, dir)
	if err != nil {
		return err
	}
	defer r.Close()
	secret := make([]byte, 32)
	if _, err := io.ReadFull(w.Random, secret); err != nil {
		return fmt.Errorf("make a key for the demo: %w", err)
	}
	d := demo{world: w, repo: r, now: w.Now().UTC().Truncate(time.Second)}
	d.world.Dir, d.world.Env = r.Root(), only(config.DefaultKeyEnv, hex.EncodeToString(secret))
	base, err := d.base(ctx)
	if err != nil {
		return err
	}
	head, err := d.head(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.Stdout, demoIntroduction, r.Root(), short(base), short(head))
	g, err := gate.New(d.world, gate.Options{
		Base:      gate.Base{Trusted: gate.Given(base.String()), Head: gate.Given(head.String())},
		Selection: gate.Selection{Scope: facts.Changed}, EffectiveTime: vaulttime.FormatTime(d.now),
	})
	if err != nil {
		return err
	}
	result, err := g.Run(ctx)
	if err != nil {
		return err
	}
	if err := report.Write("text", w.Stdout, result, report.Options{Color: terminal.Colored(w)}); err != nil {
		return err
	}
	file := filepath.Join(r.Root(), "report.json")
	if err := w.WriteFile(file, func(f io.Writer) error { return report.Write("json", f, result, report.Options{}) }); err != nil {
		return err
	}
	fmt.Fprintf(w.Stdout, demoEnd, result.Conclusion, file, r.Root())
	return nil
}

const demoIntroduction = `This is a temporary repository: %s

Its base commit %s holds four attested artifacts. The pull request, commit %s,
  - changes one byte of model.bin and attests nothing,
  - deletes the test of tokens.json,
  - writes a new date into the expired record of labels.csv,
  - adds weights.bin with a record from two days ago,
  - adds vocab.txt, properly attested.

The result of the gate:

`

const demoEnd = `
The check's conclusion is %q: as a required check it would block the merge.
The whole report, for machines: %s
Look around in %s, and delete it when you are done.
`

// base makes the first commit: a configuration and four attested artifacts. The record of one
// has expired.
func (d demo) base(ctx context.Context) (git.Commit, error) {
	for name, text := range map[string]string{
		"model.bin":   strings.Repeat("\x00\x01weights", 64),
		"tokens.json": `{"hello": 1, "world": 2}` + "\n",
		"labels.csv":  "id,label\n1,cat\n2,dog\n",
		"README.txt":  "A model and its data.\n",
	} {
		if err := d.put(name, text); err != nil {
			return "", err
		}
	}
	quiet := d.world
	quiet.Stdout = io.Discard
	if err := runInit(ctx, quiet, initOptions{domain: "runtime-core", minimal: true}); err != nil {
		return "", err
	}
	// There is no remote and no renewal job, so the report need not say that the ref is missing.
	if err := edit(filepath.Join(d.repo.Root(), config.Paths[0].String()), "renewals: ref ", "renewals: tree"); err != nil {
		return "", err
	}
	for _, batch := range []struct {
		age   time.Duration
		names []string
	}{{30 * time.Hour, []string{"labels.csv"}}, {time.Hour, []string{"model.bin", "tokens.json", "README.txt"}}} {
		if err := d.attest(ctx, batch.age, batch.names...); err != nil {
			return "", err
		}
	}
	return d.repo.CommitAll(ctx, "Four attested artifacts", d.now.Add(-time.Hour))
}

// head makes the commit that the gate judges.
func (d demo) head(ctx context.Context) (git.Commit, error) {
	for _, step := range []func() error{
		func() error { return edit(d.file("model.bin"), "\x01weights", "\x02weights") },
		func() error { return os.Remove(d.file("tokens.json.test")) },
		func() error {
			return edit(d.file("labels.csv.vaulttime.json"),
				vaulttime.FormatTime(d.now.Add(-30*time.Hour)), vaulttime.FormatTime(d.now.Add(-time.Minute)))
		},
		func() error { return d.put("weights.bin", strings.Repeat("old", 100)) },
		func() error { return d.attest(ctx, 48*time.Hour, "weights.bin") },
		func() error { return d.put("vocab.txt", "hello\nworld\n") },
		func() error { return d.attest(ctx, 0, "vocab.txt") },
	} {
		if err := step(); err != nil {
			return "", err
		}
	}
	return d.repo.CommitAll(ctx, "Retrain the model", d.now)
}

func (d demo) file(name string) string {
	return filepath.Join(d.repo.Root(), "assets", "sources", name)
}

func (d demo) put(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(d.file(name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(d.file(name), []byte(text), 0o644)
}

// edit replaces the first occurrence of a text in a file. It fails if the file does not have it.
func edit(file, old, replacement string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Contains(text, []byte(old)) {
		return fmt.Errorf("%s does not contain %q", file, old)
	}
	return os.WriteFile(file, bytes.Replace(text, []byte(old), []byte(replacement), 1), 0o644)
}

// attest attests artifacts with a time in the past.
func (d demo) attest(ctx context.Context, age time.Duration, names ...string) error {
	g, err := gate.New(d.world, gate.Options{EffectiveTime: vaulttime.FormatTime(d.now.Add(-age))})
	if err != nil {
		return err
	}
	quiet := d.world
	quiet.Stdout, quiet.Stderr = io.Discard, io.Discard
	var paths []string
	for _, name := range names {
		paths = append(paths, d.file(name))
	}
	return attestcmd.Run(ctx, quiet, g, signing.Request{Creator: "demo", Toolchain: "demo@1"}, paths...)
}

// only returns an environment with one variable.
func only(name, value string) func(string) (string, bool) {
	return func(asked string) (string, bool) {
		if asked == name {
			return value, true
		}
		return "", false
	}
}

// short abbreviates a commit id.
func short(c git.Commit) string { return string(c[:min(len(c), 10)]) }
