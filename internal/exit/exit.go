// Package exit maps errors to exit codes and hints. Each error states whether the user can
// correct it (Usage) and the next step (Hint); this package asks every error of a chain. It
// prints nothing.
package exit

import (
	"errors"
	"fmt"
	"io/fs"
)

// The exit codes, the same for every command and format.
const (
	Trusted = 0 // every artifact under judgement is trusted
	Denied  = 1 // at least one is denied
	Usage   = 2 // the command or the configuration cannot be understood
	Unknown = 3 // it could not be verified; never a pass
)

// ErrDenied ends a command whose result is denied and was printed already.
var ErrDenied = errors.New("denied")

// A usageError is a command that cannot be understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
func (e *usageError) Usage() bool   { return true }

// Usagef returns an error that the user corrects: in a flag, an argument, the
// environment or the configuration. The format is that of fmt.Errorf.
func Usagef(format string, args ...any) error { return AsUsage(fmt.Errorf(format, args...)) }

// AsUsage marks an error as one that the user corrects.
func AsUsage(err error) error { return &usageError{err} }

// IsUsage reports whether an error, or one that it wraps, says that the user corrects it:
// by a method Usage() bool.
func IsUsage(err error) bool {
	return search(err, func(err error) bool {
		own, ok := err.(interface{ Usage() bool })
		return ok && own.Usage()
	})
}

// Code returns the exit code of a run that ended with err. An error of which nobody says
// that the user corrects it is Unknown.
func Code(err error) int {
	switch {
	case err == nil:
		return Trusted
	case errors.Is(err, ErrDenied):
		return Denied
	case IsUsage(err):
		return Usage
	}
	return Unknown
}

// A CI is the system that runs the program, where the next step depends on it.
type CI string

// The systems whose checkouts the hints know.
const (
	NoCI   CI = "" // a person, a server, or another system
	GitHub CI = "GitHub Actions"
	GitLab CI = "GitLab"
)

// Hint is HintOn where no system runs the program as a job.
func Hint(err error) string { return HintOn(err, NoCI) }

// HintOn returns the next step after an error: that of the outermost error that has one, by a
// method Hint() string, or HintOn(ci string) string where it depends on the system. It is ""
// where there is no plain one.
func HintOn(err error, ci CI) string {
	hint := ""
	search(err, func(err error) bool {
		switch own := err.(type) {
		case interface{ HintOn(ci string) string }:
			hint = own.HintOn(string(ci))
		case interface{ Hint() string }:
			hint = own.Hint()
		}
		return hint != ""
	})
	if hint == "" && errors.Is(err, fs.ErrPermission) {
		return "nothing was changed; see who may read and write there"
	}
	return hint
}

// search visits an error and all that it wraps, the outermost first, until one is found.
func search(err error, found func(error) bool) bool {
	if err == nil {
		return false
	}
	if found(err) {
		return true
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		return search(wrapper.Unwrap(), found)
	case interface{ Unwrap() []error }:
		for _, err := range wrapper.Unwrap() {
			if search(err, found) {
				return true
			}
		}
	}
	return false
}
