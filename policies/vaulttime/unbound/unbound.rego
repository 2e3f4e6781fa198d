# METADATA
# scope: package
# title: The VaultTime record is bound by a proof
# description: "The HMAC of ZT-4 covers the artifact's hash only: a record could be re-dated, extended, or moved to another path or domain. A proof signs all of that. A record without one is a warning, or denied if the base commit's configuration has require_proof: true."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   problem: VaultTime record has no proof
#   kind: unbound
#   fix: "attest it, which adds a proof: codexlock attest {artifact}"
package codexlock.vaulttime.unbound

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": ""} if {
	not _bound
	not input.settings.require_proof == false
}

warn contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": ""} if {
	not _bound
	input.settings.require_proof == false
}

# vaulttime.proof and vaulttime.unverifiable report an invalid proof.
_bound if input.checks.proof in {"valid", "invalid", "no_key"}

# vaulttime.proof reports a proof that was removed.
_bound if {
	input.checks.proof == "absent"
	input.base.proof in {"present", "unknown"}
}

_bound if subject.no_content

_bound if input.vaulttime.state in document.unread

_message := "record has no proof: path, timestamp, ttl_hours and trust_domain are not signed" if {
	input.checks.proof == "absent"
} else := "nothing proves that path, timestamp, ttl_hours and trust_domain are signed"
