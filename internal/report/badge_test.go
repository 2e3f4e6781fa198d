package report_test

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// TestBadges: the two badges say the same, and only a verdict without reservations is green.
func TestBadges(t *testing.T) {
	all := reports()
	all["shard"] = report.New(decision.Decision{}, report.Meta{Shard: &report.Shard{Index: 2, Total: 3}})
	for name, want := range map[string]string{
		"success": "trusted brightgreen", "work_tree": "trusted brightgreen", "neutral": "passes, 1 warning yellow", "failure": "denied red",
		"whole_change": "denied red", "excepted": "passes yellow", "lower_level": "passes, 1 warning yellow", "empty": "no artifact lightgrey",
		"shard": "shard 2 of 3 only lightgrey",
	} {
		var b struct {
			SchemaVersion         int
			Label, Message, Color string
			IsError               bool
		}
		if err := json.Unmarshal([]byte(write(t, "badge-json", all[name], report.Options{})), &b); err != nil {
			t.Fatal(err)
		}
		if got := b.Message + " " + b.Color; got != want || b.SchemaVersion != 1 || b.Label != "codexlock" || b.IsError != (b.Color == "red") {
			t.Errorf("%s: %+v, want %s", name, b, want)
		}
		var picture struct {
			Title string   `xml:"title"`
			Texts []string `xml:"g>text"`
		}
		if err := xml.Unmarshal([]byte(write(t, "badge", all[name], report.Options{})), &picture); err != nil {
			t.Fatal(err)
		}
		if picture.Title != "codexlock: "+b.Message || strings.Join(picture.Texts, " ") != "codexlock "+b.Message {
			t.Errorf("%s: the picture says %+v", name, picture)
		}
	}
	for _, s := range naughty {
		if got, want := write(t, "badge", from(s), report.Options{}), write(t, "badge", from("plain"), report.Options{}); got != want {
			t.Errorf("%.50q is in a badge: %s", s, got)
		}
	}
}
