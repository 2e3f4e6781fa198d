package vaulttime

import (
	"reflect"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// TestRenewalKeepsTheChain: a renewed record whose chain differs in any field of a link is no
// renewal; links that were decoded apart are the same.
func TestRenewalKeepsTheChain(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	text := `{"sha256":"` + hash + `","vaulttime":"` + hash + `","timestamp":"2026-01-01T00:00:00Z","trust_domain":"x","ttl_hours":1,"path":"p","attested_at":"2026-01-01T00:00:00Z","manifest_sha256":"` + hash + `","test_sha256":"` + hash + `","chain":[` +
		`{"sha256":"` + hash + `","vaulttime":"` + hash + `","timestamp":"2026-01-01T00:00:00Z","trust_domain":"y","ttl_hours":1,"path":"p","key_id":"0123456789abcdef","prev":"` + hash +
		`","proof":"` + strings.Repeat("A", 85) + `Q==","manifest_sha256":"` + hash + `","test_sha256":"` + hash + `","attested_at":"2026-01-01T00:00:00Z"}]}`
	decode := func() Record {
		r, _, err := DecodeRecord([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	d, err := artifact.ParseDigest(hash)
	if err != nil {
		t.Fatal(err)
	}
	if reason := decode().DiffersFrom(decode(), "p", d, d); reason != "" {
		t.Errorf("the same record differs: %s", reason)
	}
	fields := 0
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Link]()) {
		if f.Anonymous {
			continue
		}
		changed := decode()
		v := reflect.ValueOf(&changed.Chain[0]).Elem().FieldByIndex(f.Index)
		if v.IsZero() {
			t.Errorf("the link has no %s", f.Name)
		}
		v.SetZero()
		fields++
		if reason := decode().DiffersFrom(changed, "p", d, d); reason != "it has another chain" {
			t.Errorf("without %s of a link it is %q", f.Name, reason)
		}
		if v.Kind() != reflect.Pointer {
			continue
		}
		v.Set(reflect.New(v.Type().Elem())) // the zero value
		if reason := decode().DiffersFrom(changed, "p", d, d); reason != "it has another chain" {
			t.Errorf("with another %s of a link it is %q", f.Name, reason)
		}
	}
	if fields < 12 {
		t.Errorf("only %d fields were changed", fields)
	}
	none := decode()
	none.Chain = nil
	if reason := decode().DiffersFrom(none, "p", d, d); reason != "it has another chain" {
		t.Errorf("without a chain it is %q", reason)
	}
}
