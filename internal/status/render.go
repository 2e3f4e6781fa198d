package status

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// JSON writes the status as JSON.
func (s Status) JSON(w io.Writer) error {
	enc := json.NewEncoder(report.JSON(w))
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}

// The text shows the first times of a domain, and the first artifacts of each.
const (
	shownExpiries = 8
	shownPaths    = 3
)

// Text writes the status for people; now is its effective time.
func (s Status) Text(w io.Writer, now time.Time) error {
	var b strings.Builder
	for _, d := range s.Domains {
		d.text(&b, now)
	}
	switch {
	case s.Artifacts == 0:
		b.WriteString("[!] there is no artifact\n")
	case s.Unrecorded > 0:
		fmt.Fprintf(&b, "[✗] %s\n", count(s.Unrecorded, "artifact has no record that can be read", "artifacts have no record that can be read"))
	}
	switch {
	case s.ValidUntil == "":
	case s.Expired > 0:
		fmt.Fprintf(&b, "[✗] %s: codexlock renew --expired\n", count(s.Expired, "record has expired", "records have expired"))
	default:
		left := time.Duration(s.RenewalSlackSeconds) * time.Second
		fmt.Fprintf(&b, "[✓] valid until %s: the renewal job may be dead for %s before the gate denies the default branch\n", s.ValidUntil, span(left))
	}
	if s.MinimumLevel != "a-plus" && s.ValidUntil != "" {
		fmt.Fprintf(&b, "      minimum_level is %s: an expired record alone denies nothing\n", s.MinimumLevel)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d Domain) text(b *strings.Builder, now time.Time) {
	name := "trust domain " + d.Name
	if d.Name == "" {
		name = "no trust domain is known"
	}
	fmt.Fprintf(b, "%s: %s", report.Terminal(name), count(d.Artifacts, "artifact", "artifacts"))
	if d.MaxTTLHours > 0 {
		fmt.Fprintf(b, ", records for at most %s", span(time.Duration(d.MaxTTLHours)*time.Hour))
	}
	b.WriteString("\n")
	for _, k := range d.Keys {
		k.text(b, now)
	}
	if len(d.without) > 0 {
		fmt.Fprintf(b, "  [✗] no record      %s\n", paths(d.without))
	}
	for i, e := range d.Expiries {
		if i == shownExpiries {
			n := 0
			for _, more := range d.Expiries[i:] {
				n += len(more.Paths)
			}
			fmt.Fprintf(b, "      later          %s, until %s\n", count(n, "artifact", "artifacts"), d.Expiries[len(d.Expiries)-1].At)
			break
		}
		if now.After(e.at) {
			fmt.Fprintf(b, "  [✗] expired        %s, %s ago: %s\n", e.At, span(now.Sub(e.at)), paths(e.Paths))
			continue
		}
		fmt.Fprintf(b, "      valid until    %s, for %s: %s\n", e.At, span(e.at.Sub(now)), paths(e.Paths))
	}
}

func (k Key) text(b *strings.Builder, now time.Time) {
	words := "age unknown, because it has no created_at"
	mark := "   "
	switch {
	case k.State == unlisted:
		words, mark = "records name it, and the configuration does not list it", "[!]"
	case k.AgeDays != nil:
		words = count(*k.AgeDays, "day old", "days old")
		if due, err := vaulttime.ParseTime(k.RotationDue); err == nil {
			if due.After(now) {
				words += fmt.Sprintf(", rotation due in %s", count(int(due.Sub(now)/(24*time.Hour)), "day", "days"))
			} else {
				words += ", rotation due: codexlock keys rotate"
				mark = "[!]"
			}
		}
	}
	if k.State == "revoked" && k.Records > 0 {
		mark = "[✗]"
	}
	fmt.Fprintf(b, "  %s key            %s %s, %s, %s\n", mark, report.Terminal(k.ID), k.State, words, count(k.Records, "record", "records"))
}

// paths lists the first of many.
func paths(all []string) string {
	shown := all
	if len(all) > shownPaths {
		shown = all[:shownPaths]
	}
	text := report.Terminal(strings.Join(shown, ", "))
	if more := len(all) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func count(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// span writes a duration in its two largest units, rounded down.
func span(d time.Duration) string {
	minutes := int64(d / time.Minute)
	days, hours, rest := minutes/(24*60), minutes/60%24, minutes%60
	switch {
	case days > 1 && hours > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case days > 1:
		return fmt.Sprintf("%d d", days)
	case days*24+hours > 0 && rest > 0:
		return fmt.Sprintf("%d h %d min", days*24+hours, rest)
	case days*24+hours > 0:
		return fmt.Sprintf("%d h", days*24+hours)
	}
	return fmt.Sprintf("%d min", rest)
}

// OpenMetrics writes the status as an OpenMetrics text exposition
// (https://prometheus.io/docs/specs/om/open_metrics_spec/). Times are seconds since the epoch.
func (s Status) OpenMetrics(w io.Writer) error {
	var b strings.Builder
	family := func(name, unit, help string) {
		fmt.Fprintf(&b, "# TYPE %s gauge\n", name)
		if unit != "" {
			fmt.Fprintf(&b, "# UNIT %s %s\n", name, unit)
		}
		fmt.Fprintf(&b, "# HELP %s %s\n", name, help)
	}
	perDomain := func(name, help string, value func(Domain) int64) {
		family(name, "", help)
		for _, d := range s.Domains {
			fmt.Fprintf(&b, "%s{trust_domain=\"%s\"} %d\n", name, label(d.Name), value(d))
		}
	}
	perDomain("codexlock_artifacts", "Artifacts of a trust domain.", func(d Domain) int64 { return int64(d.Artifacts) })
	perDomain("codexlock_records_expired", "Artifacts whose record has expired.", func(d Domain) int64 { return int64(d.Expired) })
	perDomain("codexlock_records_missing", "Artifacts without a record that can be read.", func(d Domain) int64 { return int64(d.Unrecorded) })
	family("codexlock_valid_until_timestamp_seconds", "seconds", "When the first record of a trust domain expires.")
	for _, d := range s.Domains {
		if len(d.Expiries) > 0 {
			fmt.Fprintf(&b, "codexlock_valid_until_timestamp_seconds{trust_domain=\"%s\"} %d\n", label(d.Name), d.Expiries[0].at.Unix())
		}
	}
	family("codexlock_renewal_slack_seconds", "seconds", "How long the renewal job may be dead before the first record expires.")
	fmt.Fprintf(&b, "codexlock_renewal_slack_seconds %d\n", s.RenewalSlackSeconds)
	family("codexlock_key_created_timestamp_seconds", "seconds", "When a key was made.")
	for _, d := range s.Domains {
		for _, k := range d.Keys {
			if !k.createdAt.IsZero() {
				fmt.Fprintf(&b, "codexlock_key_created_timestamp_seconds{trust_domain=\"%s\",key_id=\"%s\",state=\"%s\"} %d\n", label(d.Name), label(k.ID), label(k.State), k.createdAt.Unix())
			}
		}
	}
	b.WriteString("# EOF\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// label escapes the value of a label.
func label(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) }
