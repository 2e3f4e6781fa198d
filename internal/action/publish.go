package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/outfile"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
)

// publish writes the report everywhere it belongs. What can fail because of the workflow
// comes before the check run is closed, and what states that there is a verdict after it.
func (a *action) publish(ctx context.Context, clone *repo.Repository, r report.Report) error {
	r.Notes = slices.Concat(r.Notes, a.forkNotes(r))
	a.done = &r
	if err := report.Write("text", a.world.Stdout, r, report.Options{}); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	if err := a.files(ctx, r); err != nil {
		return err
	}
	runner, err := a.runnerFiles()
	if err != nil {
		return err
	}
	defer runner.Close()
	url := ""
	if a.check != nil {
		url = a.check.URL()
	}
	var at report.Places
	if a.check != nil || a.commands {
		at = a.places(ctx, clone, r)
	}
	if err := a.post(ctx, r, at); err != nil {
		return err
	}
	if a.commands {
		if err := report.WriteCommands(a.world.Stdout, r, at, "the summary of this job has all of them"); err != nil {
			return fmt.Errorf("write workflow commands: %w", err)
		}
	}
	err = errors.Join(
		runner.WriteSummary(report.Markdown(r, report.MaxStepSummaryBytes)),
		runner.WriteOutputs(a.world.Random, a.outputs(string(r.Conclusion), r.Level, url)),
	)
	if err != nil {
		return err
	}
	a.check = nil // nothing closes it otherwise any more
	if r.Conclusion == report.Failure {
		return exit.ErrDenied
	}
	return nil
}

// files writes the files that the inputs ask for.
func (a *action) files(ctx context.Context, r report.Report) error {
	for _, file := range a.in.Files {
		if err := a.folder(report.Earlier).Write(a.world.Path(file.Name), func(f io.Writer) error { return report.Write(file.Format, f, r, report.Options{}) }); err != nil {
			return fmt.Errorf("write the report as %s: %w", file.Format, err)
		}
		if file.Format == "json" {
			a.written = file.Name
		}
	}
	if a.in.LogFile != "" {
		by := github.WithRun(git.User(ctx, a.world.Dir, a.world.Env), a.world.Env)
		if err := a.folder(nil).Write(a.world.Path(a.in.LogFile), func(f io.Writer) error { return report.WriteLogEntries(f, r, by) }); err != nil {
			return fmt.Errorf("write the log's entries: %w", err)
		}
	}
	return nil
}

// folder is where files that inputs name are written: inside the workspace, and through no link,
// since both the file and the folders above it may come from a change.
func (a *action) folder(replaces func(head []byte) bool) outfile.Folder {
	return outfile.Folder{Root: a.workspace(), Confined: true, Replaces: replaces}
}

// workspace is the folder that the job's steps share.
func (a *action) workspace() string {
	if dir, ok := a.world.Env("GITHUB_WORKSPACE"); ok && dir != "" {
		return dir
	}
	return a.world.Dir
}

// runnerFiles opens the files that the runner reads, of those that it named.
func (a *action) runnerFiles() (github.RunnerFiles, error) {
	summary, _ := a.world.Env("GITHUB_STEP_SUMMARY")
	output, _ := a.world.Env("GITHUB_OUTPUT")
	return github.OpenRunnerFiles(summary, output)
}

// outputs are the values that later steps read.
func (a *action) outputs(conclusion, level, checkRunURL string) []github.Output {
	outputs := []github.Output{{Name: "conclusion", Value: conclusion}, {Name: "level", Value: level}}
	if r := a.done; r != nil {
		outputs = append(outputs,
			github.Output{Name: "artifacts", Value: strconv.Itoa(r.Counts.Artifacts)}, github.Output{Name: "denied", Value: strconv.Itoa(r.Counts.Deny)},
			github.Output{Name: "warned", Value: strconv.Itoa(r.Counts.Warn)}, github.Output{Name: "valid-until", Value: r.ValidUntil},
			github.Output{Name: "report-file", Value: a.written})
	}
	if checkRunURL != "" {
		outputs = append(outputs, github.Output{Name: "check-run-url", Value: checkRunURL})
	}
	return outputs
}

// abort ends a run without a posted verdict: it closes the check run, and writes the reason to
// the summary and the outputs.
func (a *action) abort(ctx context.Context, cause error) {
	unclosed := a.closeCheck(ctx, cause)
	a.printUnclosed(errors.Join(cause, unclosed))
	heading := notVerified
	tail := ""
	var unposted *unpostedError
	if errors.As(cause, &unposted) {
		heading = "The verdict is not posted"
		tail = "\n" + report.Markdown(*a.done, report.MaxStepSummaryBytes-2*maxReasonBytes)
	}
	text := "## ❌ " + heading + "\n\n" + report.CodeWithin(cause.Error(), maxReasonBytes) + "\n" + tail
	runner, err := a.runnerFiles()
	if err == nil {
		defer runner.Close()
		err = errors.Join(runner.WriteSummary(text), runner.WriteOutputs(a.world.Random, a.outputs("failure", "non-compliant", "")))
	}
	if err != nil {
		a.world.Warn(err)
	}
}
