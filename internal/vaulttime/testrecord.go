package vaulttime

import (
	"bytes"
	"time"
)

// TestRecord returns the text of a record with this key's HMAC instead of its own, and its
// times shifted. A test in the sandbox, which does not get the domain's key, reads it. The
// rest of the text is unchanged, so the proof is no longer valid.
func (k Key) TestRecord(text []byte, r Record, shift time.Duration) []byte {
	if k.reveal == nil {
		return text
	}
	mac := authenticate(k.reveal().secret, r.SHA256.String())
	text = bytes.ReplaceAll(text, []byte(`"`+r.VaultTime.String()+`"`), []byte(`"`+mac.String()+`"`))
	if shift != 0 {
		at := r.Timestamp.String()
		text = bytes.ReplaceAll(text, []byte(`"`+at+`"`), []byte(`"`+FormatTime(r.Timestamp.Add(shift))+`"`))
	}
	return text
}
