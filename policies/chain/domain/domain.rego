# METADATA
# scope: package
# title: A trust domain accepts artifacts only from the domains it names
# description: "Each trust domain of the attestation chain names the one before it in its accepts_from, in codexlock.yaml of the base commit. If the record's trust domain is not that of the base commit's record, it names that one too."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   problem: Artifact comes from an unaccepted domain
#   kind: record
#   fix: attest it in a trust domain that accepts artifacts from that domain, or first add the domain to accepts_from in codexlock.yaml
package codexlock.chain.domain

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("vaulttime"), "pointer": pointer} if {
	not subject.no_content
	some i, link in input.vaulttime.chain
	not _accepted(link)
	message := sprintf("trust domain %q does not accept artifacts from %q", [_next(i), object.get(link, "trust_domain", "")])
	pointer := sprintf("%s/trust_domain", [object.get(link, "pointer", "")])
}

deny contains {"msg": "nothing proves that every trust domain it passed through accepts it", "file": fact.file("vaulttime")} if {
	not _measured
	not subject.no_content
}

deny contains {"msg": _changed, "file": _place.file, "pointer": _place.pointer} if not _continued

_continued if input.checks.continuity in {"continued", "accepted", "dropped", "new", "open"}

# Neither record nor ledger names a domain, which other rules report.
_continued if input.checks.continuity == "absent"

_continued if subject.no_content

# trust.unknown_domain reports it.
_continued if input.domain.state == "unknown"

# vaulttime.proof and vaulttime.unverifiable report a record that its domain is not
# known to have signed.
_continued if input.checks.proof in {"invalid", "no_key"}

_changed := sprintf("trust domain %q does not accept artifacts from %q, its trust domain in the base commit", [
	fact.text(["domain", "name"]),
	object.get(input, ["base", "trust_domain"], "the one of its ledger entry"),
]) if {
	input.checks.continuity == "refused"
} else := "nothing proves that its trust domain is that of the base commit, or accepts from there"

_place := {"file": ledger.file, "pointer": ledger.in_entry("trust_domain")} if {
	input.vaulttime.state in document.unread
} else := {"file": fact.file("vaulttime"), "pointer": "/trust_domain"}

_measured if is_array(input.vaulttime.chain)

# vaulttime.missing and vaulttime.schema report a record that cannot be read.
_measured if input.vaulttime.state in document.unread

_accepted(link) if link.accepted in {"yes", "open"}

_next(i) := object.get(input.vaulttime.chain[i + 1], "trust_domain", "") if {
	i + 1 < count(input.vaulttime.chain)
} else := fact.text(["vaulttime", "trust_domain"])
