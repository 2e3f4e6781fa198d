package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
)

// A PolicyError is a fault of a rule set, never of what it judges: nothing was
// decided. File and Line are where its author has to look; Line is 0 where the
// fault has no line.
type PolicyError struct {
	File    string
	Line    int // counts from 1
	Column  int // counts from 1
	Message string
	Hint    string // the next step
	cause   error
}

func (e *PolicyError) Error() string {
	switch {
	case e.File == "":
		return e.Message
	case e.Line == 0:
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, max(e.Column, 1), e.Message)
}

// Unwrap gives the error that the evaluation ended with, where there is one.
func (e *PolicyError) Unwrap() error { return e.cause }

// faultAt is a fault at a place in a module.
func faultAt(at *ast.Location, hint, format string, args ...any) *PolicyError {
	e := &PolicyError{Message: fmt.Sprintf(format, args...), Hint: hint}
	if at != nil {
		e.File, e.Line, e.Column = at.File, at.Row, at.Col
	}
	return e
}

// Hints, where more than one fault has the same next step.
const (
	hintInput    = "the fields of input are in schemas/facts.json"
	hintSandbox  = "rules see only input: no network, environment, clock or randomness, and nothing that a deadline cannot stop"
	hintMisspelt = "a misspelt rule would pass silently; define deny or warn as a set, or move helpers to a package below lib"
	hintShape    = `want a message, or {"msg": …} with "file", and "pointer" or "line" and "column", as it pleases`
)

// compileError turns what OPA says of a module into its first fault.
func compileError(err error) error {
	var all ast.Errors
	if !errors.As(err, &all) || len(all) == 0 {
		return &PolicyError{Message: fmt.Sprintf("compile the rules: %v", err), cause: err}
	}
	first := all[0]
	message := first.Message
	if n := len(all) - 1; n > 0 {
		message += fmt.Sprintf(" (and %d more)", n)
	}
	e := faultAt(first.Location, "", "%s", message)
	e.cause = err
	if name, ok := strings.CutPrefix(first.Message, "undefined function "); ok && isBuiltin(name) {
		e.Message = fmt.Sprintf("built-in %s is not allowed in rules", name)
		e.Hint = hintSandbox
		return e
	}
	if d, ok := first.Details.(*ast.RefErrInvalidDetail); ok {
		e.Hint = hintInput
		if guess := nearest(d); guess != "" {
			e.Hint = fmt.Sprintf("did you mean %s? %s", guess, hintInput)
		}
	}
	return e
}

// nearest is the field that was probably meant, "" where none is near.
func nearest(d *ast.RefErrInvalidDetail) string {
	if d.Pos < 0 || d.Pos >= len(d.Ref) {
		return ""
	}
	got, ok := d.Ref[d.Pos].Value.(ast.String)
	if !ok {
		return ""
	}
	best, distance := "", len(got)/3+1
	for _, v := range d.OneOf {
		if s, ok := v.(ast.String); ok {
			if n := levenshtein.ComputeDistance(string(got), string(s)); n <= distance {
				best, distance = string(s), n-1
			}
		}
	}
	return best
}
