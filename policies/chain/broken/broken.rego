# METADATA
# scope: package
# title: The attestation chain is complete
# description: The earlier records in a VaultTime record's chain are for this artifact, in order of time, one for each trust domain. While the content is the same, the chain continues that of the base commit's record.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   problem: Attestation chain is incomplete
#   kind: record
#   fix: "find out who changed it: git log -p -- {file}; then restore the record of the trust domain that the artifact came from, and attest it: codexlock attest {artifact}"
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

deny contains {"msg": "nothing proves that its attestation chain is complete", "file": fact.file("vaulttime")} if {
	not _measured
	not subject.no_content
}

deny contains {"msg": _dropped, "file": fact.file("vaulttime"), "pointer": "/chain"} if not _continued

_continued if input.checks.continuity in {"continued", "accepted", "refused", "new", "open", "absent"}

_continued if subject.no_content

# vaulttime.proof and vaulttime.unverifiable report a record that its domain is not
# known to have signed.
_continued if input.checks.proof in {"invalid", "no_key"}

_continued if input.vaulttime.state in document.unread

_dropped := "its attestation chain is dropped: it does not begin with the one of the base commit's record" if {
	input.checks.continuity == "dropped"
} else := "nothing proves that its attestation chain continues the one of the base commit"

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
