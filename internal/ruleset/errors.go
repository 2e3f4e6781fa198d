package ruleset

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
)

// An Error is an error in a rule set, not in the judged files: there is no decision.
// File and Line are its position; Line is 0 without one.
type Error struct {
	File    string
	Line    int // counts from 1
	Column  int // counts from 1
	Message string
	Next    string // the next step
	Cause   error
}

func (e *Error) Error() string {
	switch {
	case e.File == "":
		return e.Message
	case e.Line == 0:
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, max(e.Column, 1), e.Message)
}

// Hint is the next step.
func (e *Error) Hint() string { return e.Next }

// Unwrap returns the error of the evaluation, or nil.
func (e *Error) Unwrap() error { return e.Cause }

// ErrorAt returns an error at a position in a module.
func ErrorAt(at *ast.Location, hint, format string, args ...any) *Error {
	e := &Error{Message: fmt.Sprintf(format, args...), Next: hint}
	if at != nil {
		e.File, e.Line, e.Column = at.File, at.Row, at.Col
	}
	return e
}

// Hints that several errors share.
const (
	hintInput    = "the fields of input are in schemas/facts.json"
	hintSandbox  = "rules see only input: no network, environment, clock or randomness, and nothing that a deadline cannot stop"
	hintMisspelt = "a misspelt rule would pass silently; define deny or warn as a set, or move helpers to a package below lib"
	hintRego     = "write it as Rego v1 has it: https://www.openpolicyagent.org/docs/policy-reference"
	hintMetadata = "say what the rule is about: title, description, custom.requirement, custom.severity and custom.fix, as codexlock policy new writes them"
	hintShape    = `want a message, or {"msg": …} with "file", and "pointer" or "line" and "column", as it pleases`
)

// FirstOf returns the first of several errors, with the number of the others.
func FirstOf(faults []*Error) *Error {
	first := *faults[0]
	if n := len(faults) - 1; n > 0 {
		first.Message += fmt.Sprintf(" (and %d more: codexlock policy check lists them)", n)
	}
	return &first
}

// CompileErrors converts OPA's errors, and returns at least one.
func CompileErrors(err error) []*Error {
	var all ast.Errors
	if !errors.As(err, &all) || len(all) == 0 {
		return []*Error{{Message: fmt.Sprintf("compile the rules: %v", err), Cause: err}}
	}
	faults := make([]*Error, len(all))
	for i, e := range all {
		faults[i] = compileError(e)
	}
	return faults
}

func compileError(err *ast.Error) *Error {
	e := ErrorAt(err.Location, hintOf(err.Message), "%s", err.Message)
	e.Cause = err
	if name, ok := strings.CutPrefix(err.Message, "undefined function "); ok && isBuiltin(name) {
		e.Message = fmt.Sprintf("built-in %s is not allowed in rules", name)
		e.Next = hintSandbox
		return e
	}
	if d, ok := err.Details.(*ast.RefErrInvalidDetail); ok {
		e.Next = hintInput
		if guess := nearest(d); guess != "" {
			e.Next = fmt.Sprintf("did you mean %s? %s", guess, hintInput)
		}
	}
	return e
}

// hintOf returns the hint for an OPA error that has only a message.
func hintOf(message string) string {
	for part, hint := range map[string]string{
		"undefined function ": "no rule defines it, and OPA has no such built-in",
		" is unsafe":          "nothing gives it a value: it may be misspelt",
		" unused":             "remove it, or use it",
		"recursive":           "a rule cannot ask itself, not through others either",
	} {
		if strings.Contains(message, part) {
			return hint
		}
	}
	return hintRego
}

// nearest returns the field that was probably meant, or "".
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
