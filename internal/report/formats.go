package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Options say how a report is rendered.
type Options struct {
	Quiet        bool // only denials and the last line
	Color        bool // the output is a terminal with colours
	ShowExcepted bool // text lists the excepted findings, not only their number
	Columns      int  // the width of the terminal; 0: lines of sources are not shortened
}

// formats are the renderers by name, in the order of the help text.
var formats = []struct {
	name   string
	render func(io.Writer, Report, Options) error
}{
	{"text", writeText},
	{"json", writeJSON},
	{"github", writeGitHub},
	{"markdown", func(w io.Writer, r Report, _ Options) error {
		_, err := io.WriteString(w, Markdown(r, MaxStepSummaryBytes))
		return err
	}},
	{"sarif", writeSARIF},
	{"junit", writeJUnit},
	{"html", writeHTML},
	{"badge", writeBadge},
	{"badge-json", writeBadgeJSON},
}

// Formats returns the names of the formats that Write supports.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// An UnknownFormatError is a format that Write does not support.
type UnknownFormatError struct{ Format string }

func (e *UnknownFormatError) Error() string {
	return fmt.Sprintf("format is %q, want one of %s", e.Format, strings.Join(Formats(), ", "))
}

// Usage reports that the user must correct the error (exit code 2).
func (e *UnknownFormatError) Usage() bool { return true }

// Write renders a report in the named format. Its error is an *UnknownFormatError or the
// writer's.
func Write(format string, w io.Writer, r Report, o Options) error {
	for _, f := range formats {
		if f.name == format {
			return f.render(w, r, o)
		}
	}
	return &UnknownFormatError{Format: format}
}

// writeJSON writes the report in the format of schemas/report.json.
func writeJSON(w io.Writer, r Report, _ Options) error {
	e := json.NewEncoder(JSON(w))
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
