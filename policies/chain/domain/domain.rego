# METADATA
# scope: package
# title: A trust domain takes artifacts only from where it accepts them
# description: "Each trust domain of the attestation chain accepts artifacts from the one before it: it stands in its accepts_from in codexlock.yaml of the base commit."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   fix: attest it in a trust domain that accepts from there, or add the domain to accepts_from in codexlock.yaml first
package codexlock.chain.domain

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("vaulttime"), "pointer": pointer} if {
	not subject.no_content
	some i, link in input.vaulttime.chain
	not _accepted(link)
	message := sprintf("trust domain %q does not accept artifacts from %q", [_next(i), object.get(link, "trust_domain", "")])
	pointer := sprintf("%s/trust_domain", [object.get(link, "pointer", "")])
}

deny contains {"msg": "nothing proves that it came through trust domains that accept it", "file": fact.file("vaulttime")} if {
	not _measured
	not subject.no_content
}

_measured if is_array(input.vaulttime.chain)

# vaulttime.missing and vaulttime.schema report a record that cannot be read.
_measured if input.vaulttime.state in document.unread

_accepted(link) if link.accepted in {"yes", "open"}

_next(i) := object.get(input.vaulttime.chain[i + 1], "trust_domain", "") if {
	i + 1 < count(input.vaulttime.chain)
} else := fact.text(["vaulttime", "trust_domain"])
