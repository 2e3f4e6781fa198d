package measure

import (
	"strings"

	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/manifest"
)

// What rules ask of every artifact is told in words of which there are few: the
// same words are judged once (see policy's evaluationCache), and names, times and lists
// are only looked at where there is something to report.

// areas are the folders whose files the standard treats alike (ZT-6.1).
var areas = map[string]facts.Area{"assets/sources/": "sources", "assets/incoming/": "incoming", "assets/quarantine/": "quarantine"}

func areaOf(path string) facts.Area {
	for folder, area := range areas {
		if strings.HasPrefix(path, folder) {
			return area
		}
	}
	return "elsewhere"
}

// times is how often something is there.
func times(n int) facts.Times {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return "often"
}

// maxExcerpt is the longest text that is shown of a value that nothing bounds: as long as
// an oid, in bytes.
const maxExcerpt = 64

// excerpt is the begin of a text that anybody may have written.
func excerpt(text string) string {
	if len(text) > maxExcerpt {
		text = text[:maxExcerpt] + "…"
	}
	return document.Printable(text)
}

// yesNoUnknown is a JSON text of true or false as a word.
func yesNoUnknown(json string) facts.YesNoUnknown {
	switch json {
	case "true":
		return "yes"
	case "false":
		return "no"
	}
	return "unknown"
}

// told are the fields of a manifest that say something (ZT-11.1).
func told(m manifest.Manifest) []facts.ManifestField {
	var tool manifest.Tool
	if m.Toolchain != nil {
		tool = *m.Toolchain
	}
	fields := []facts.ManifestField{}
	for _, f := range []struct {
		name facts.ManifestField
		says bool
	}{
		{"creator", strings.TrimSpace(m.Creator) != ""},
		{"generated_at", m.GeneratedAt != ""},
		{"inputs", m.Inputs != nil},
		{"outputs", m.Outputs != nil},
		{"toolchain.name", strings.TrimSpace(tool.Name) != ""},
		{"toolchain.unstated", tool.Unstated},
		{"toolchain.version", strings.TrimSpace(tool.Version) != ""},
	} {
		if f.says {
			fields = append(fields, f.name)
		}
	}
	return fields
}
