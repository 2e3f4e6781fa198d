package explain

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/report"
)

// Text writes an explanation for a person. With every, it also names each rule that
// holds.
func Text(w io.Writer, e Explanation, every bool) error {
	t := &renderer{}
	fmt.Fprintf(&t.b, "%s\n\n", safe(e.Path))
	if e.Asked != "" {
		t.line("asked", "%s, which is one of its companions", safe(e.Asked))
	}
	t.line("artifact", "%s", eligibility(e.Artifact))
	if e.Artifact.Artifact {
		t.content(e.Content)
		t.companions(e.Companions)
		t.domain(e)
		t.record(e.Record)
		t.exceptions(e.Exceptions)
		t.settings(e.Settings)
		t.rules(e.Rules, every)
		t.level(e.Level)
	}
	fmt.Fprintf(&t.b, "\nnext: %s\n", safe(e.Next))
	_, err := w.Write(t.b.Bytes())
	return err
}

// safe escapes text from outside for a terminal.
func safe(s string) string { return report.Terminal(s) }

// A renderer writes lines under headings; it writes each heading once.
type renderer struct {
	b    bytes.Buffer
	last string
}

func (t *renderer) line(heading, format string, args ...any) {
	shown := heading
	if heading == t.last {
		shown = ""
	}
	t.last = heading
	fmt.Fprintf(&t.b, "  %-11s %s\n", shown, fmt.Sprintf(format, args...))
}

// eligibility describes why a path is an artifact or not.
func eligibility(s Eligibility) string {
	where := "the default"
	if s.Config != "" {
		where = "artifacts.include of " + s.Config
	}
	var why []string
	if s.Pattern != "" && s.Excluded == "" {
		why = append(why, fmt.Sprintf("%s has the pattern %s", where, s.Pattern))
	}
	switch {
	case s.Listed && s.Line > 0:
		why = append(why, fmt.Sprintf("%s lists it in line %d", ledger.Path, s.Line))
	case s.Listed:
		why = append(why, fmt.Sprintf("%s lists it", ledger.Path))
	case s.ListedInBase:
		why = append(why, fmt.Sprintf("the base's %s lists it", ledger.Path))
	}
	switch {
	case s.Artifact && len(why) == 0:
		return "yes: it is named like a companion whose artifact does not exist"
	case s.Artifact:
		return "yes: " + safe(strings.Join(why, ", and "))
	case s.CompanionOf != "":
		return "no: it is a companion of " + safe(s.CompanionOf)
	case s.Excluded != "":
		return fmt.Sprintf("no: artifacts.exclude of %s has the pattern %s, and %s does not list it", s.Config, safe(s.Excluded), ledger.Path)
	}
	return fmt.Sprintf("no: no pattern of %s matches it, and %s does not list it", where, ledger.Path)
}

func (t *renderer) content(c *Content) {
	change := string(c.Change)
	if c.Base != "" {
		change += " since " + c.Base[:min(len(c.Base), 10)]
	}
	switch {
	case c.SHA256 == "" && c.Kind == "absent":
		t.line("content", "missing, %s", change)
	case c.SHA256 == "":
		t.line("content", "none that can be hashed: its kind is %s, %s", safe(string(c.Kind)), change)
	default:
		t.line("content", "sha256 %s, %s, %s", c.SHA256, size(c), change)
	}
}

func size(c *Content) string {
	if c.Size == nil {
		return "of unknown size"
	}
	words := fmt.Sprintf("%d bytes", *c.Size)
	if *c.Size == 1 {
		words = "1 byte"
	}
	if c.Proof == "lfs-oid" {
		words += " in Git LFS, of which only the pointer is here"
	}
	return words
}

var companionNames = map[string]string{"manifest": "manifest", "vaulttime": "record", "test": "test"}

var stateNames = map[facts.DocumentState]string{
	"valid": "exists", "absent": "is missing", "invalid": "is malformed",
	"irregular": "is no regular file", "twice": "stands in two places",
}

func (t *renderer) companions(all []Companion) {
	for _, c := range all {
		state, ok := stateNames[c.State]
		if !ok {
			state = string(c.State)
		}
		if c.Also != "" {
			state += ", also " + safe(c.Also)
		}
		t.line("companions", "%-8s  %s: %s", companionNames[c.Kind], safe(c.Path), state)
	}
}

