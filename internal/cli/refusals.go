package cli

import (
	"errors"
	"fmt"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/report"
)

// fewRefused is the number of paths with the same cause up to which each is reported in full,
// with a command for that path.
const fewRefused = 8

// printErrors prints an error and its hint, and each error of several refusals. A hint that
// several errors share is printed once. More than fewRefused paths with the same cause are
// listed below that cause.
func printErrors(w host.World, err error) {
	errs := []error{err}
	if all := (*attest.Refusals)(nil); errors.As(err, &all) {
		errs = all.Errs
	}
	alike := map[attest.Cause][]string{}
	for _, err := range errs {
		if cause, path := causeOf(err); cause != (attest.Cause{}) {
			alike[cause] = append(alike[cause], path)
		}
	}
	listed, hinted := map[attest.Cause]bool{}, map[string]bool{}
	for _, err := range errs {
		cause, _ := causeOf(err)
		if paths := alike[cause]; len(paths) > fewRefused {
			if !listed[cause] {
				listed[cause] = true
				printCause(w, cause, paths)
			}
			continue
		}
		fmt.Fprintf(w.Stderr, "codexlock: %s\n", report.Terminal(err.Error()))
		if hint := exit.HintOn(err, w.CI()); hint != "" && !hinted[hint] {
			hinted[hint] = true
			fmt.Fprintf(w.Stderr, "codexlock: hint: %s\n", report.Terminal(hint))
		}
	}
	if len(errs) > 1 {
		fmt.Fprintf(w.Stderr, "codexlock: %d paths refused, nothing was written\n", len(errs))
	}
}

// causeOf returns the cause that an error may share with others, and its path. An error that is
// no refusal has the zero cause.
func causeOf(err error) (attest.Cause, string) {
	var refused *attest.RefusedError
	if !errors.As(err, &refused) {
		return attest.Cause{}, ""
	}
	return refused.Cause, refused.Path
}

// printCause prints a cause, the refused paths, and the next step for all of them.
func printCause(w host.World, cause attest.Cause, paths []string) {
	fmt.Fprintf(w.Stderr, "codexlock: %d paths %s\n", len(paths), report.Terminal(cause.Reason))
	for _, p := range paths {
		fmt.Fprintf(w.Stderr, "codexlock:   %s\n", report.Terminal(p))
	}
	fmt.Fprintf(w.Stderr, "codexlock: hint: %s\n", report.Terminal(cause.Next))
}
