# METADATA
# scope: package
# title: The manifest records where the artifact comes from
# description: X.manifest.json names its artifact, the creator, the time, the toolchain with its version, the inputs and the outputs. An empty list is allowed, and so is null for a toolchain that is not known. A missing field is not.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   problem: Manifest does not record the origin
#   kind: incomplete
#   fix: complete the manifest, then run codexlock attest {artifact}, which keeps its fields and updates its hash
#   cause: manifest.provenance
package codexlock.manifest.provenance

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer} if {
	not _elsewhere
	some field, pointer in _wanted
	not _recorded[field]
	message := _message(field)
}

_elsewhere if subject.no_content

_elsewhere if input.manifest.state in document.unread

_recorded contains "artifact" if input.checks.named == "match"

# The file's name determines which artifact it describes.
_recorded contains "artifact" if input.checks.named == "absent"

_recorded contains field if some field in input.manifest.told

# toolchain is null: nobody named the tool that made the artifact.
_recorded contains field if {
	"toolchain.unstated" in input.manifest.told
	some field in {"toolchain.name", "toolchain.version"}
}

_wanted := {
	"artifact": "/artifact",
	"creator": "/creator",
	"generated_at": "/generated_at",
	"toolchain.name": "/toolchain",
	"toolchain.version": "/toolchain",
	"inputs": "/inputs",
	"outputs": "/outputs",
}

_message(field) := sprintf("describes artifact %q, want %q", [
	fact.text(["manifest", "artifact"]),
	fact.text(["artifact", "path"]),
]) if {
	field == "artifact"
} else := sprintf("%s is missing, want %s", [field, _purposes[field]])

_purposes := {
	"creator": "who made the artifact",
	"generated_at": "when the artifact was made",
	"toolchain.name": "what the artifact was made with, or null",
	"toolchain.version": "the version that the artifact was made with",
	"inputs": "what the artifact was made from, or []",
	"outputs": "what was made along with the artifact, or []",
}
