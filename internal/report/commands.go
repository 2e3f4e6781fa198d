package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// maxCommands is how many errors, warnings and notices a runner shows of a step each
// (actions/runner, _maxCountPerIssueType).
const maxCommands = 10

// writeGitHub writes the report as workflow commands.
func writeGitHub(out io.Writer, r Report, _ Options) error {
	return WriteCommands(out, r, nil, "codexlock verify -f text prints all of them")
}

// WriteCommands writes the report as workflow commands, as many as a runner shows: the
// verdict first, the worst findings, and how many more there are and where. places is nil
// where nobody knows what the change touched.
func WriteCommands(out io.Writer, r Report, places Places, where string) error {
	w := bufio.NewWriter(out)
	notice := func(title, text string) {
		fmt.Fprintf(w, "::notice title=%s::%s\n", commandProperty(title), commandData(clip(text, maxCommandBytes)))
	}
	notice("Codexlock", Title(r))
	preview := previewLines(r.Preview)
	notes := r.Notes[:min(len(r.Notes), maxCommands-3)] // of the verdict, the preview and what is left out
	free := map[string]int{"failure": maxCommands, "warning": maxCommands, "notice": maxCommands - 3 - len(notes)}
	more := map[string]int{}
	a := annotator{places: places, rules: rulesByCode(r)}
	for _, c := range a.sorted(r) {
		level := levelOf(c)
		if free[level] == 0 {
			more[level]++
			continue
		}
		free[level]--
		writeAnnotation(w, a.annotation(c, maxCommandBytes))
	}
	if len(preview) > 0 {
		notice("Codexlock preview (not the verdict)", terminalLines(preview))
	}
	for _, note := range notes {
		notice("Codexlock", Terminal(note))
	}
	if words := moreWords(more, len(r.Notes)-len(notes)); words != "" {
		notice("Codexlock", words+": "+where)
	}
	return w.Flush()
}

// moreWords counts what is left out; "" for nothing.
func moreWords(more map[string]int, notes int) string {
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{more["failure"], "error"}, {more["warning"], "warning"}, {more["notice"], "excepted finding"}, {notes, "note"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d more %s", p.n, strings.TrimPrefix(Count(p.n, p.noun), fmt.Sprint(p.n)+" ")))
		}
	}
	return strings.Join(parts, ", ")
}

func writeAnnotation(w io.Writer, a Annotation) {
	command := map[string]string{"failure": "error", "warning": "warning", "notice": "notice"}[a.Level]
	file := ""
	if a.Path != "" {
		file = fmt.Sprintf("file=%s,line=%d,col=%d,", commandProperty(a.Path), a.StartLine, a.StartColumn)
	}
	fmt.Fprintf(w, "::%s %stitle=%s::%s\n", command, file, commandProperty(a.Title), commandData(a.Message))
}

// WriteCommand writes a workflow command, such as error, with a title and a message from
// wherever they come.
func WriteCommand(out io.Writer, command, title, message string) error {
	text := clip(terminalLines(strings.Split(message, "\n")), maxCommandBytes)
	_, err := fmt.Fprintf(out, "::%s title=%s::%s\n", command, commandProperty(Terminal(title)), commandData(text))
	return err
}
