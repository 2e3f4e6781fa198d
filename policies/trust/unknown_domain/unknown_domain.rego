# METADATA
# scope: package
# title: The trust domain is known
# description: The trust domain that the record names (or the ledger, if the record is missing) is defined in codexlock.yaml of the base commit. Without a configuration any name is a domain.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.1
#   severity: deny
#   problem: Trust domain is unknown
#   kind: record
#   fix: attest it in a trust domain of codexlock.yaml (codexlock attest --domain NAME {artifact}), or add the domain there first
package codexlock.trust.unknown_domain

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": _place.file, "pointer": _place.pointer} if not _known

_known if input.domain.state == "known"

_known if input.domain.state == "open"

_known if subject.no_content

# Neither record nor ledger names a domain, which other rules report.
_known if {
	input.vaulttime.state in document.unread
	ledger.no_entry
}

_message := sprintf("trust domain %q is not in codexlock.yaml", [fact.text(["domain", "name"])]) if {
	input.domain.state == "unknown"
} else := "nothing proves that its trust domain is one of codexlock.yaml"

_place := {"file": ledger.file, "pointer": ledger.in_entry("trust_domain")} if {
	input.vaulttime.state in document.unread
} else := {"file": fact.file("vaulttime"), "pointer": "/trust_domain"}
