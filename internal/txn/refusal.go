package txn

import "fmt"

// A RefusedError is a path that may not be written, or attested.
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
