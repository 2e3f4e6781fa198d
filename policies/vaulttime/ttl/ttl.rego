# METADATA
# scope: package
# title: The VaultTime record does not outlive its domain's limit
# description: "ttl_hours is at most the max_ttl_hours of the record's trust domain: 24 by default."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.3
#   severity: deny
#   problem: VaultTime record lives too long
#   kind: record
#   fix: "attest it with a ttl_hours that the domain allows: codexlock attest {artifact}"
package codexlock.vaulttime.ttl

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/ttl_hours"} if not _proved

_proved if input.checks.ttl == "within"

# An unknown domain has no limit: trust.unknown_domain reports it.
_proved if input.domain.state == "unknown"

_proved if subject.no_content

_proved if input.vaulttime.state in document.unread

_message := sprintf("ttl_hours is %s, want at most %s in trust domain %q", [
	fact.text(["vaulttime", "ttl_hours"]),
	fact.text(["domain", "max_ttl_hours"]),
	fact.text(["vaulttime", "trust_domain"]),
])
