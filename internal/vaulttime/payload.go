package vaulttime

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxExactInteger is the largest number of hours that a payload can hold: RFC 8785
// (section 3.2.2.3) treats every number as a double, which is exact up to here.
const maxExactInteger = 1 << 53

// Payload returns the text that a proof signs: the RFC 8785 canonical JSON of the record. It
// contains only the fields that the record has, and always the chain. It fails for a
// record without a path or key id, because the proof would not bind them.
//
// The members are written one by one in the order that RFC 8785 sorts them in. Every
// judged artifact needs its payload, and marshalling and canonicalizing it would cost more
// than signing it. The tests compare the text with an implementation of the RFC.
func (r Record) Payload() ([]byte, error) {
	if err := r.checkPayload(); err != nil {
		return nil, err
	}
	o := object{text: make([]byte, 0, 640+len(*r.Path)+640*len(r.Chain))}
	o.time("attested_at", r.AttestedAt)
	o.chain("chain", r.Chain)
	o.string("key_id", r.KeyID)
	o.digest("manifest_sha256", (*[32]byte)(r.ManifestSHA256))
	o.string("path", string(*r.Path))
	o.digest("sha256", (*[32]byte)(&r.SHA256))
	o.digest("test_sha256", (*[32]byte)(r.TestSHA256))
	o.time("timestamp", &r.Timestamp)
	o.string("trust_domain", r.TrustDomain)
	o.integer("ttl_hours", r.TTLHours)
	o.digest("vaulttime", (*[32]byte)(&r.VaultTime))
	return append(o.text, '}'), nil
}

// checkPayload returns why the record has no payload, or nil. Text that is not UTF-8 cannot
// be JSON: with replaced bytes, two trust domains could share a proof.
func (r Record) checkPayload() error {
	switch {
	case r.Path == nil || *r.Path == "":
		return errors.New("the record names no path")
	case r.KeyID == "":
		return errors.New("the record names no key")
	}
	if err := checkMembers(r.TrustDomain, string(*r.Path), r.KeyID, "", "", r.TTLHours); err != nil {
		return err
	}
	for _, l := range r.Chain {
		path := ""
		if l.Path != nil {
			path = string(*l.Path)
		}
		if err := checkMembers(l.TrustDomain, path, l.KeyID, l.Prev, l.Proof, l.TTLHours); err != nil {
			return fmt.Errorf("chain: %w", err)
		}
	}
	return nil
}

func checkMembers(domain, path, keyID, prev, proof string, hours int64) error {
	for _, member := range [...]struct{ name, value string }{
		{"trust_domain", domain}, {"path", path}, {"key_id", keyID}, {"prev", prev}, {"proof", proof},
	} {
		if !utf8.ValidString(member.value) {
			return fmt.Errorf("%s %q is not valid UTF-8", member.name, member.value)
		}
	}
	if hours > maxExactInteger || hours < -maxExactInteger {
		return fmt.Errorf("ttl_hours is %d, want at most %d", hours, int64(maxExactInteger))
	}
	return nil
}

// An object is the canonical text of a JSON object that is being written. The caller
// gives the members in the order of their names and closes it.
type object struct {
	text  []byte
	begun bool
}

func (o *object) name(name string) {
	if o.begun {
		o.text = append(o.text, ',')
	} else {
		o.text = append(o.text, '{')
		o.begun = true
	}
	o.text = append(append(append(o.text, '"'), name...), `":`...)
}

func (o *object) string(name, value string) {
	o.name(name)
	o.text = appendString(o.text, value)
}

// optional writes a text that is left out where it is empty.
func (o *object) optional(name, value string) {
	if value != "" {
		o.string(name, value)
	}
}

func (o *object) integer(name string, value int64) {
	o.name(name)
	o.text = strconv.AppendInt(o.text, value, 10)
}

// digest writes 32 bytes in hex; nil is left out.
func (o *object) digest(name string, value *[32]byte) {
	if value == nil {
		return
	}
	o.name(name)
	o.text = append(hex.AppendEncode(append(o.text, '"'), value[:]), '"')
}

// time writes a moment; nil is left out.
func (o *object) time(name string, value *Time) {
	if value == nil {
		return
	}
	o.name(name)
	o.text = append(value.UTC().AppendFormat(append(o.text, '"'), timeForm), '"')
}

func (o *object) chain(name string, links []Link) {
	o.name(name)
	o.text = append(o.text, '[')
	for i, l := range links {
		if i > 0 {
			o.text = append(o.text, ',')
		}
		o.text = l.append(o.text)
	}
	o.text = append(o.text, ']')
}

// append writes the link as a record's file has it, without the fields that are empty.
func (l Link) append(out []byte) []byte {
	o := object{text: out}
	o.time("attested_at", l.AttestedAt)
	o.optional("key_id", l.KeyID)
	o.digest("manifest_sha256", (*[32]byte)(l.ManifestSHA256))
	if l.Path != nil {
		o.string("path", string(*l.Path))
	}
	o.optional("prev", l.Prev)
	o.optional("proof", l.Proof)
	o.digest("sha256", (*[32]byte)(&l.SHA256))
	o.digest("test_sha256", (*[32]byte)(l.TestSHA256))
	o.time("timestamp", &l.Timestamp)
	o.string("trust_domain", l.TrustDomain)
	o.integer("ttl_hours", l.TTLHours)
	o.digest("vaulttime", (*[32]byte)(&l.VaultTime))
	return append(o.text, '}')
}

// appendString writes a JSON string as RFC 8785 (section 3.2.2.2) does: it escapes the
// quote, the backslash and the controls below U+0020, each in its shortest form, and
// writes every other character as it is.
func appendString(out []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, `\b`...)
		case '\t':
			out = append(out, `\t`...)
		case '\n':
			out = append(out, `\n`...)
		case '\f':
			out = append(out, `\f`...)
		case '\r':
			out = append(out, `\r`...)
		default:
			if c < ' ' {
				out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			} else {
				out = append(out, c)
			}
		}
	}
	return append(out, '"')
}
