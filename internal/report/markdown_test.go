package report_test

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	raw "github.com/yuin/goldmark/renderer/html"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// renderer is GitHub's Markdown without the sanitizer that GitHub has: HTML
// that gets through is rendered.
var renderer = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(raw.WithUnsafe()))

var tag = regexp.MustCompile(`<[^>]*>?`)

func render(t *testing.T, markdown string) string {
	t.Helper()
	var b bytes.Buffer
	if err := renderer.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// link is a link to the page of a rule, as the tests have them.
var link = regexp.MustCompile(`<a href="https://(example\.com|github\.com/codexlock/codexlock)(/[A-Za-z0-9._~/-]*)?">(<code>[^<]*</code>)</a>`)

// tags are the tags of the rendered text, in their order. Links to the pages of rules are
// left out: not every text makes an address.
func tags(t *testing.T, markdown string) []string {
	t.Helper()
	return tag.FindAllString(link.ReplaceAllString(render(t, markdown), "$3"), -1)
}

// checkMarkdown is the oracle: text from outside changes nothing of the
// structure, whatever it is.
func checkMarkdown(t *testing.T, s string) {
	t.Helper()
	for _, limit := range []int{report.MaxStepSummaryBytes, report.MaxCheckTextBytes} {
		got := report.Markdown(from(s), limit)
		if len(got) > limit {
			t.Fatalf("%.50q: %d bytes, limit %d", s, len(got), limit)
		}
		inert(t, "markdown", strings.ReplaceAll(got, "⚠️", ""))
		if want := tags(t, report.Markdown(from("plain"), limit)); s != "" && !slices.Equal(tags(t, got), want) { // without a text there is no next step
			t.Errorf("%.300q: the structure is another one, of\n%.2000s", s, render(t, got))
		}
	}
	code := render(t, report.Code(s))
	if !regexp.MustCompile(`^<p><code>[^<]*</code></p>\n$`).MatchString(code) {
		t.Errorf("%.300q: as code it is %.300s", s, code)
	}
	if fence := regexp.MustCompile("`{17,}").FindString(strings.Trim(report.Code(s), "`")); fence != "" {
		t.Errorf("%.50q: a run of %d backticks", s, len(fence))
	}
	want := strings.ReplaceAll(report.Terminal(s), "|", `\u{007C}`)
	if strings.Contains(s, strings.Repeat("`", 17)) {
		want = strings.ReplaceAll(want, "`", `\u{0060}`)
	}
	shown := html.UnescapeString(strings.TrimSuffix(strings.TrimPrefix(code, "<p><code>"), "</code></p>\n"))
	if strings.Trim(shown, " ") != strings.Trim(want, " ") {
		t.Errorf("%.300q: as code it shows %.300q", s, shown)
	}
}

func TestMarkdownHoldsNoMarkupOfOthers(t *testing.T) {
	for _, s := range naughty {
		checkMarkdown(t, s)
	}
	plain := strings.Join(tags(t, report.Markdown(from("plain"), report.MaxCheckTextBytes)), "")
	for _, own := range []string{"<h2>", "<table>", "<td>", "<code>", "<p>", "<details>", "<summary>", "</details>", "<br>"} {
		if !strings.Contains(plain, own) {
			t.Errorf("no %s in %s", own, plain)
		}
	}
	if other := regexp.MustCompile(`<(/?(h2|h3|ul|li|table|thead|tbody|tr|th|td|code|p|br|details|summary))>`).ReplaceAllString(plain, ""); other != "" {
		t.Errorf("it renders %s, want nothing but a titles, tables, lists, code and paragraphs", other)
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range naughty {
		f.Add(s)
	}
	f.Fuzz(checkMarkdown)
}

// TestMarkdownCutsNothingOpen: under any limit the summary's structure is a
// part of the whole one.
func TestMarkdownCutsNothingOpen(t *testing.T) {
	for _, s := range []string{"plain", "<b>`|", strings.Repeat("`<i>", 400), "[x](https://example.com)"} {
		r := from(s)
		for limit := 0; limit < 4000; limit += 7 {
			got := report.Markdown(r, limit)
			if len(got) > limit || !utf8.ValidString(got) {
				t.Fatalf("limit %d: %d bytes, valid %v", limit, len(got), utf8.ValidString(got))
			}
			if other := regexp.MustCompile(`</?(h2|h3|ul|li|table|thead|tbody|tr|th|td|code|p|br|details|summary)>`).ReplaceAllString(strings.Join(tags(t, got), ""), ""); other != "" {
				t.Fatalf("limit %d: it renders %s:\n%s", limit, other, got)
			}
		}
	}
}

func TestMarkdownCountsWhatIsLeftOut(t *testing.T) {
	r := reports()["failure"]
	f := r.Findings[0]
	r.Findings = nil
	for i := range 3000 {
		f.Message = fmt.Sprintf("finding-%d", i)
		r.Findings = append(r.Findings, f)
	}
	for _, limit := range []int{1500, 10_000, report.MaxCheckTextBytes, report.MaxStepSummaryBytes, 100 << 20} {
		got := report.Markdown(r, limit)
		if len(got) > limit {
			t.Errorf("limit %d: %d bytes", limit, len(got))
		}
		shown, more := strings.Count(got, "finding-"), 0
		if at := strings.Index(got, "\n… and "); at >= 0 {
			if _, err := fmt.Sscanf(got[at:], "\n… and %d more, in the report.", &more); err != nil {
				t.Error(err)
			}
		}
		if shown+more != 3000 || (limit >= report.MaxStepSummaryBytes) != (more == 0) {
			t.Errorf("limit %d: %d findings shown and %d counted, want 3000", limit, shown, more)
		}
		if !strings.HasSuffix(got, ").\n") {
			t.Errorf("limit %d: it does not say what judged", limit)
		}
	}
}

// TestAFailureTrustsNothingDenied is a property over all small reports.
func TestAFailureTrustsNothingDenied(t *testing.T) {
	kinds := []decision.Finding{
		finding("lock.drift", "a", "f", "m"), finding("acme.x", "b", "f", "m"), finding("lock.missing", "", "f", "m"),
		warning(finding("acme.y", "a", "f", "m")), exception(finding("vaulttime.missing", "b", "f", "m")),
		{Rule: "acme.z", Severity: "note", Artifact: "b", File: "f", Message: "m"},
	}
	failures := 0
	for set := range 1 << len(kinds) {
		var findings []decision.Finding
		denied := map[string]bool{}
		for i, f := range kinds {
			if set>>i&1 == 0 {
				continue
			}
			findings = append(findings, f)
			if !f.Excepted && f.Severity != decision.Warn {
				denied[f.Artifact] = true
			}
		}
		r := message([]decision.Artifact{judged("a", "added", 2), judged("b", "modified", 2), judged("c", "removed", 2)}, findings...)
		if (r.Conclusion == report.Failure) != (len(denied) > 0) {
			t.Errorf("%v: conclusion %s", findings, r.Conclusion)
		}
		if r.Conclusion != report.Failure {
			continue
		}
		failures++
		for _, form := range forms {
			got := write(t, form.format, r, form.options)
			if strings.Contains(strings.ToLower(got), "trusted and current") {
				t.Errorf("%v: a failure says that all is well:\n%s", findings, got)
			}
			for _, path := range []string{"a", "b", "c"} {
				if (denied[path] || denied[""]) && (strings.Contains(got, "] "+path+" verified") || strings.Contains(got, "] "+path+" allowed") || strings.Contains(got, "] "+path+" removed")) {
					t.Errorf("%v: %s is denied and trusted:\n%s", findings, path, got)
				}
			}
		}
	}
	if failures == 0 {
		t.Error("no failure was told")
	}
}
