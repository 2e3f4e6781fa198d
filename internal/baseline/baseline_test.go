package baseline_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/schemas"
)

func entry(path, rule string, n string) baseline.Entry {
	return baseline.Entry{Path: path, Rule: rule, SHA256: strings.Repeat(n, 64), File: path, Statement: strings.Repeat(n, 64)}
}

func TestWrittenSortedAndReadAgain(t *testing.T) {
	entries := []baseline.Entry{
		entry("b", "lock.drift", "1"), entry("a<&>\n\u2028", "script.shellcheck:SC2086", "2"), entry("b", "lock.drift", "0"),
		entry("b", "lock.drift", "1"), entry("b", "chain.broken", "9"),
	}
	text, err := baseline.Encode(entries)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines != 5+4 {
		t.Errorf("%d lines, want one for each of 4 findings:\n%s", lines, text)
	}
	slices.Reverse(entries)
	again, err := baseline.Encode(entries)
	if err != nil || string(again) != string(text) {
		t.Errorf("another order is another file: %v\n%s", err, again)
	}
	got, doc, err := baseline.Decode(text)
	if err != nil || !slices.Equal(got, baseline.Sorted(entries)) {
		t.Fatalf("read %+v, %v", got, err)
	}
	if at, ok := doc.Position(baseline.Pointer(1)); !ok || at.Line != 5 {
		t.Errorf("the second finding stands at %v, %v, want line 5", at, ok)
	}
	if text, err = baseline.Encode(nil); err != nil || string(text) != "{\n  \"version\": 2,\n  \"findings\": []\n}\n" {
		t.Errorf("an empty one is %q, %v", text, err)
	}
}

func TestReadStrictly(t *testing.T) {
	for _, text := range []string{
		"", "[]", "{}", `{"version":3,"findings":[]}`, `{"version":1}`, `{"version":1,"findings":[{}]}`, `{"version":1,"findings":[],"more":1}`,
		`{"version":1,"findings":[]} {}`, `{"version":1,"findings":[{"path":"a","rule":"b","sha256":"C","fingerprint":"d"}]}`,
		older(2), strings.Replace(older(1), `"fingerprint"`, `"file":"a","fingerprint"`, 1), newer(1),
		strings.Replace(newer(2), `"file":"a",`, "", 1), strings.Replace(newer(2), `"file"`, `"fingerprint":"`+strings.Repeat("2", 32)+`","file"`, 1),
	} {
		_, _, err := baseline.Decode([]byte(text))
		var bad *schemas.Error
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v, want a *schemas.Error", text, err)
		}
	}
}

func older(version int) string {
	return fmt.Sprintf(`{"version":%d,"findings":[{"path":"a","rule":"b","sha256":"%064d","fingerprint":"%032d"}]}`, version, 1, 2)
}

func newer(version int) string {
	return fmt.Sprintf(`{"version":%d,"findings":[{"path":"a","rule":"b","sha256":"%064d","file":"a","statement":"%064d"}]}`, version, 1, 2)
}

// What an older codexlock wrote is read.
func TestBothVersionsAreRead(t *testing.T) {
	for _, text := range []string{older(1), newer(2)} {
		if entries, _, err := baseline.Decode([]byte(text)); err != nil || len(entries) != 1 {
			t.Errorf("%s: %+v, %v", text, entries, err)
		}
	}
}
