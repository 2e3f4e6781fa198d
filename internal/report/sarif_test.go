package report_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// sarifSchemaModule has the schema of OASIS in its test data, unchanged.
const sarifSchemaModule = "github.com/securego/gosec/v2@v2.30.0"

// sarifSchema is the official schema of SARIF 2.1.0, errata 01.
var sarifSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	out, err := exec.Command("go", "mod", "download", "-json", sarifSchemaModule).Output()
	var module struct{ Dir string }
	if jsonErr := json.Unmarshal(out, &module); err != nil || jsonErr != nil || module.Dir == "" {
		return nil, fmt.Errorf("fetch %s: %w, %w", sarifSchemaModule, err, jsonErr)
	}
	f, err := os.Open(filepath.Join(module.Dir, "report/sarif/testdata/sarif-schema-2.1.0.json"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	schema, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		return nil, err
	}
	id := schema.(map[string]any)["id"].(string)
	if id != "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json" {
		return nil, fmt.Errorf("the schema is %s", id)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(id, schema); err != nil {
		return nil, err
	}
	return c.Compile(id)
})

// A sarifLog is what the tests read of a log.
type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct{ ID, HelpURI string }
			}
		}
		Invocations []struct {
			ToolExecutionNotifications []struct{ Message struct{ Text string } }
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			Level               string
			Message             struct{ Text string }
			PartialFingerprints map[string]string
			Locations           []struct {
				PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
			}
		}
	}
}

// sarif writes a report as SARIF, which must be of its schema.
func sarif(t *testing.T, what string, r report.Report) (string, sarifLog) {
	t.Helper()
	schema, err := sarifSchema()
	if err != nil {
		t.Fatal(err)
	}
	text := write(t, "sarif", r, report.Options{})
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%.100q: %v", what, err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%.100q: %v\n%.2000s", what, err, text)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	return text, log
}

func TestSARIFIsOfItsSchema(t *testing.T) {
	schema, err := sarifSchema()
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(map[string]any{"version": "2.1.0"}); err == nil {
		t.Error("the schema takes a log without runs: it checks nothing")
	}
	for name, r := range reports() {
		_, log := sarif(t, name, r)
		run := log.Runs[0]
		for _, result := range run.Results {
			if run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
				t.Errorf("%s: rule %d is not %s", name, result.RuleIndex, result.RuleID)
			}
			if result.PartialFingerprints["primaryLocationLineHash"] == "" {
				t.Errorf("%s: a result without the fingerprint that code scanning reads", name)
			}
		}
		for _, rule := range run.Tool.Driver.Rules {
			if own := strings.HasPrefix(rule.ID, "acme."); own != (rule.HelpURI == "") {
				t.Errorf("%s: the page of %s is %q", name, rule.ID, rule.HelpURI)
			}
		}
	}
}

// TestSARIFHoldsNothingOfOthers: text from outside is no link, no placeholder and no other
// place, whatever it is.
func TestSARIFHoldsNothingOfOthers(t *testing.T) {
	more := []string{"](", "[click](https://example.com)", "{0}", "{{0}}", "../../etc/passwd", "/etc/passwd", "//example.com/x", "https://example.com/x", "a:b", "a%2e%2e/b", "?q#f", "é", "a b"}
	for _, s := range append(more, naughty...) {
		r := from(s)
		text, log := sarif(t, s, r)
		inert(t, "sarif", strings.TrimSuffix(text, "\n"))
		for i, result := range log.Runs[0].Results {
			if strings.Contains(result.Message.Text, "](") || regexp.MustCompile(`(^|[^{])\{[0-9]+\}`).MatchString(result.Message.Text) {
				t.Errorf("%.100q: the message is %.300q", s, result.Message.Text)
			}
			uri := result.Locations[0].PhysicalLocation.ArtifactLocation.URI
			u, err := url.Parse(uri)
			if err != nil {
				t.Fatalf("%.100q: %v", s, err)
			}
			want := r.Findings[i].File
			if want == "" {
				want = r.Findings[i].Artifact
			}
			if u.IsAbs() || u.Host != "" || u.RawQuery != "" || u.Fragment != "" || strings.HasPrefix(uri, "/") || (u.Path != want && want != "") {
				t.Errorf("%.100q: the place is %.300q", s, uri)
			}
		}
		for _, rule := range log.Runs[0].Tool.Driver.Rules {
			if rule.HelpURI != "" && !strings.HasPrefix(rule.HelpURI, "https://example.com") {
				t.Errorf("%.100q: the page is %.300q", s, rule.HelpURI)
			}
		}
	}
}

func FuzzSARIF(f *testing.F) {
	for _, s := range naughty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { sarif(t, s, from(s)) })
}

// TestSARIFStaysWithinItsLimits: no report makes a log that code scanning refuses.
func TestSARIFStaysWithinItsLimits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('!' + random.IntN('~'-'!'))
		}
		return string(b)
	}
	for name, count := range map[string]int{"short": 30_000, "long": 3000} {
		r := reports()["failure"]
		r.Findings = nil
		for i := range count {
			f := finding("lock.drift", fmt.Sprint("a", i), fmt.Sprint("a", i), "m")
			if name == "long" {
				f.Message = noise(8000)
			}
			r.Findings = append(r.Findings, f)
		}
		r.Findings = append([]decision.Finding{warning(finding("acme.first", "b", "b", "warned"))}, r.Findings...)
		var zipped bytes.Buffer
		text := write(t, "sarif", r, report.Options{}) // its schema is asked elsewhere: of so many results it takes long
		var log sarifLog
		if err := json.Unmarshal([]byte(text), &log); err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(&zipped)
		if _, err := z.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		z.Close()
		run := log.Runs[0]
		left := 0
		if len(run.Invocations[0].ToolExecutionNotifications) != 1 {
			t.Fatalf("%s: %d notifications", name, len(run.Invocations[0].ToolExecutionNotifications))
		}
		if _, err := fmt.Sscanf(run.Invocations[0].ToolExecutionNotifications[0].Message.Text, "%d findings left out", &left); err != nil {
			t.Error(err)
		}
		if n := len(run.Results); n > 25_000 || zipped.Len() > 10_000_000 || n+left != count+1 || n < 1000 {
			t.Errorf("%s: %d results and %d left out of %d, %d bytes, zipped %d", name, n, left, count+1, len(text), zipped.Len())
		}
		t.Logf("%s: %d results of %d, %d bytes, zipped %d", name, len(run.Results), count+1, len(text), zipped.Len())
	}
}

// TestSARIFTellsAlikeFindingsApart: two findings of one rule about one content are two
// alerts.
func TestSARIFTellsAlikeFindingsApart(t *testing.T) {
	r := message(nil, finding("script.shellcheck", model, model, "one"), finding("script.shellcheck", model, model, "two"))
	_, log := sarif(t, "alike", r)
	prints := map[string]bool{}
	for _, result := range log.Runs[0].Results {
		prints[result.PartialFingerprints["primaryLocationLineHash"]] = true
	}
	if len(prints) != 2 {
		t.Errorf("%v, want two fingerprints", prints)
	}
}
