package workbench

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// The lines of a README.md that begin and end the table of rules.
const (
	tableBegin = "<!-- rules:begin -->\n"
	tableEnd   = "<!-- rules:end -->\n"
)

// A Documented is a rule with the path of its page.
type Documented struct {
	decision.Rule
	Page string // relative to the working directory, with slashes; or an address
	Own  bool   // a rule of the owner's directories
}

// Document finds the pages of rules. dirs are the owner's directories; exists reports
// whether a file is in the working directory.
func Document(rules []decision.Rule, dirs []string, exists func(name string) bool) []Documented {
	documented := make([]Documented, len(rules))
	for i, r := range rules {
		d := Documented{Rule: r, Page: decision.PageURL(r.Code)}
		file, _, _ := strings.Cut(r.Source, " (in place of")
		for _, dir := range dirs {
			switch page := path.Join(dir, strings.ReplaceAll(r.Code, ".", "/"), "README.md"); {
			case r.Source == dir: // the standard itself
				d.Own, d.Page = true, page
			case strings.HasPrefix(file, dir+"/"):
				d.Own, d.Page = true, path.Join(path.Dir(file), "README.md")
				if !exists(d.Page) {
					d.Page = file
				}
			}
		}
		documented[i] = d
	}
	return documented
}

// RulesPage returns a page that describes all rules; name is the path that it will have.
func RulesPage(rules []Documented, name string) (string, error) {
	var b strings.Builder
	b.WriteString(`# Rules

<!-- Written by codexlock policy docs from the rules' METADATA: edit that, and run it again. -->

Every rule that the gate asks, by code: what has to hold, what is said where it does not, and the next step.

| rule | requirement | severity | what holds |
|---|---|---|---|
`)
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", r.Code, anchor(r.Code), r.Requirement, r.Severity, cell(r.Title))
	}
	area := ""
	for _, r := range rules {
		if a, _, _ := strings.Cut(r.Code, "."); a != area {
			area = a
			fmt.Fprintf(&b, "\n## %s\n", area)
		}
		page, err := link(r.Page, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n### %s\n\n**%s.** %s\n\n", r.Code, cell(r.Title), prose(r.Description))
		fmt.Fprintf(&b, "- Requirement: %s\n- Severity: %s, %s\n", r.Requirement, r.Severity, about(r))
		if r.EffectiveOn != "" {
			fmt.Fprintf(&b, "- Denies from %s on, and warns until then\n", r.EffectiveOn)
		}
		if r.Excepted != "" {
			fmt.Fprintf(&b, "- Excepted: %s, because other rules rely on it\n", r.Excepted)
		}
		if r.Excerpt != "" {
			fmt.Fprintf(&b, "- Excerpt: %s: no line of a file that it has a finding about is in a report\n", r.Excerpt)
		}
		if r.Optional {
			b.WriteString("- Optional: `rules` in codexlock.yaml may set it to `off` or `warn`\n")
		}
		if r.Fix != "" {
			fmt.Fprintf(&b, "- Next step: %s\n", prose(r.Fix))
		}
		text := "An example, and what it prints"
		if strings.HasSuffix(page, ".rego") {
			text = "The rule"
		}
		fmt.Fprintf(&b, "- [%s](%s)\n", text, page)
	}
	return b.String(), nil
}

// about describes the subject of a rule and its effect on the level.
func about(r Documented) string {
	text := map[string]string{"artifact": "about each artifact", "repository": "about the whole change", "exceptions": "about the exceptions"}[r.Subject]
	if r.Level.String() == "tier-1" {
		text += "; the artifact is tier-1 still"
	}
	return text
}

// Table inserts the table of the owner's rules into a page between its markers; ok is
// false for a page without markers. name is the path of the page.
func Table(page string, rules []Documented, name string) (filled string, ok bool, err error) {
	before, rest, found := strings.Cut(page, tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !found || !ends {
		return page, false, nil
	}
	var b strings.Builder
	b.WriteString("| rule | requirement | severity | what holds |\n|---|---|---|---|\n")
	for _, r := range rules {
		if !r.Own {
			continue
		}
		to, err := link(r.Page, name)
		if err != nil {
			return "", false, err
		}
		fmt.Fprintf(&b, "| [%s](%s) | %s | %s | %s |\n", r.Code, to, r.Requirement, r.Severity, cell(r.Title))
	}
	return before + tableBegin + b.String() + tableEnd + after, true, nil
}

// link returns the relative path from one page to another.
func link(to, from string) (string, error) {
	if strings.HasPrefix(to, "https://") {
		return to, nil
	}
	rel, err := filepath.Rel(filepath.FromSlash(path.Dir(from)), filepath.FromSlash(to))
	if err != nil {
		return "", fmt.Errorf("link %s to %s: %w", from, to, err)
	}
	return strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29").Replace(filepath.ToSlash(rel)), nil
}

// anchor returns GitHub's anchor for a heading.
func anchor(code string) string { return strings.ReplaceAll(strings.ToLower(code), ".", "") }

// prose formats text of METADATA, which may be Markdown, as one paragraph without HTML.
func prose(s string) string {
	return strings.ReplaceAll(report.Terminal(strings.Join(strings.Fields(s), " ")), "<", "&lt;")
}

// cell formats prose for a table cell.
func cell(s string) string { return strings.ReplaceAll(prose(s), "|", `\|`) }
