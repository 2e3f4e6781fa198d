# METADATA
# scope: package
# title: The artifact matches the ledger
# description: The SHA-256 of the artifact's bytes equals that of its entry in Codex-Lock.json. Any difference is drift.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.3
#   severity: deny
#   problem: Content differs from the ledger
#   kind: drift
#   fix: "restore the file, or, if the change is intended, attest it: codexlock attest {artifact}"
#   cause: lock.drift
package codexlock.lock.drift

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.hint
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": ledger.file, "pointer": ledger.in_entry("sha256")} if {
	not _locked
	not document.recorded
}

# The manifest or the record is for these bytes, so it is the ledger that was changed.
deny contains {"msg": _message, "file": ledger.file, "pointer": ledger.in_entry("sha256"), "fix": hint.changed} if {
	not _locked
	document.recorded
}

_locked if input.checks.ledger == "match"

_locked if subject.no_content

_locked if ledger.no_entry

_message := sprintf("sha256 is %s, Codex-Lock.json records %s", [
	fact.digest(["artifact", "sha256"]),
	fact.digest(["ledger", "entry", "sha256"]),
])
