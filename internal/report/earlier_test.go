package report_test

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/report"
)

// TestEarlierReportsAreKnown: every report in every format, and nothing that a repository has.
func TestEarlierReportsAreKnown(t *testing.T) {
	all := reports()
	all["hostile"] = from("<title>")
	for name, r := range all {
		for _, format := range report.Formats() {
			for _, o := range []report.Options{{}, {Quiet: true}} {
				text := write(t, format, r, o)
				if !report.Earlier([]byte(text[:min(len(text), report.EarlierBytes)])) {
					t.Errorf("%s as %s is not known: %.200s", name, format, text)
				}
			}
		}
	}
	for _, text := range []string{
		"", "{\n  \"artifacts\": []\n}\n", "version: 1\n", "# Codexlock\n", "#!/bin/sh\n", "{\"schema\": \"codexlock.baseline/v1\"}", "<!DOCTYPE html>\n<title>Our page</title>",
		"<svg xmlns=\"http://www.w3.org/2000/svg\">", "[section]\n", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project/>",
		"{\n" + strings.Repeat(" ", 2*report.EarlierBytes) + "\"schema\": \"" + report.Schema + "\"}",
	} {
		if report.Earlier([]byte(text)) {
			t.Errorf("%.80q is taken for a report", text)
		}
	}
}
