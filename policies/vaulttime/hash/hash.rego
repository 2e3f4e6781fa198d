# METADATA
# scope: package
# title: The VaultTime record is for this content
# description: "The sha256 in X.vaulttime.json is that of the artifact's bytes: a signature over another hash proves nothing about this file."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-2.3
#   severity: deny
#   problem: Content differs from the VaultTime record
#   kind: drift
#   fix: "restore the file, or, if the change is intended, attest it: codexlock attest {artifact}"
#   cause: lock.drift
package codexlock.vaulttime.hash

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.hint
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/sha256"} if {
	not _same
	not document.recorded
}

# The ledger or the manifest is for these bytes, so it is the record that was changed.
deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/sha256", "fix": hint.changed} if {
	not _same
	document.recorded
}

_same if input.checks.vaulttime == "match"

_same if subject.no_content

_same if input.vaulttime.state in document.unread

_message := sprintf("sha256 is %s, %s records %s", [
	fact.digest(["artifact", "sha256"]),
	fact.file("vaulttime"),
	fact.digest(["vaulttime", "sha256"]),
])
