// Package auditlog has the flags of commands that add to the audit log, and prints what they
// added.
package auditlog

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/signing"
)

// A Log is the audit log of a command, with its flags.
type Log struct {
	signing.Log
	world host.World
}

// Flags adds --log and --verified-by.
func (l *Log) Flags(cmd *cobra.Command, w host.World) {
	l.world, l.Env, l.File = w, w.Env, w.KeyFile
	cmd.Flags().BoolVar(&l.On, "log", false, "add the results to MANIFEST.integrity.json, and sign it")
	cmd.Flags().StringVar(&l.By, "verified-by", "", "who verified, for the log (default the user, or the workflow's run)")
}

// FromEnvironment reads CODEXLOCK_LOG and CODEXLOCK_VERIFIED_BY for flags that are not given.
func (l *Log) FromEnvironment(cmd *cobra.Command) error {
	if v, ok := l.Env("CODEXLOCK_LOG"); ok && v != "" && !cmd.Flags().Changed("log") {
		switch v {
		case "true", "1":
			l.On = true
		case "false", "0":
		default:
			return exit.Usagef("CODEXLOCK_LOG is %q, want true or false", v)
		}
	}
	if v, ok := l.Env("CODEXLOCK_VERIFIED_BY"); ok && l.By == "" {
		l.By = v
	}
	if l.By == "" && l.On {
		l.By = github.WithRun(git.User(cmd.Context(), l.world.Dir, l.Env), l.Env)
	}
	if len(l.By) > MaxVerifiedBy {
		return exit.Usagef("--verified-by has %d bytes, want at most %d", len(l.By), MaxVerifiedBy)
	}
	return nil
}

// MaxVerifiedBy is the limit of schemas/integrity.json. It counts bytes, which is never more
// than the characters that the schema counts.
const MaxVerifiedBy = 1024

// Add adds entries to the log of a work tree if the command logs, and prints their numbers.
func (l Log) Add(ctx context.Context, r *repo.Repository, c config.Config, entries []audit.Entry) error {
	done, err := l.Append(ctx, r, c, entries)
	if err != nil || done.Lines == 0 {
		return err
	}
	how := "signed"
	if !done.Signed {
		how = "not signed: there is no key for it, or a weak one"
	}
	_, err = fmt.Fprintf(l.world.Stderr, "codexlock: %s: entry %d to %d of %d, %s\n", audit.Path, done.From+1, done.Lines, done.Lines, how)
	return err
}
