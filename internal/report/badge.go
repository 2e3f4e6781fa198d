package report

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A badge is a verdict in two words. No text from outside is in it.
type badge struct{ message, color string }

// badgeLabel is what every badge begins with.
const badgeLabel = "codexlock"

// badgeColors are the names of shields.io for colours, and their values in the picture.
var badgeColors = map[string]string{"brightgreen": "#3c7d1e", "yellow": "#8a6d00", "red": "#b3241c", "lightgrey": "#6a6a6a"}

func badgeOf(r Report) badge {
	words := ""
	if r.Counts.Warn > 0 {
		words = ", " + Count(r.Counts.Warn, "warning")
	}
	switch {
	case r.Conclusion == Partial:
		return badge{r.Shard.Name() + " only", "lightgrey"}
	case r.Conclusion == Failure:
		return badge{"denied", "red"}
	case r.Counts.Artifacts == 0:
		return badge{"no artifact" + words, "lightgrey"}
	case r.Conclusion == Neutral:
		return badge{"passes" + words, "yellow"}
	case r.Level != artifact.APlus.String() || r.Counts.Excepted > 0:
		return badge{"passes", "yellow"}
	}
	return badge{"trusted", "brightgreen"}
}

// writeBadge writes the verdict as an SVG picture.
func writeBadge(w io.Writer, r Report, _ Options) error {
	b := badgeOf(r)
	width := func(s string) int { return 7*utf8.RuneCountInString(s) + 12 } // of Verdana, 11 pixels
	left, right := width(badgeLabel), width(b.message)
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s: %[3]s">
<title>%[2]s: %[3]s</title>
<clipPath id="r"><rect width="%[1]d" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="%[4]d" height="20" fill="#444"/><rect x="%[4]d" width="%[5]d" height="20" fill="%[6]s"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="%[7]d" y="14">%[2]s</text><text x="%[8]d" y="14">%[3]s</text></g>
</svg>
`, left+right, badgeLabel, b.message, left, right, badgeColors[b.color], left/2, left+right/2)
	return err
}

// writeBadgeJSON writes the verdict as shields.io reads it (shields.io, Endpoint Badge).
func writeBadgeJSON(w io.Writer, r Report, _ Options) error {
	b := badgeOf(r)
	return json.NewEncoder(w).Encode(struct {
		SchemaVersion int    `json:"schemaVersion"`
		Label         string `json:"label"`
		Message       string `json:"message"`
		Color         string `json:"color"`
		IsError       bool   `json:"isError"`
	}{1, badgeLabel, b.message, b.color, r.Conclusion == Failure})
}
