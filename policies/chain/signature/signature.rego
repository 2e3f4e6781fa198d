# METADATA
# scope: package
# title: Every link of the attestation chain is signed
# description: Each earlier record has a proof by the key of its own trust domain, made over all earlier links, and that key is not revoked.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   problem: Attestation chain has an invalid signature
#   kind: record
#   fix: "find out who changed it: git log -p -- {file}; then restore the record that the other domain made"
package codexlock.chain.signature

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("vaulttime"), "pointer": pointer} if {
	not subject.no_content
	some link in input.vaulttime.chain
	not link.signature == "valid"
	not _fixed(link)
	message := _message(link)
	pointer := sprintf("%s/proof", [object.get(link, "pointer", "")])
}

deny contains {"msg": message, "file": fact.file("vaulttime"), "pointer": pointer, "fix": fix} if {
	not subject.no_content
	some link in input.vaulttime.chain
	fix := _fixes[link.signature]
	message := _message(link)
	pointer := sprintf("%s/proof", [object.get(link, "pointer", "")])
}

deny contains {"msg": "nothing proves that the links of its attestation chain are signed", "file": fact.file("vaulttime")} if {
	not _measured
	not subject.no_content
}

_measured if is_array(input.vaulttime.chain)

# vaulttime.missing and vaulttime.schema report a record that cannot be read.
_measured if input.vaulttime.state in document.unread

_fixes := {
	"revoked": "have that trust domain attest the artifact again with its current key",
	"no_key": "add that domain's public key to codexlock.yaml: codexlock keys public",
}

# The link is not one that somebody changed, so that another step is the next.
_fixed(link) if _fixes[link.signature]

_message(link) := sprintf("the proof of trust domain %q is not valid", [_domain(link)]) if {
	link.signature == "invalid"
} else := sprintf("trust domain %q signed with a revoked key", [_domain(link)]) if {
	link.signature == "revoked"
} else := sprintf("could not verify: no key to check the proof of trust domain %q", [_domain(link)]) if {
	link.signature == "no_key"
} else := sprintf("nothing proves that trust domain %q signed", [_domain(link)])

_domain(link) := object.get(link, "trust_domain", "")
