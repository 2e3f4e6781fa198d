package transit_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/keys/transit"
	"github.com/codexlock/codexlock/internal/keys/transit/transittest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

func secret(b byte) []byte { return bytes.Repeat([]byte{b, 0, 'k', '\n'}, 8) }

func id(t *testing.T, secret []byte) string {
	t.Helper()
	key, err := vaulttime.NewKey([]byte(hex.EncodeToString(secret)))
	if err != nil {
		t.Fatal(err)
	}
	return key.ID()
}

// serve starts a Vault over TLS.
func serve(t *testing.T, h http.Handler) transit.Client {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	return transit.Client{Address: server.URL, Token: transittest.Token, Transport: server.Client().Transport}
}

// TestKeys: the latest version seals, by its number and not by its text, and is
// as strong as what Vault keeps.
func TestKeys(t *testing.T) {
	vault := &transittest.Server{Keys: map[string]map[int][]byte{"transit/core": {9: secret(9), 10: secret(10), 8: secret(8)}}}
	c := serve(t, vault)
	c.Namespace = "team"
	latest, old, err := c.Keys(t.Context(), "transit/core")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{latest.ID()}
	for _, k := range old {
		got = append(got, k.ID())
	}
	if want := []string{id(t, secret(10)), id(t, secret(9)), id(t, secret(8))}; !reflect.DeepEqual(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
	if latest.Weakness() != "" || latest.Len() != 64 {
		t.Errorf("the key %s, %d bytes", latest.Weakness(), latest.Len())
	}
	want := []string{"GET /v1/transit/export/hmac-key/core team", "POST /v1/transit/hmac/core/sha2-256 team"}
	if !reflect.DeepEqual(vault.Requests, want) {
		t.Errorf("asked %q, want %q", vault.Requests, want)
	}
}

// TestFaults: whatever Vault or the network does is an error that names the key
// and tells neither it nor the token.
func TestFaults(t *testing.T) {
	good := func() *transittest.Server {
		return &transittest.Server{Keys: map[string]map[int][]byte{"transit/core": {1: secret(1)}}}
	}
	answer := func(status int, text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, text) })
	}
	sealed, internal, other, short := good(), good(), good(), good()
	sealed.Sealed = true
	internal.Internal = map[string]bool{"transit/core": true}
	other.Exports = secret(2)
	short.Keys["transit/core"][1] = []byte("short")
	for name, c := range map[string]struct {
		vault   http.Handler
		place   string
		change  func(*transit.Client)
		message string
	}{
		"wrong token":    {good(), "transit/core", func(c *transit.Client) { c.Token = "hvs.wrong" }, "status 403: permission denied"},
		"no such key":    {good(), "transit/none", nil, "status 404"},
		"no such mount":  {good(), "kv/core", nil, "status 404"},
		"sealed":         {sealed, "transit/core", nil, "status 503: Vault is sealed"},
		"not exportable": {internal, "transit/core", nil, "private key material is not exportable"},
		"another key":    {other, "transit/core", nil, "not the key that it makes HMACs with"},
		"a short key":    {short, "transit/core", nil, "want"},
		"no place":       {good(), "core", nil, "want MOUNT/NAME"},
		"a longer place": {good(), "transit/core/export", nil, "want MOUNT/NAME"},
		"not JSON":       {answer(200, "<html>"), "transit/core", nil, "is not the JSON"},
		"another JSON":   {answer(200, `{"data":{"keys":["a"]}}`), "transit/core", nil, "is not the JSON"},
		"empty":          {answer(200, `{}`), "transit/core", nil, "no versions"},
		"a version":      {answer(200, `{"data":{"keys":{"latest":"AAAA"}}}`), "transit/core", nil, "version"},
		"not base64":     {answer(200, `{"data":{"keys":{"1":"*"}}}`), "transit/core", nil, "base64"},
		"endless":        {answer(200, strings.Repeat(" ", 2<<20)), "transit/core", nil, "longer than"},
		"a redirect": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}),
			"transit/core", nil, "status 307"},
		"many words":  {answer(500, `{"errors":["`+strings.Repeat("x", 5000)+`"]}`), "transit/core", nil, "…"},
		"in the open": {good(), "transit/core", func(c *transit.Client) { c.Address = "http://vault.example.com:8200" }, "not https:"},
		"no address":  {good(), "transit/core", func(c *transit.Client) { c.Address = "vault" }, "no address"},
		"a password":  {good(), "transit/core", func(c *transit.Client) { c.Address = "https://u:p@vault.example.com" }, "no address"},
		"nobody there": {good(), "transit/core", func(c *transit.Client) {
			c.Address = "https://127.0.0.1:1"
		}, "connection refused"},
	} {
		client := serve(t, c.vault)
		if c.change != nil {
			c.change(&client)
		}
		key, old, err := client.Keys(t.Context(), c.place)
		var told *transit.Error
		if !errors.As(err, &told) || told.Key != c.place || key.Len() > 0 || len(old) > 0 {
			t.Errorf("%s: %v, %d keys", name, err, len(old))
			continue
		}
		text := err.Error() + told.Hint()
		if (c.message != "want" && !strings.Contains(text, c.message)) || strings.Contains(text, "hvs.") || len(text) > 500 {
			t.Errorf("%s: %s, want %q", name, text, c.message)
		}
	}
}
