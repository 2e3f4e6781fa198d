package vaulttime

import (
	"bytes"
	"time"
)

// Restamp is a record's text with this key's HMAC in place of its own, and dated
// later by shift: what a test is shown that is not given the domain's key. The
// text is otherwise as it was, so its proof no longer holds.
func (k Key) Restamp(text []byte, r Record, shift time.Duration) []byte {
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
