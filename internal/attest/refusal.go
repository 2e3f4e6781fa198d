package attest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A RefusedError is a path that may not be attested or written.
type RefusedError struct {
	Path   string
	Reason string // what is wrong with it, lower case, no full stop
	Next   string // the next step, a command where there is one; "" for none
	Cause  Cause  // what several paths may have in common; zero for a reason of its own
	// Unsettled says that somebody is still writing it: it may do well later.
	Unsettled bool
	Err       error // what was wrong with a document; nil for nothing
}

// A Cause is one reason for which many paths are refused, such as one pattern of one
// .gitignore. Equal causes are one.
type Cause struct {
	Reason string // as RefusedError.Reason, of several paths: "are ignored by ..."
	Next   string // what settles all of them at once
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Reason) }

// Unwrap is the document's error.
func (e *RefusedError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *RefusedError) Hint() string { return e.Next }

// Usage says that the user corrects it, now or never: a file that is still being written
// needs nothing but time.
func (e *RefusedError) Usage() bool { return !e.Unsettled }

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
