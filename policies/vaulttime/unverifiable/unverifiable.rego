# METADATA
# scope: package
# title: The VaultTime signature can be checked
# description: "This run has the key of the record's trust domain. Without it the artifact is denied, unless the base commit's configuration accepts a valid proof instead (keyless: proof)."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.2
#   severity: deny
#   problem: VaultTime signature was not checked
#   kind: unchecked
#   fix: "set the trust domain's key in this run's environment: VAULTTIME_KEY, unless the configuration names another variable"
package codexlock.vaulttime.unverifiable

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/vaulttime"} if {
	not _checked
	not _proof_stands_in
}

warn contains {"msg": _by_proof, "file": fact.file("vaulttime"), "pointer": "/vaulttime"} if {
	not _checked
	_proof_stands_in
}

_checked if input.checks.signature == "valid"

# vaulttime.signature reports it.
_checked if input.checks.signature == "invalid"

_checked if subject.no_content

_checked if input.vaulttime.state in document.unread

_proof_stands_in if {
	input.checks.signature == "no_key"
	input.checks.proof == "valid"
	input.settings.keyless == "proof"
}

_message := sprintf("VaultTime signature cannot be checked: trust domain %q is unknown, and there is no default key", [_domain]) if {
	input.domain.state == "unknown"
} else := sprintf("VaultTime signature cannot be checked: this run has no key for trust domain %q, and the record has no proof", [_domain]) if {
	input.settings.keyless == "proof"
	input.checks.proof == "absent"
} else := sprintf("VaultTime signature cannot be checked: this run has no key for trust domain %q, and no public key to check the proof", [_domain]) if {
	input.settings.keyless == "proof"
	input.checks.proof == "no_key"
} else := sprintf("VaultTime signature cannot be checked: this run does not have key %s of trust domain %q", [fact.text(["vaulttime", "key_id"]), _domain]) if {
	input.checks.signature == "no_key"
	input.checks.key_id == "differs"
} else := sprintf("VaultTime signature cannot be checked: this run has no key for trust domain %q", [_domain]) if {
	input.checks.signature == "no_key"
} else := sprintf("nothing proves that its VaultTime signature was checked in trust domain %q", [_domain])

_by_proof := sprintf("VaultTime signature was not checked: this run does not have key %s of trust domain %q; the record's proof is valid", [fact.text(["vaulttime", "key_id"]), _domain]) if {
	input.checks.key_id == "differs"
} else := sprintf("VaultTime signature was not checked: this run has no key for trust domain %q; the record's proof is valid", [_domain])

_domain := fact.text(["vaulttime", "trust_domain"])
