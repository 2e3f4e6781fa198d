package terminal

import (
	"fmt"
	"strings"
)

// Steps formats a numbered list of next steps.
func Steps(steps []string) string {
	var text strings.Builder
	text.WriteString("\nnext:\n")
	for i, s := range steps {
		fmt.Fprintf(&text, "  %d. %s\n", i+1, s)
	}
	return text.String()
}
