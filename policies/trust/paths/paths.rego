# METADATA
# scope: package
# title: The artifact belongs to its trust domain
# description: The artifact's path is one that its trust domain names in codexlock.yaml of the base commit. A trust domain that names no paths signs only artifacts that no other domain names.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P2
#   severity: deny
#   problem: Artifact is outside its trust domain
#   kind: record
#   fix: attest it in the trust domain that owns its path (codexlock attest --domain NAME {artifact}), or move it
package codexlock.trust.paths

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": _place.file, "pointer": _place.pointer} if not _inside

_inside if input.domain.paths in {"inside", "open"}

# Its domain is not known to have signed it, which vaulttime.proof and
# vaulttime.unverifiable report.
_inside if {
	input.domain.paths == "claimed"
	input.checks.proof in {"invalid", "no_key"}
}

_inside if subject.no_content

# trust.unknown_domain reports it.
_inside if input.domain.state == "unknown"

# Neither record nor ledger names a domain, which other rules report.
_inside if {
	input.vaulttime.state in document.unread
	ledger.no_entry
}

_message := sprintf("trust domain %q does not own the path %s", [fact.text(["domain", "name"]), fact.text(["artifact", "path"])]) if {
	input.domain.paths == "outside"
} else := sprintf("trust domain %q names no paths, and %s belongs to another trust domain", [fact.text(["domain", "name"]), fact.text(["artifact", "path"])]) if {
	input.domain.paths == "claimed"
} else := "nothing proves that its path is its trust domain's"

_place := {"file": ledger.file, "pointer": ledger.in_entry("trust_domain")} if {
	input.vaulttime.state in document.unread
} else := {"file": fact.file("vaulttime"), "pointer": "/trust_domain"}
