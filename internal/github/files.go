package github

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// An Output is a value that later steps read.
type Output struct{ Name, Value string }

// RunnerFiles are the open files that the runner reads after the step. One that the runner
// did not name takes nothing.
type RunnerFiles struct{ summary, output *os.File }

// OpenRunnerFiles opens the files, which must exist, to add to them. An empty name is a file
// that there is not.
func OpenRunnerFiles(summary, output string) (f RunnerFiles, err error) {
	if f.summary, err = openToAppend(summary); err != nil {
		return f, fmt.Errorf("open the job's summary: %w", err)
	}
	if f.output, err = openToAppend(output); err != nil {
		f.Close()
		return RunnerFiles{}, fmt.Errorf("open the file of outputs: %w", err)
	}
	return f, nil
}

func openToAppend(name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
}

// Close closes the files.
func (f RunnerFiles) Close() error { return errors.Join(closeIf(f.summary), closeIf(f.output)) }

func closeIf(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

// WriteSummary adds Markdown to the step's summary.
func (f RunnerFiles) WriteSummary(markdown string) error {
	if f.summary == nil {
		return nil
	}
	if _, err := f.summary.WriteString(markdown); err != nil {
		return fmt.Errorf("write the job's summary: %w", err)
	}
	return nil
}

// WriteOutputs adds outputs to the runner's file. Each delimiter has 128 random bits, so
// that no value can contain its own end (GitHub docs, "Workflow commands", multiline
// strings).
func (f RunnerFiles) WriteOutputs(random io.Reader, outputs []Output) error {
	if f.output == nil {
		return nil
	}
	bits := make([]byte, 16)
	if _, err := io.ReadFull(random, bits); err != nil {
		return fmt.Errorf("make a delimiter: %w", err)
	}
	delimiter := "codexlock_" + hex.EncodeToString(bits)
	var text strings.Builder
	for _, o := range outputs {
		if strings.Contains(o.Value, delimiter) || strings.Contains(o.Name, delimiter) {
			return fmt.Errorf("output %q contains its own delimiter", o.Name)
		}
		fmt.Fprintf(&text, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
	}
	if _, err := f.output.WriteString(text.String()); err != nil {
		return fmt.Errorf("write the outputs: %w", err)
	}
	return nil
}
