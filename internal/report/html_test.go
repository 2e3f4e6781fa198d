package report_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// many is a report of n artifacts in four trust domains, of which some are denied.
func many(n int) report.Report {
	d := decision.Decision{Source: "base", Digest: "sha256:" + sum, Rules: 72, Answers: 72 * n}
	for i := range n {
		domain := []string{"runtime-core", "training-data", "ingest", "build-tools"}[i%4]
		a := judged(fmt.Sprintf("assets/sources/%s/part-%05d.bin", domain, i), "unchanged", artifact.APlus)
		a.TrustDomain = domain
		a.ExpiresAt = fmt.Sprintf("2026-01-%02dT%02d:00:00Z", 1+i%7, i%24)
		switch {
		case i%10 == 1:
			f := finding("lock.drift", a.Path, "Codex-Lock.json", "sha256 is 9f86d081884c…, Codex-Lock.json records 2c26b46b68ff…")
			f.Line, f.Column, f.Cause = 7+6*i, 17, "lock.drift"
			f.Excerpt = &decision.Excerpt{Text: `      "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",`, Width: 66}
			g := finding("manifest.hash", a.Path, a.Path+".manifest.json", "sha256 is 9f86d081884c…, the manifest has 2c26b46b68ff…")
			g.Cause = "lock.drift"
			a.Level = artifact.NonCompliant
			d.Findings = append(d.Findings, f, g)
		case i%10 == 4:
			d.Findings = append(d.Findings, warning(finding("vaulttime.unbound", a.Path, a.Path+".vaulttime.json", "record has no proof")))
		case i%50 == 7:
			d.Findings = append(d.Findings, exception(finding("script.posix", a.Path, a.Path, "uses local, which POSIX does not have")))
		}
		d.Artifacts = append(d.Artifacts, a)
	}
	d.Found = found(d.Findings)
	return report.New(d, report.Meta{Scope: "all", Base: sum[:40], Head: sum[24:], EffectiveTime: "2026-01-01T12:00:00Z", Notes: []string{"3 renewed records count in place of those in the tree"}})
}

// pageParts are what of a page is structure: its tags with their attributes, and the texts
// of scripts and styles.
func pageParts(t *testing.T, text string) (tags []string, data string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(text))
	script := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return tags, data
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			one := token.Data
			for _, a := range token.Attr {
				one += " " + a.Key
				if a.Key == "id" {
					one += "=" + a.Val
					script = a.Val
				}
			}
			tags = append(tags, one)
		case html.TextToken:
			if script == "data" {
				data = string(z.Raw())
				script = ""
			}
		case html.EndTagToken:
			tags = append(tags, "/"+z.Token().Data)
		case html.CommentToken:
			tags = append(tags, "comment")
		}
	}
}

var linkAttributes = regexp.MustCompile(`(?i)\s(href|src|xlink:href|action|style|on[a-z]+)="([^"]*)"`)

// checkPage is the oracle: text from outside changes nothing of the page's structure, the
// script reads the text as it is shown, and no address is one of outside.
func checkPage(t *testing.T, s string) {
	t.Helper()
	text := write(t, "html", from(s), report.Options{})
	tags, data := pageParts(t, text)
	plain, _ := pageParts(t, write(t, "html", from("plain"), report.Options{}))
	if s != "" && strings.Join(tags, "\n") != strings.Join(plain, "\n") && report.Terminal(s) != "" {
		t.Errorf("%.200q: the structure is another one", s)
	}
	var read struct {
		Findings []struct{ Message, Subject, Rule, Page string }
	}
	if err := json.Unmarshal([]byte(data), &read); err != nil {
		t.Fatalf("%.200q: %v", s, err)
	}
	if got := read.Findings[0].Message; got != strings.ToValidUTF8(report.Terminal(s), "") {
		t.Errorf("%.200q: the script reads %.300q", s, got)
	}
	if strings.Contains(strings.ToLower(data), "</script") || strings.Contains(data, "<!--") {
		t.Errorf("%.200q: it ends the script", s)
	}
	for _, f := range read.Findings {
		if f.Page != "" && !strings.HasPrefix(f.Page, "https://example.com") {
			t.Errorf("%.200q: the page of a rule is %q", s, f.Page)
		}
	}
	for _, m := range linkAttributes.FindAllStringSubmatch(strings.Split(text, `id="data"`)[0], -1) {
		if m[1] != "href" || !strings.HasPrefix(m[2], "#") && !strings.HasPrefix(m[2], "https://example.com") && !strings.HasPrefix(m[2], "https://github.com/codexlock/codexlock") {
			t.Errorf("%.200q: it has %s", s, m[0])
		}
	}
	inert(t, "html", strings.Split(text, `id="data"`)[0])
}

func TestPagesHoldNoMarkupOfOthers(t *testing.T) {
	more := []string{"</script><script>alert(1)</script>", "</style>", "</title>", "<!--<script>", "]]>", "{{.}}", "${x}", "`${x}`", "'\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "\u2028alert(1)"}
	for _, s := range append(more, naughty...) {
		checkPage(t, s)
	}
}

func FuzzPage(f *testing.F) {
	for _, s := range naughty {
		f.Add(s)
	}
	f.Fuzz(checkPage)
}

// TestThePolicyOfAPageAllowsItsOwnPartsOnly: the page's policy has the digests of its one
// style and its one script, and allows nothing else.
func TestThePolicyOfAPageAllowsItsOwnPartsOnly(t *testing.T) {
	text := write(t, "html", many(10), report.Options{})
	between := func(begin, end string) string {
		_, rest, _ := strings.Cut(text, begin)
		part, _, found := strings.Cut(rest, end)
		if !found {
			t.Fatalf("no %s in the page", begin)
		}
		return part
	}
	want := "default-src 'none'; base-uri 'none'; form-action 'none'"
	for _, part := range [][3]string{{"style-src", "<style>", "</style>"}, {"script-src", "<script>", "</script>"}} {
		digest := sha256.Sum256([]byte(between(part[1], part[2])))
		want += "; " + part[0] + " 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
	}
	if got := html.UnescapeString(between(`http-equiv="Content-Security-Policy" content="`, `"`)); got != want {
		t.Errorf("policy %s\nwant   %s", got, want)
	}
	if strings.Contains(text, "src=") || regexp.MustCompile(`(?i)url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(`).MatchString(text) {
		t.Error("the page loads something, or parses text")
	}
}
