package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
)

// writeGitHub writes the findings as workflow commands, the worst first: a runner shows
// only the first ten errors and ten warnings of a step.
func writeGitHub(out io.Writer, r Report, _ Options) error {
	w := bufio.NewWriter(out)
	for _, f := range causes(r.Findings) {
		command := "error"
		switch {
		case f.Excepted:
			command = "notice"
		case f.Severity == decision.Warn:
			command = "warning"
		}
		fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command,
			commandProperty(Terminal(f.File)), f.Line, f.Column, commandProperty(title(f.Finding)), commandData(clip(message(f), maxCommandBytes)))
	}
	if lines := previewLines(r.Preview); len(lines) > 0 {
		for i := range lines {
			lines[i] = Terminal(lines[i])
		}
		fmt.Fprintf(w, "::notice title=%s::%s\n", commandProperty("Codexlock preview (not the verdict)"),
			commandData(clip(strings.Join(lines, "\n"), maxCommandBytes)))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "::notice title=Codexlock::%s\n", commandData(clip(Terminal(note), maxCommandBytes)))
	}
	fmt.Fprintf(w, "::notice title=Codexlock::%s\n", commandData(Title(r)))
	return w.Flush()
}

// WriteCommand writes a workflow command, such as error, with a title and a message from
// wherever they come.
func WriteCommand(out io.Writer, command, title, message string) error {
	lines := strings.Split(message, "\n")
	for i := range lines {
		lines[i] = Terminal(lines[i])
	}
	_, err := fmt.Fprintf(out, "::%s title=%s::%s\n", command, commandProperty(Terminal(title)), commandData(clip(strings.Join(lines, "\n"), maxCommandBytes)))
	return err
}
