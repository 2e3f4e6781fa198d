package status

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const rotation = 90 * 24 * time.Hour

func sample(t *testing.T) config.Config {
	t.Helper()
	c, err := config.Parse("codexlock.yaml", []byte(`version: 1
trust_domains:
  a:
    max_ttl_hours: 24
    public_keys:
      - {id: "1111111111111111", key: "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", created_at: "2026-02-01T00:00:00Z", state: current}
      - {id: "2222222222222222", key: "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", state: retiring}
  b: {}
`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func record(path, domain, key string, left time.Duration) Record {
	return Record{Path: artifact.Path(path), Domain: domain, KeyID: key, Expires: now.Add(left)}
}

func TestStatus(t *testing.T) {
	s := New(sample(t), []Record{
		record("x", "a", "1111111111111111", 30*time.Hour),
		record("z", "a", "2222222222222222", 10*time.Hour),
		record("y", "a", "1111111111111111", 10*time.Hour),
		record("w", "b", "3333333333333333", 50*time.Hour),
	}, now, rotation)
	if s.ValidUntil != "2026-03-01T22:00:00Z" || s.RenewalSlackSeconds != 36000 || s.Artifacts != 4 || s.Expired != 0 {
		t.Errorf("status is %+v", s)
	}
	for until, want := range map[time.Duration]int{9 * time.Hour: 0, 10 * time.Hour: 0, 11 * time.Hour: 2, 36 * time.Hour: 3, 100 * time.Hour: 4} {
		if got := s.Within(now.Add(until)); got != want {
			t.Errorf("%d expire within %s, want %d", got, until, want)
		}
	}
	var text bytes.Buffer
	if err := s.Text(&text, now); err != nil {
		t.Fatal(err)
	}
	want := `trust domain a: 3 artifacts, records for at most 24 h
      key            1111111111111111 current, 28 days old, rotation due in 61 days, 2 records
      key            2222222222222222 retiring, age unknown, because it has no created_at, 1 record
      valid until    2026-03-01T22:00:00Z, for 10 h: y, z
      valid until    2026-03-02T18:00:00Z, for 30 h: x
trust domain b: 1 artifact, records for at most 24 h
  [!] key            3333333333333333 unlisted, records name it, and the configuration does not list it, 1 record
      valid until    2026-03-03T14:00:00Z, for 2 d 2 h: w
[✓] valid until 2026-03-01T22:00:00Z: the renewal job may be dead for 10 h before the gate denies the default branch
`
	if text.String() != want {
		t.Errorf("text is\n%s\nwant\n%s", &text, want)
	}
}

// TestNothingIsValid: what has expired, or has no record, leaves the renewal job no time.
func TestNothingIsValid(t *testing.T) {
	for name, more := range map[string]Record{
		"expired":   record("old", "a", "1111111111111111", -time.Minute),
		"no record": {Path: "bare"},
	} {
		s := New(sample(t), []Record{record("x", "a", "1111111111111111", time.Hour), more}, now, rotation)
		if s.RenewalSlackSeconds != 0 || s.Within(now) != 1 {
			t.Errorf("%s: slack is %d s and %d are not valid now", name, s.RenewalSlackSeconds, s.Within(now))
		}
		var text bytes.Buffer
		if err := s.Text(&text, now); err != nil || !strings.Contains(text.String(), "[✗]") {
			t.Errorf("%s: %v\n%s", name, err, &text)
		}
	}
	s := New(sample(t), nil, now, rotation)
	if s.ValidUntil != "" || s.RenewalSlackSeconds != 0 {
		t.Errorf("without artifacts it is %+v", s)
	}
}

// TestOpenMetrics: the text of https://prometheus.io/docs/specs/om/open_metrics_spec/: each
// family once, its samples after it, and # EOF last.
func TestOpenMetrics(t *testing.T) {
	s := New(sample(t), []Record{record("x", "a\"\\\n", "1111111111111111", time.Hour)}, now, rotation)
	var out bytes.Buffer
	if err := s.OpenMetrics(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if n := len(lines); lines[n-1] != "" || lines[n-2] != "# EOF" {
		t.Errorf("it ends with %q", lines[n-2:])
	}
	if want := `codexlock_valid_until_timestamp_seconds{trust_domain="a\"\\\n"} ` + "1772370000"; !strings.Contains(out.String(), want) {
		t.Errorf("no line %s in\n%s", want, &out)
	}
	family, seen := "", map[string]bool{}
	for _, line := range lines {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || line == "# EOF":
		case fields[0] == "#" && fields[1] == "TYPE":
			if seen[fields[2]] {
				t.Errorf("family %s twice", fields[2])
			}
			family, seen[fields[2]] = fields[2], true
		case fields[0] == "#":
			if fields[2] != family || fields[1] == "UNIT" && !strings.HasSuffix(family, "_"+fields[3]) {
				t.Errorf("%s in the family %s", line, family)
			}
		case !strings.HasPrefix(line, family+"{") && !strings.HasPrefix(line, family+" "):
			t.Errorf("%s in the family %s", line, family)
		}
	}
	if len(seen) < 6 {
		t.Errorf("%d families", len(seen))
	}
}

// TestSchema: every status matches schemas/status.json.
func TestSchema(t *testing.T) {
	for name, records := range map[string][]Record{
		"none":          nil,
		"no record":     {{Path: "bare"}},
		"expired":       {record("old", "a", "1111111111111111", -time.Minute)},
		"unlisted key":  {record("w", "b", "3333333333333333", 50*time.Hour)},
		"other domains": {record("w", "nobody's", "", time.Hour)},
	} {
		if err := schemas.ValidateAny(kinds.Status, New(sample(t), records, now, rotation)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJSON(t *testing.T) {
	s := New(sample(t), []Record{record("x", "a", "1111111111111111", time.Hour)}, now, rotation)
	var out bytes.Buffer
	if err := s.JSON(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := schemas.Decode(kinds.Status, out.Bytes(), nil); err != nil {
		t.Errorf("it does not match schemas/status.json: %v", err)
	}
	var back Status
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Schema != Schema || len(back.Domains) != 2 || back.Domains[0].Expiries[0].Paths[0] != "x" {
		t.Errorf("%v\n%s", err, &out)
	}
}
