// Package transit exports the keys of trust domains from the transit engine of a HashiCorp
// Vault, which stores and versions them and logs each access. It reads only the keys that
// the base commit's configuration names, and stores none. A Vault that does not answer is an
// error, never a domain without a key.
package transit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/vaulttime"
)

const (
	// timeout bounds one request; the gate as a whole has 60 seconds.
	timeout = 10 * time.Second
	// maxAnswer is some 10,000 versions of a key, and a page of messages.
	maxAnswer = 1 << 20
	// maxTold is how much of what Vault says goes into a message.
	maxTold = 200
)

// A Client speaks to one Vault.
type Client struct {
	Address   string // https://…; http: to this machine only
	Token     string
	Namespace string // "" for the root's

	Transport http.RoundTripper // nil: the network
}

// An Error is a key that Vault did not give.
type Error struct {
	Key    string // MOUNT/NAME
	Reason string
	hint   string
	cause  error
}

func (e *Error) Error() string { return fmt.Sprintf("key %s of Vault: %s", e.Key, e.Reason) }

// Hint is the next step, "" where there is no plain one.
func (e *Error) Hint() string { return e.hint }

// Unwrap gives what the network said.
func (e *Error) Unwrap() error { return e.cause }

// Keys are the versions of a key at MOUNT/NAME: the latest seals, and the others
// verify as far as the configuration lets them. A VaultTime key is the hex form of
// what Vault keeps, because the standard's own command takes it from a variable,
// which holds no NUL. Its error is an *Error.
func (c Client) Keys(ctx context.Context, place string) (latest vaulttime.Key, old []vaulttime.Key, err error) {
	mount, name, ok := strings.Cut(place, "/")
	if !ok || mount == "" || name == "" || strings.Contains(name, "/") {
		return latest, nil, &Error{Key: place, Reason: "want MOUNT/NAME"}
	}
	keys, err := c.keys(ctx, mount, name)
	var known *Error
	switch {
	case errors.As(err, &known):
		known.Key = place
		return latest, nil, known
	case err != nil:
		return latest, nil, &Error{Key: place, Reason: err.Error(), cause: err}
	}
	return keys[0], keys[1:], nil
}

// keys are the versions, the latest first.
func (c Client) keys(ctx context.Context, mount, name string) ([]vaulttime.Key, error) {
	var exported struct {
		Data struct {
			Keys map[string]string `json:"keys"`
		} `json:"data"`
	}
	if err := c.ask(ctx, http.MethodGet, []string{"v1", mount, "export", "hmac-key", name}, nil, &exported); err != nil {
		return nil, err
	}
	secrets := map[int][]byte{}
	var versions []int
	for written, text := range exported.Data.Keys {
		version, err := strconv.Atoi(written)
		if err != nil || version < 1 || strconv.Itoa(version) != written {
			return nil, fmt.Errorf("it has the version %q, want a number", written)
		}
		secret, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(secret) < vaulttime.MinKeyBytes {
			return nil, fmt.Errorf("version %d is not base64 of at least %d bytes", version, vaulttime.MinKeyBytes)
		}
		secrets[version] = secret
		versions = append(versions, version)
	}
	if len(versions) == 0 {
		return nil, errors.New("it has no versions")
	}
	slices.Sort(versions)
	slices.Reverse(versions)
	if err := c.confirm(ctx, mount, name, versions[0], secrets[versions[0]]); err != nil {
		return nil, err
	}
	keys := make([]vaulttime.Key, 0, len(versions))
	for _, v := range versions {
		key, err := vaulttime.NewKey([]byte(hex.EncodeToString(secrets[v])))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// confirm has Vault make an HMAC and makes the same one: some versions of Vault
// export another key than they use (hashicorp/vault issue 20804).
func (c Client) confirm(ctx context.Context, mount, name string, version int, secret []byte) error {
	raw, err := vaulttime.NewKey(secret)
	if err != nil {
		return err
	}
	var answer struct {
		Data struct {
			HMAC string `json:"hmac"`
		} `json:"data"`
	}
	question := map[string]any{"input": base64.StdEncoding.EncodeToString([]byte(vaulttime.KeyIDMessage)), "key_version": version}
	if err := c.ask(ctx, http.MethodPost, []string{"v1", mount, "hmac", name, "sha2-256"}, question, &answer); err != nil {
		return err
	}
	text, ok := strings.CutPrefix(answer.Data.HMAC, "vault:v"+strconv.Itoa(version)+":")
	mac, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || !strings.HasPrefix(hex.EncodeToString(mac), raw.ID()) {
		return &Error{
			Reason: "what Vault exports is not the key that it makes HMACs with",
			hint:   "make the key with type=hmac, and with a current Vault: earlier ones export another key",
		}
	}
	return nil
}

// ask sends one request and reads its answer.
func (c Client) ask(ctx context.Context, method string, path []string, question, answer any) error {
	at, err := c.address(path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return err
	}
	request.Header.Set("X-Vault-Token", c.Token)
	request.Header.Set("X-Vault-Request", "true") // what an agent between us and Vault asks for
	if c.Namespace != "" {
		request.Header.Set("X-Vault-Namespace", c.Namespace)
	}
	client := http.Client{
		Transport: c.Transport,
		// A redirect would carry the token to where somebody else says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxAnswer:
		return fmt.Errorf("its answer is longer than %d bytes", maxAnswer)
	case response.StatusCode != http.StatusOK:
		return refusal(response.StatusCode, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return errors.New("its answer is not the JSON that Vault's API describes")
	}
	return nil
}

// address is where a request goes: over TLS, or to this very machine.
func (c Client) address(path []string) (string, error) {
	base, err := url.Parse(c.Address)
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return "", &Error{Reason: "VAULT_ADDR is no address such as https://vault.example.com:8200"}
	}
	host := base.Hostname()
	ip := net.ParseIP(host)
	if local := host == "localhost" || ip != nil && ip.IsLoopback(); base.Scheme != "https" && (base.Scheme != "http" || !local) {
		return "", &Error{Reason: "VAULT_ADDR is not https:, and the key would travel in the open"}
	}
	for i, part := range path {
		path[i] = url.PathEscape(part)
	}
	return base.JoinPath(path...).String(), nil
}

// refusal is an answer that is no success, in Vault's words and ours.
func refusal(status int, text []byte) error {
	var told struct {
		Errors []string `json:"errors"`
	}
	words := http.StatusText(status)
	if err := json.Unmarshal(text, &told); err == nil && len(told.Errors) > 0 {
		words = strings.Join(told.Errors, "; ")
	}
	if len(words) > maxTold {
		words = strings.ToValidUTF8(words[:maxTold], "") + "…"
	}
	e := &Error{Reason: fmt.Sprintf("status %d: %s", status, words)}
	switch status {
	case http.StatusForbidden:
		e.hint = "the token needs read on MOUNT/export/hmac-key/NAME and update on MOUNT/hmac/NAME/sha2-256"
	case http.StatusNotFound:
		e.hint = "make it: vault write -f MOUNT/keys/NAME type=hmac key_size=32 exportable=true"
	case http.StatusBadRequest:
		e.hint = "the key has to be exportable: vault write MOUNT/keys/NAME/config exportable=true"
	}
	return e
}
