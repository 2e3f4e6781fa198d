package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
)

// currentSettings are the settings of the current forms, as codexlock init writes them.
var currentSettings = []struct{ key, value, comment string }{
	{"records", "2", "the proof covers the manifest and the test too"},
	{"renewals", "ref", "renewed records go to refs/codexlock/vaulttime, not to the branch"},
}

// Migrate edits the text of a codexlock.yaml: the settings of the current forms get their
// values, each on a line of its own below version. Every other byte stays, comments and
// layout included. It returns what it changed, such as "records: 2", nothing where the file
// has it all. Its error is an *Error, or ErrLayout for a file that its owner must edit.
func Migrate(name artifact.Path, text []byte) (edited []byte, changed []string, err error) {
	before, err := Parse(name, text)
	if err != nil {
		return nil, nil, err
	}
	e := editor{config: before, lines: strings.SplitAfter(string(text), "\n")}
	var added []string
	for _, s := range currentSettings {
		done, present := e.replace("/"+s.key, s.value)
		switch {
		case done:
		case present:
			return nil, nil, fmt.Errorf("%s: %w", name, ErrLayout)
		case e.has(s.key, s.value):
			continue
		default:
			added = append(added, fmt.Sprintf("%-34s # %s\n", s.key+": "+s.value, s.comment))
		}
		changed = append(changed, s.key+": "+s.value)
	}
	if len(changed) == 0 {
		return text, nil, nil
	}
	if err := e.below("/version", added); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	edited = []byte(strings.Join(e.lines, ""))
	after, err := Parse(name, edited)
	if err != nil || !sameButMigrated(before, after) {
		return nil, nil, fmt.Errorf("%s: %w", name, ErrLayout)
	}
	return edited, changed, nil
}

// sameButMigrated reports whether the second configuration is the first with the current
// settings.
func sameButMigrated(before, after Config) bool {
	before.Records, before.Renewals = 2, "ref"
	before.Document, after.Document = nil, nil
	return reflect.DeepEqual(before, after)
}

// has reports whether a setting of the file has a value.
func (e *editor) has(key, value string) bool {
	raw, ok := e.config.Document.Raw("/" + key)
	return ok && strings.Trim(raw, `"`) == value
}

// replace gives the setting at a pointer a value; present is false where the file does not
// have the setting, done where it has another value that could be replaced.
func (e *editor) replace(pointer, value string) (done, present bool) {
	raw, ok := e.config.Document.Raw(pointer)
	raw = strings.Trim(raw, `"`) // a plain word in YAML
	if !ok || raw == value {
		return false, false
	}
	line, column, err := e.position(pointer)
	if err != nil || !strings.HasPrefix(e.lines[line][column:], raw) {
		return false, true
	}
	e.lines[line] = e.lines[line][:column] + value + e.lines[line][column+len(raw):]
	return true, true
}

// below inserts lines below that of a setting at the top of the file.
func (e *editor) below(pointer string, lines []string) error {
	line, _, err := e.position(pointer)
	if err != nil || !strings.HasPrefix(e.lines[line], strings.TrimPrefix(pointer, "/")+":") {
		return ErrLayout
	}
	if !strings.HasSuffix(e.lines[line], "\n") {
		e.lines[line] += "\n"
	}
	e.lines[line] += strings.Join(lines, "")
	return nil
}
