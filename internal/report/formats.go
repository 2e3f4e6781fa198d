package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Options are how a report is told.
type Options struct {
	Quiet bool // only findings and the last line
	Color bool // the reader is a terminal that shows colours
}

// formats are the renderers by name, in the order in which they are offered.
var formats = []struct {
	name   string
	render func(io.Writer, Report, Options) error
}{
	{"text", text},
	{"json", jsonForm},
	{"github", github},
	{"markdown", func(w io.Writer, r Report, _ Options) error {
		_, err := io.WriteString(w, Markdown(r, MaxStepSummaryBytes))
		return err
	}},
}

// Formats are the names of the forms that Write knows.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// An UnknownFormatError is a form that there is none of.
type UnknownFormatError struct{ Format string }

func (e *UnknownFormatError) Error() string {
	return fmt.Sprintf("format is %q, want one of %s", e.Format, strings.Join(Formats(), ", "))
}

// Usage says that the user corrects it.
func (e *UnknownFormatError) Usage() bool { return true }

// Write tells a report in the named form. Its error is an *UnknownFormatError,
// or the writer's.
func Write(format string, w io.Writer, r Report, o Options) error {
	for _, f := range formats {
		if f.name == format {
			return f.render(w, r, o)
		}
	}
	return &UnknownFormatError{Format: format}
}

// jsonForm writes the report as schemas/report.json describes it.
func jsonForm(w io.Writer, r Report, _ Options) error {
	e := json.NewEncoder(JSON(w))
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Read is the way back from the JSON form. It refuses another version's.
func Read(in io.Reader) (Report, error) {
	var r Report
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Report{}, fmt.Errorf("read report: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Report{}, errors.New("read report: something follows it, want the end of the file")
	}
	if r.Schema != Schema {
		return Report{}, fmt.Errorf("read report: schema is %q, want %q", r.Schema, Schema)
	}
	return r, nil
}
