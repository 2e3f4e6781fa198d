# METADATA
# scope: package
# title: The attestation chain is whole
# description: The earlier records that a VaultTime record carries are of this artifact, in the order of time, one a trust domain.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   fix: "attest the artifact again from the record of the domain that it came from: codexlock attest {artifact}"
package codexlock.chain.broken

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("vaulttime"), "pointer": pointer} if {
	not subject.no_content
	some link in input.vaulttime.chain
	some message in _faults(link)
	pointer := object.get(link, "pointer", "")
}

deny contains {"msg": "nothing proves that its attestation chain is whole", "file": fact.file("vaulttime")} if {
	not _measured
	not subject.no_content
}

_measured if is_array(input.vaulttime.chain)

# vaulttime.missing and vaulttime.schema report a record that cannot be read.
_measured if input.vaulttime.state in document.unread

_faults(link) := {sprintf("link of trust domain %q %s", [object.get(link, "trust_domain", ""), fault]) |
	some fact_name, fault in {
		"subject": "is of another artifact or content",
		"order": "is later than what comes after it",
		"repeated": "stands in the chain more than once",
	}
	not object.get(link, fact_name, "absent") == _whole[fact_name]
}

_whole := {"subject": "match", "order": "forward", "repeated": "no"}
