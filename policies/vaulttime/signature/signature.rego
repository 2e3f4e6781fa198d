# METADATA
# scope: package
# title: The VaultTime signature is valid
# description: vaulttime is the HMAC-SHA256 of the record's sha256 with the trust domain's current key. If the record has a key_id, it names that key.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.2
#   severity: deny
#   problem: VaultTime signature is invalid
#   kind: record
#   fix: "find out who changed it: git log -p -- {file}; do not attest {artifact} until you know"
#   cause: vaulttime.signature
package codexlock.vaulttime.signature

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": _pointer} if {
	not _proved
	not _other_key
}

# The record may be good: this run has another key than the one that it names.
deny contains {
	"msg": _message,
	"file": fact.file("vaulttime"),
	"pointer": _pointer,
	"fix": "set the variable of the trust domain to the key that the record names; if this run has the correct key, find out who made the record: git log -p -- {file}",
} if {
	not _proved
	_other_key
}

_other_key if input.checks.key_id == "differs"

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
} else := sprintf("VaultTime signature does not match the key of trust domain %q", [_domain]) if {
	input.checks.signature == "invalid"
} else := sprintf("nothing proves that its VaultTime signature is valid in trust domain %q", [_domain])

_pointer := "/key_id" if {
	input.checks.key_id == "differs"
} else := "/vaulttime"

_domain := fact.text(["vaulttime", "trust_domain"])
