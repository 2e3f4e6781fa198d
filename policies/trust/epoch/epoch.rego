# METADATA
# scope: package
# title: The signing key is still trusted
# description: "The record was made with a key that codexlock.yaml of the base commit lists as current. A retiring key is trusted only for an artifact whose content, companions and ledger entry are unchanged since the base commit. A revoked key is not trusted. Where the trust domain lists keys, a key that is not listed is not trusted."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-14.4
#   severity: deny
#   problem: Signing key is no longer trusted
#   kind: record
#   fix: "attest it with the current key: codexlock attest {artifact}"
package codexlock.trust.epoch

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": _pointer} if not _counts

_counts if input.checks.epoch == "current"

# The trust domain lists no keys: the key of this run is the current one.
_counts if input.checks.epoch == "unlisted"

_counts if {
	input.checks.epoch == "retiring"
	input.artifact.change == "unchanged"
	input.base.content == "same"
}

# The record names no key, and no key of this run signed it: vaulttime.signature and
# vaulttime.unverifiable report it.
_counts if {
	input.checks.epoch == "absent"
	input.checks.signature in {"invalid", "no_key"}
}

# trust.unknown_domain reports it.
_counts if input.domain.state == "unknown"

_counts if subject.no_content

_counts if input.vaulttime.state in document.unread

_message := sprintf("key %s of trust domain %q is revoked", [_key, _domain]) if {
	input.checks.epoch == "revoked"
} else := sprintf("key %s of trust domain %q is retiring: it is trusted only for artifacts that are unchanged since the base commit", [_key, _domain]) if {
	input.checks.epoch == "retiring"
} else := sprintf("key %s is not listed in codexlock.yaml for trust domain %q", [_key, _domain]) if {
	input.checks.epoch == "unknown"
} else := sprintf("nothing proves that the signing key of trust domain %q is still trusted", [_domain])

# A record made by hand need not name its key.
_named := object.get(input, ["vaulttime", "key_id"], "")

_key := "that signed" if {
	_named == ""
} else := _named

_pointer := "/vaulttime" if {
	_named == ""
} else := "/key_id"

_domain := fact.text(["vaulttime", "trust_domain"])
