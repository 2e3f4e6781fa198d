# METADATA
# scope: package
# title: The VaultTime record matches its schema
# description: X.vaulttime.json is strict JSON with the five fields of ZT-4.1; optional fields that belong together are all present.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.1
#   severity: deny
#   problem: VaultTime record does not match schema
#   kind: record
#   fix: "find out who changed it: git log -p -- {file}; do not attest {artifact} until you know"
#   excepted: never
package codexlock.vaulttime.schema

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains finding if {
	not _formed
	some finding in document.findings(fact.file("vaulttime"), object.get(input, ["vaulttime", "problems"], []))
}

_formed if input.vaulttime.state == "valid"

_formed if input.vaulttime.state in document.missing

_formed if subject.no_content
