package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/codexlock/codexlock/internal/exit"
)

// A usageError is a command line that cannot be understood.
type usageError struct{ message, hint string }

func (e *usageError) Error() string { return e.message }

// Hint is the next step.
func (e *usageError) Hint() string { return e.hint }

// Usage marks it as an error that the user corrects.
func (e *usageError) Usage() bool { return true }

// explainArguments replaces the library's errors about arguments, for a command and all commands
// below it: an unknown command, and a wrong number of arguments.
func explainArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if err == nil || exit.IsUsage(err) {
				return err
			}
			return argumentError(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		explainArguments(c)
	}
}

// argumentError returns the error for wrong arguments: which ones the command takes, and which
// it got.
func argumentError(cmd *cobra.Command, args []string) error {
	see := "see " + cmd.CommandPath() + " --help"
	if cmd.HasAvailableSubCommands() {
		e := &usageError{fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0]), see}
		if near := nearest(args[0], commandNames(cmd)); near != "" {
			e.hint = fmt.Sprintf("did you mean %s %s? If not, %s", cmd.CommandPath(), near, see)
		}
		return e
	}
	_, want, some := strings.Cut(cmd.Use, " ")
	if !some {
		return &usageError{fmt.Sprintf("%s takes no argument, got %q", cmd.CommandPath(), args[0]), see}
	}
	got := "none"
	if len(args) > 0 {
		got = fmt.Sprintf("%d: %q", len(args), args)
	}
	return &usageError{fmt.Sprintf("%s takes %s as arguments, got %s", cmd.CommandPath(), want, got), see}
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagError replaces the library's error about a flag.
func flagError(cmd *cobra.Command, err error) error {
	e := &usageError{err.Error(), "see " + cmd.CommandPath() + " --help"}
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var value *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			e.message = fmt.Sprintf("%s has no flag -%s", cmd.CommandPath(), name)
			break
		}
		e.message = fmt.Sprintf("%s has no flag --%s", cmd.CommandPath(), name)
		if near := nearest(name, flagNames(cmd)); near != "" {
			e.hint = fmt.Sprintf("did you mean --%s? If not, %s", near, e.hint)
		}
	case errors.As(err, &bare):
		e.message = fmt.Sprintf("--%s needs a value: %s", bare.GetFlag().Name, wanted(bare.GetFlag()))
	case errors.As(err, &value):
		e.message = fmt.Sprintf("--%s is %q, want %s", value.GetFlag().Name, value.GetValue(), wanted(value.GetFlag()))
	case errors.As(err, &syntax):
		e.message = fmt.Sprintf("%q is no flag, want --NAME or --NAME=VALUE", syntax.GetSpecifiedFlag())
	}
	return e
}

// wanted describes the values that a flag takes.
func wanted(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "int64":
		return "a whole number"
	case "bool":
		return "true or false"
	case "duration":
		return "a duration such as 36h or 90m"
	}
	return "a text"
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// nearest returns the name that was probably meant, "" for none. It is the name with the fewest
// edits, among those that differ in at most a third of their characters or begin with written.
func nearest(written string, names []string) string {
	best, fewest := "", 0
	for _, name := range slices.Sorted(slices.Values(names)) {
		edits := distance(written, name)
		if edits > max(1, len(name)/3) && (len(written) < 3 || !strings.HasPrefix(name, written)) {
			continue
		}
		if best == "" || edits < fewest {
			best, fewest = name, edits
		}
	}
	return best
}

// distance returns the edit distance of two texts: how many bytes to insert, remove or replace,
// or neighbours to exchange (optimal string alignment).
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = last, row, before
	}
	return rows[1][len(b)]
}
