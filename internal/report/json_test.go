package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/codexlock/codexlock/internal/report"
)

// encoded is a value as a command prints it.
func encoded(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(report.JSON(&b))
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestJSONIsInert: JSON on a terminal or in a log holds no command of others and
// nothing that does not show, and means what it meant.
func TestJSONIsInert(t *testing.T) {
	for _, s := range append(naughty, "#", "[", "##", "\u0080\u009f\u009b31m", "\U000e0041#[") {
		for _, value := range []any{s, []string{s, "[" + s}, map[string]string{s: s + "#", "#": "["}} {
			text := encoded(t, value)
			if strings.Contains(text, "#[") {
				t.Errorf("%q is written as %s", s, text)
			}
			for _, r := range text {
				if r != '\n' && r != ' ' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs)) {
					t.Errorf("%q is written as %q", s, text)
					break
				}
			}
			for _, line := range runnerLines(text) {
				if c := runnerCommands(line); len(c) > 0 {
					t.Errorf("%q is a command: %+v", s, c)
				}
			}
			var got, want any
			b, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			for text, into := range map[string]*any{text: &got, string(b): &want} {
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
			}
			if encoded(t, got) != encoded(t, want) {
				t.Errorf("%q reads back as %#v, want %#v", s, got, want)
			}
		}
	}
	r := from("##[error]x\u009b31m")
	if text := write(t, "json", r, report.Options{}); strings.Contains(text, "##[") || strings.Contains(text, "\u009b") {
		t.Errorf("a report holds it raw: %s", text)
	}
}
