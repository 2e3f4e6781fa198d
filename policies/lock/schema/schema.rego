# METADATA
# scope: package
# title: The ledger has the form of its schema
# description: "Codex-Lock.json is strict JSON in the form of ZT-3.1: nothing missing, nothing unknown, nothing said twice."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.1
#   severity: deny
#   fix: "correct it as its schema says (schemas/codex-lock.json), or take it from the base commit: git checkout HEAD -- Codex-Lock.json"
#   subject: repository
#   excepted: never
package codexlock.lock.schema

import data.codexlock.lib.document

deny contains finding if {
	not _formed
	some finding in document.faults(_file, object.get(input, ["repository", "ledger", "problems"], []))
}

_formed if input.repository.ledger.state == "valid"

_formed if input.repository.ledger.state in document.elsewhere

_file := object.get(input, ["repository", "ledger", "path"], "Codex-Lock.json")