func (t *renderer) domain(e Explanation) {
	d, k := e.Domain, e.Key
	if d == nil {
		words := ""
		if e.DomainFor != "" {
			words = fmt.Sprintf("; attested, it becomes %s, whose paths name it", safe(e.DomainFor))
		}
		t.line("domain", "none: neither a record nor %s names one%s", ledger.Path, words)
		return
	}
	says := map[string]string{"record": "its VaultTime record names it", "ledger": "its ledger entry names it, and there is no record to read"}[d.Because]
	t.line("domain", "%s: %s; %s", safe(d.Name), says, owns(d))
	switch {
	case k == nil:
		t.line("key", "none: the domain is unknown")
	case !k.Held:
		t.line("key", "%s, which this run does not have: the signature cannot be checked; %s", safe(k.Source), safe(k.Hint))
	default:
		t.line("key", "%s, which this run has (key id %s)%s", safe(k.Source), safe(k.ID), signed(k))
	}
}

func owns(d *Domain) string {
	switch {
	case d.State == "unknown":
		return "the configuration does not know it"
	case d.State == "open":
		return "without a configuration any name is a domain"
	case d.Paths == "outside":
		return "the path is not one of this domain's"
	case d.Paths == "claimed":
		return "it names no paths, and another domain names this one"
	case d.Paths == "open":
		return "the configuration knows it, and lets it have any path"
	}
	return "the configuration knows it, and the path is one of its own"
}

// signed describes the result of checking the record.
func signed(k *Key) string {
	switch k.Signature {
	case "valid":
		return ": it signed the record"
	case "invalid":
		other := ": the record was not signed with it"
		if k.Record != "" && k.Record != k.ID {
			other += ", but with key id " + safe(k.Record)
		}
		return other
	}
	return ""
}

func (t *renderer) record(r *Record) {
	switch {
	case r == nil:
		t.line("valid", "no: there is no VaultTime record that can be read")
	case r.Left < 0:
		t.line("valid", "no: it expired at %s, %s ago", safe(r.Expires), span(-r.Left))
	default:
		t.line("valid", "until %s, %s left (signed %s for %d hours)", safe(r.Expires), span(r.Left), safe(r.Signed), r.TTLHours)
	}
	if r != nil && r.Renewal != nil {
		t.line("renewal", "%s", safe(renewal(*r.Renewal)))
	}
}

// renewal says which record counts.
func renewal(n facts.Renewal) string {
	const ref = "refs/codexlock/vaulttime"
	switch n.State {
	case facts.RenewalCounts:
		return "the record in " + ref + " counts"
	case facts.RenewalAbsent:
		return "none in " + ref + ": the record in the tree counts"
	}
	says := "the record in " + ref + " does not count (" + string(n.State)
	if n.Reason != "" {
		says += ": " + n.Reason
	}
	return says + "): the record in the tree does"
}

// span formats a time in its two largest units.
func span(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

func (t *renderer) exceptions(all []Exception) {
	if len(all) == 0 {
		t.line("exceptions", "none for this path")
	}
	for _, x := range all {
		t.line("exceptions", "%s by %s, %s: %s", safe(x.Rule), safe(x.Owner), safe(x.until()), safe(x.Reason))
	}
}

func (t *renderer) settings(all []Exception) {
	for _, x := range all {
		t.line("rule set", "%s to %s by %s, %s: %s", safe(x.Rule), x.Level, safe(x.Owner), safe(x.until()), safe(x.Reason))
	}
}

// until formats how long the exception is valid.
func (x Exception) until() string {
	if x.Expired {
		return "expired at " + x.Expires + ", so it no longer holds"
	}
	return "until " + x.Expires
}

func (t *renderer) rules(all []Rule, every bool) {
	count := map[string]int{}
	for _, r := range all {
		count[r.Verdict]++
	}
	words := fmt.Sprintf("%d asked: %d hold", len(all), count[Holds])
	for _, v := range []struct{ verdict, words string }{{Found, "has findings"}, {Excepted, "has only excepted findings"}} {
		if n := count[v.verdict]; n > 0 {
			words += fmt.Sprintf(", %d %s", n, v.words)
		}
	}
	t.line("rules", "%s", words)
	for _, r := range all {
		if every && r.Verdict == Holds {
			t.line("rules", "[✓] %s [%s]", safe(r.Title), safe(r.Code))
		}
		for _, f := range r.Findings {
			t.line("rules", "[%s] %s [%s]", mark(f), safe(f.Message), safe(r.Code))
		}
	}
}

func mark(f decision.Finding) string {
	switch {
	case f.Excepted:
		return "~"
	case f.Severity == decision.Warn:
		return "!"
	}
	return "✗"
}

func (t *renderer) level(l *Level) {
	words := l.Level.String()
	switch {
	case len(l.Cost) > 0:
		words += ", for what these found: " + safe(strings.Join(l.Cost, ", "))
	case l.Level == artifact.APlus:
		words += ": nothing denies it"
	}
	t.line("level", "%s; %s is wanted here", words, l.Minimum)
}
