# METADATA
# scope: package
# title: The manifest matches its schema
# description: "X.manifest.json is strict JSON that matches its schema: no unknown or duplicate keys, and the hash is present."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   problem: Manifest does not match its schema
#   kind: record
#   fix: "correct it (schema: schemas/manifest.json); if you did not write it, find out who changed it: git log -p -- {file}"
#   excepted: never
package codexlock.manifest.schema

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains finding if {
	not _formed
	some finding in document.findings(fact.file("manifest"), object.get(input, ["manifest", "problems"], []))
}

_formed if input.manifest.state == "valid"

_formed if input.manifest.state in document.missing

_formed if subject.no_content
