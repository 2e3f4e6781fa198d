# METADATA
# scope: package
# title: The manifest has the form of its schema
# description: "X.manifest.json is strict JSON in the form of its schema: nothing unknown, nothing said twice, and the hash is there."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   fix: "correct it as its schema says (schemas/manifest.json), or remove it and attest the artifact again: codexlock attest {artifact}"
#   excepted: never
package codexlock.manifest.schema

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains finding if {
	not _formed
	some finding in document.faults(fact.file("manifest"), object.get(input, ["manifest", "problems"], []))
}

_formed if input.manifest.state == "valid"

_formed if input.manifest.state in document.elsewhere

_formed if subject.no_content
