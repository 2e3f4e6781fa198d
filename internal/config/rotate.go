package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// ErrLayout is a file with a layout that Rotate and Revoke cannot edit: its owner must edit it.
var ErrLayout = errors.New("its layout is not one that can be edited without touching the rest")

// Line formats the key as an item of public_keys.
func (p PublicKey) Line() string {
	return fmt.Sprintf("- {id: %q, key: %q, created_at: %q, state: %s}", p.ID, p.Key, vaulttime.FormatTime(p.CreatedAt), p.State)
}

// Rotate edits the text of a codexlock.yaml: next becomes the domain's current key, and
// the current key becomes retiring. Every other byte stays, comments and layout included.
// Rotate reads the result back, and returns ErrLayout if anything else changed.
func Rotate(name artifact.Path, text []byte, domain string, next PublicKey) ([]byte, error) {
	c, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	d, known := c.Domains[domain]
	if !known {
		return nil, fmt.Errorf("trust domain %q is not in %s", domain, name)
	}
	e := editor{config: c, at: "/trust_domains/" + domain, lines: strings.SplitAfter(string(text), "\n")}
	for i := len(d.PublicKeys) - 1; i >= 0; i-- { // from the end, so that earlier positions stay valid
		if d.PublicKeys[i].State == "current" {
			if err := e.set(i, "current", "retiring"); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if err := e.add(len(d.PublicKeys), next.Line()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	edited := []byte(strings.Join(e.lines, ""))
	if got, err := Parse(name, edited); err != nil || !sameButKeys(c, got, domain, rotated(d, next)) {
		return nil, fmt.Errorf("%s: %w", name, ErrLayout)
	}
	return edited, nil
}

// Revoke edits the text of a codexlock.yaml: the state of a domain's public key becomes
// revoked. Every other byte stays, comments and layout included. Revoke reads the result
// back, and returns ErrLayout if anything else changed.
func Revoke(name artifact.Path, text []byte, domain, id string) ([]byte, error) {
	c, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	d, known := c.Domains[domain]
	i := slices.IndexFunc(d.PublicKeys, func(p PublicKey) bool { return p.ID == id })
	if !known || i < 0 {
		return nil, fmt.Errorf("trust domain %q of %s lists no key %s", domain, name, id)
	}
	e := editor{config: c, at: "/trust_domains/" + domain, lines: strings.SplitAfter(string(text), "\n")}
	if err := e.set(i, d.PublicKeys[i].State, "revoked"); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	edited := []byte(strings.Join(e.lines, ""))
	want := slices.Clone(d.PublicKeys)
	want[i].State = "revoked"
	if got, err := Parse(name, edited); err != nil || !sameButKeys(c, got, domain, want) {
		return nil, fmt.Errorf("%s: %w", name, ErrLayout)
	}
	return edited, nil
}

// rotated returns the public keys of a domain after next became its current key.
func rotated(d Domain, next PublicKey) []PublicKey {
	keys := []PublicKey{next}
	for _, p := range d.PublicKeys {
		if p.State == "current" {
			p.State = "retiring"
		}
		keys = append(keys, p)
	}
	return keys
}

// sameButKeys reports whether the second configuration is the first with other public keys
// of one domain.
func sameButKeys(before, after Config, domain string, keys []PublicKey) bool {
	before.Domains = maps.Clone(before.Domains)
	d := before.Domains[domain]
	d.PublicKeys = keys
	before.Domains[domain] = d
	before.Document, after.Document = nil, nil
	return reflect.DeepEqual(before, after)
}

// An editor changes single values in a text.
type editor struct {
	config Config
	at     string // of the domain
	lines  []string
}

// place returns the position of a value: the index of its line, and the byte in it.
func (e *editor) position(pointer string) (line, column int, err error) {
	p, ok := e.config.Document.Position(pointer)
	if !ok || p.Line > len(e.lines) {
		return 0, 0, ErrLayout
	}
	text := e.lines[p.Line-1]
	for n := range text { // columns count characters
		if p.Column--; p.Column == 0 {
			return p.Line - 1, n, nil
		}
	}
	return 0, 0, ErrLayout
}

// insert puts text into a line, before a byte of it.
func (e *editor) insert(line, column int, text string) {
	e.lines[line] = e.lines[line][:column] + text + e.lines[line][column:]
}

// set replaces the state of a key.
func (e *editor) set(i int, from, to string) error {
	item := fmt.Sprintf("%s/public_keys/%d", e.at, i)
	if line, column, err := e.position(item + "/state"); err == nil {
		rest := e.lines[line][column:]
		e.lines[line] = e.lines[line][:column] + strings.Replace(rest, from, to, 1)
		return nil
	}
	line, column, err := e.position(item) // a key without a state is current
	if err != nil {
		return err
	}
	if e.lines[line][column] == '{' {
		e.insert(line, column+1, "state: "+to+", ")
	} else {
		e.insert(line, column, "state: "+to+"\n"+strings.Repeat(" ", column))
	}
	return nil
}

// add puts an item before the domain's public keys, of which there are n.
func (e *editor) add(n int, item string) error {
	line, column, err := e.position(e.at + "/public_keys")
	if err != nil {
		return e.begin(item)
	}
	text := e.lines[line]
	flow := strings.TrimPrefix(item, "- ")
	switch {
	case text[column] == '-':
		e.insert(line, column, item+"\n"+text[:column])
	case text[column] == '[' && n > 0:
		e.insert(line, column+1, flow+", ")
	case text[column] == '[':
		e.insert(line, column+1, flow)
	default:
		return ErrLayout
	}
	return nil
}

// begin inserts the list of a domain without one, above its first setting.
func (e *editor) begin(item string) error {
	line, column, err := e.position(e.at)
	if err != nil || e.lines[line][column] == '{' || strings.TrimSpace(e.lines[line][:column]) != "" {
		return ErrLayout
	}
	indent := e.lines[line][:column]
	e.insert(line, column, "public_keys:\n"+indent+"  "+item+"\n"+indent)
	return nil
}

// Age returns the age of a key in days at a time; known is false without created_at.
func (p PublicKey) Age(now time.Time) (days int, known bool) {
	if p.CreatedAt.IsZero() {
		return 0, false
	}
	return int(now.Sub(p.CreatedAt).Hours() / 24), true
}
