# METADATA
# scope: package
# title: The manifest tells where the artifact comes from
# description: X.manifest.json names its artifact, the creator, the time, the toolchain with its version, the inputs and the outputs. An empty list is an answer, a missing one is not.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   fix: complete the manifest; codexlock attest {artifact} keeps what it says and brings its hash up to date
package codexlock.manifest.provenance

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer} if {
	not _not_asked
	some field, [pointer, message] in _wanted
	not _told[field]
}

_not_asked if subject.no_content

_not_asked if input.manifest.state in document.unread

_told contains "artifact" if input.checks.named == "match"

# It is the name of its file that says which artifact it describes.
_told contains "artifact" if input.checks.named == "absent"

_told contains "creator" if trim_space(input.manifest.creator) != ""

_told contains "generated_at" if trim_space(input.manifest.generated_at) != ""

_told contains "toolchain.name" if trim_space(input.manifest.toolchain.name) != ""

_told contains "toolchain.version" if trim_space(input.manifest.toolchain.version) != ""

_told contains "inputs" if is_array(input.manifest.inputs)

_told contains "outputs" if is_array(input.manifest.outputs)

_wanted := {
	"artifact": ["/artifact", sprintf("describes artifact %q, want %q", [
		fact.text(["manifest", "artifact"]),
		fact.text(["artifact", "path"]),
	])],
	"creator": ["/creator", "creator is missing, want who made the artifact"],
	"generated_at": ["/generated_at", "generated_at is missing, want when the artifact was made"],
	"toolchain.name": ["/toolchain", "toolchain.name is missing, want what the artifact was made with"],
	"toolchain.version": ["/toolchain", "toolchain.version is missing, want the version that the artifact was made with"],
	"inputs": ["/inputs", "inputs is missing, want what the artifact was made from, or []"],
	"outputs": ["/outputs", "outputs is missing, want what was made along with the artifact, or []"],
}
