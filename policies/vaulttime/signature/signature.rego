# METADATA
# scope: package
# title: The VaultTime signature is this key's
# description: The HMAC-SHA256 over the record's sha256 can be made again with the trust domain's current key, and the record names that key if it names one.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.2
#   severity: deny
#   fix: "run with the key that the artifact was attested with, or attest it again with the current one: codexlock attest {artifact}"
package codexlock.vaulttime.signature

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": _pointer} if not _proved

_proved if {
	input.checks.signature == "valid"
	_key_named
}

# This run has no key: vaulttime.unverifiable reports it.
_proved if input.checks.signature == "no_key"

_proved if subject.no_content

_proved if input.vaulttime.state in document.unread

_key_named if input.checks.key_id == "match"

# The record names no key.
_key_named if input.checks.key_id == "absent"

_message := sprintf("record names key %s, this run has key %s for trust domain %q", [
	fact.text(["vaulttime", "key_id"]),
	fact.text(["domain", "key_id"]),
	_domain,
]) if {
	input.checks.key_id == "differs"
} else := sprintf("VaultTime signature is not the one that the key of trust domain %q makes", [_domain]) if {
	input.checks.signature == "invalid"
} else := sprintf("nothing proves its VaultTime signature in trust domain %q", [_domain])

_pointer := "/key_id" if {
	input.checks.key_id == "differs"
} else := "/vaulttime"

_domain := fact.text(["vaulttime", "trust_domain"])
