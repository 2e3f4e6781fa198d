package github

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// An Output is a value that later steps read.
type Output struct{ Name, Value string }

// WriteOutputs appends outputs to the runner's file. Each delimiter has
// 128 random bits, so that no value can contain its own end
// (GitHub docs, "Workflow commands", multiline strings).
func WriteOutputs(file string, random io.Reader, outputs []Output) error {
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
	return appendTo(file, text.String())
}

// WriteSummary appends Markdown to the step's summary.
func WriteSummary(file, markdown string) error { return appendTo(file, markdown) }

// appendTo appends to a file of the runner, which must exist.
func appendTo(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
