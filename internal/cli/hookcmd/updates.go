package hookcmd

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/exit"
)

// Limits of what git tells a hook: a ref name is at most a path, and a push of more refs than
// these is a mirror's, for which an administrator turns the hook off.
const (
	maxLine    = 16 << 10
	maxUpdates = 10_000
)

// An update is a line of a pre-receive hook's standard input: githooks(5).
type update struct{ old, new, ref string }

// deletes reports whether the ref is deleted.
func (u update) deletes() bool { return isNull(u.new) }

// creates reports whether the ref is new.
func (u update) creates() bool { return isNull(u.old) }

// isRecords reports whether the ref holds renewed records, which are verified when they are
// read.
func (u update) isRecords() bool { return strings.HasPrefix(u.ref, "refs/codexlock/") }

// isNull reports whether an object id names no object.
func isNull(id string) bool { return strings.Trim(id, "0") == "" }

// readUpdates reads the updates of a push. A push without any is none of git's.
func readUpdates(in io.Reader) ([]update, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	var updates []update
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), " ", 3)
		if len(parts) != 3 || !isID(parts[0]) || !isID(parts[1]) || !strings.HasPrefix(parts[2], "refs/") {
			return nil, exit.AsUsage(&inputError{fmt.Sprintf("standard input has the line %q, want OLD NEW REF", lines.Text())})
		}
		if len(updates) == maxUpdates {
			return nil, fmt.Errorf("the push updates over %d refs", maxUpdates)
		}
		updates = append(updates, update{parts[0], parts[1], parts[2]})
	}
	switch {
	case lines.Err() != nil:
		return nil, fmt.Errorf("read the updates of the push: %w", lines.Err())
	case len(updates) == 0:
		return nil, exit.AsUsage(&inputError{"standard input names no updated ref, want a line OLD NEW REF for each"})
	}
	return updates, nil
}

// isID reports whether a text is an object id in full: 40 hex characters, or 64.
func isID(text string) bool {
	return (len(text) == 40 || len(text) == 64) && strings.Trim(text, "0123456789abcdef") == ""
}

// An inputError is what no git wrote to a hook's standard input.
type inputError struct{ message string }

func (e *inputError) Error() string { return e.message }

// Hint is the next step.
func (e *inputError) Hint() string {
	return "git starts it, from the file hooks/pre-receive of a repository on the server; the guide about Git servers shows it"
}
