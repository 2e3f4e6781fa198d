package programs

import "testing"

// TestProgramsIsATable: the table can be read, and what is no table cannot.
func TestProgramsIsATable(t *testing.T) {
	table, err := readPrograms(programsText)
	if err != nil {
		t.Fatal(err)
	}
	if len(table) < 100 {
		t.Errorf("%d programs, want all of them", len(table))
	}
	for name, text := range map[string]string{
		"an unknown kind":         "a\n  urls -x\n",
		"an unknown operand":      "a\n  operands urls\n",
		"a list that goes on":     "a\n  operands url* text\n",
		"an option of two kinds":  "a\n  url -x\n  text -x\n",
		"a program of two blocks": "a\n  url -x\n\na\n  text -y\n",
		"a line without block":    "  url -x\n",
		"a line without words":    "a\n  url\n",
		"an unknown language":     "a\n  reads cobol\n",
		"an unknown style":        "a\n  style curly\n",
	} {
		if _, err := readPrograms(text); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}
