package attest

import (
	"errors"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
)

// A RefusedError is a path that may not be attested or written. It is the one of txn: what
// cannot be written cannot be attested.
type RefusedError = txn.RefusedError

// A Cause is one reason for which many paths are refused.
type Cause = txn.Cause

// Refusals are all the reasons for which nothing was written, in the order of the
// paths.
type Refusals struct {
	Errs []error
	said map[string]bool // the texts of Errs
}

func (e *Refusals) Error() string {
	lines := make([]string, len(e.Errs))
	for i, err := range e.Errs {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap makes errors.As find each of them.
func (e *Refusals) Unwrap() []error { return e.Errs }

// add takes a refusal, once, and reports whether the error was one: anything else
// ends the run.
func (e *Refusals) add(err error) bool {
	var refused *RefusedError
	var named *artifact.PathError
	if !errors.As(err, &refused) && !errors.As(err, &named) {
		return false
	}
	e.always(err)
	return true
}

func (e *Refusals) always(err error) {
	text := err.Error()
	if e.said[text] {
		return
	}
	if e.said == nil {
		e.said = map[string]bool{}
	}
	e.said[text] = true
	e.Errs = append(e.Errs, err)
}

// err is the error to return: nil without a refusal.
func (e *Refusals) err() error {
	switch len(e.Errs) {
	case 0:
		return nil
	case 1:
		return e.Errs[0]
	}
	return e
}
