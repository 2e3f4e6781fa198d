package verifycmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
)

// maxLacking is the number of files of one kind that are named.
const maxLacking = 10

// printLacking prints which files of the judged artifacts a commit of this work tree would
// omit or change, because the gate in CI sees the commit. It changes no verdict, because
// verifying before git add is not wrong. work is the measured work tree, whose names are listed
// already.
func printLacking(ctx context.Context, w host.World, r *repo.Repository, work trees.Tree, done report.Report) error {
	if len(done.Artifacts) == 0 {
		return nil
	}
	asked, err := judgedFiles(ctx, r, work, done)
	if err != nil || len(asked) == 0 {
		return err
	}
	view, err := r.View(ctx, w.Env)
	if err != nil {
		return err
	}
	found, err := view.Obstacles(ctx, asked)
	if err != nil {
		return err
	}
	var untracked []string
	others := 0
	for _, p := range asked {
		o, is := found[p]
		switch {
		case !is, o.Kind == repo.NotCheckedOut:
		case o.Kind == repo.Untracked:
			untracked = append(untracked, shellquote.Word(p.String()))
		default:
			if others++; others > maxLacking {
				continue
			}
			err := signing.Refusal(o, signing.Pattern(p, ""))
			w.Note("a commit would not contain what is verified here: " + err.Error())
			w.Note("hint: " + exit.HintOn(err, w.CI()))
		}
	}
	if others > maxLacking {
		w.Note(fmt.Sprintf("and %d more", others-maxLacking))
	}
	if n := len(untracked); n > 0 {
		w.Note("a commit would lack " + report.Count(n, "untracked file"))
		names := strings.Join(untracked[:min(n, maxLacking)], " ")
		if n > maxLacking {
			names += fmt.Sprintf(" (and %d more: git status)", n-maxLacking)
		}
		w.Note("hint: git add " + names)
	}
	return nil
}

// judgedFiles returns the files to ask Git about: artifacts that changed, and untracked files
// among the ledger, the judged artifacts and their companions.
func judgedFiles(ctx context.Context, r *repo.Repository, work trees.Tree, done report.Report) ([]artifact.Path, error) {
	_, mirrored, err := work.Lookup(ctx, artifact.Path(strings.TrimSuffix(artifact.ManifestDir, "/")))
	if err != nil {
		return nil, err
	}
	all := []artifact.Path{ledger.Path}
	changed := map[artifact.Path]bool{}
	for _, a := range done.Artifacts {
		p, err := artifact.ParsePath(a.Path)
		if err != nil || a.SHA256 == "" {
			continue
		}
		changed[p] = a.Change != trees.Unchanged.String()
		all = append(all, p)
		for _, kind := range artifact.Companions {
			all = append(all, p.Companion(kind))
			if mirrored {
				all = append(all, p.MirroredCompanion(kind))
			}
		}
	}
	untracked, err := r.Untracked(ctx, work, all)
	if err != nil {
		return nil, err
	}
	missing := map[artifact.Path]bool{}
	for _, p := range untracked {
		missing[p] = true
	}
	var asked []artifact.Path
	for _, p := range all {
		if !missing[p] && !changed[p] {
			continue
		}
		entry, there, err := work.Lookup(ctx, p)
		if err != nil {
			return nil, err
		}
		if there && entry.Kind == trees.File {
			asked = append(asked, p)
		}
	}
	return asked, nil
}
