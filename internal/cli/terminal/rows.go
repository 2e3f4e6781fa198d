package terminal

import "strings"

// rowColumn is where the values of rows begin, and rowWidth the width from which on they do.
const rowColumn, rowWidth = 21, 60

// Rows wraps the lines of a text whose rows have a name and a value, for a terminal of so many
// columns: a value continues below its beginning, or where there is little room, below the name.
// Lines that begin with a mark are wrapped when they are printed.
func Rows(text string, columns int) string {
	if columns == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		row := strings.TrimLeft(line, " ")
		if strings.HasPrefix(row, "[") {
			continue
		}
		at, indent := len(line)-len(row), rowColumn
		if columns < rowWidth {
			at, indent = min(at, narrowIndent), 2*narrowIndent
			row = strings.Join(strings.Fields(row), " ")
		}
		lines[i] = strings.Repeat(" ", at) + wrap(row, at, indent, columns)
	}
	return strings.Join(lines, "\n")
}
