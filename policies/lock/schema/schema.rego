# METADATA
# scope: package
# title: The ledger matches its schema
# description: "Codex-Lock.json is strict JSON that matches the schema of ZT-3.1: no missing, unknown or duplicate keys."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.1
#   severity: deny
#   problem: Ledger does not match its schema
#   fix: "correct it (schema: schemas/codex-lock.json), or restore it: git checkout HEAD -- {file}"
#   subject: repository
#   excepted: never
package codexlock.lock.schema

import data.codexlock.lib.document

deny contains finding if {
	not _formed
	some finding in document.findings(_file, object.get(input, ["repository", "ledger", "problems"], []))
}

_formed if input.repository.ledger.state == "valid"

_formed if input.repository.ledger.state in document.missing

_file := object.get(input, ["repository", "ledger", "path"], "Codex-Lock.json")
