# METADATA
# scope: package
# title: What the artifact was made from is there
# description: "Every input that the manifest names is a file inside the repository with the sha256 that the manifest records. An artifact whose input changed while it did not is stale, and is judged although the change does not touch it."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   fix: restore the input, or make the artifact again from what is there now and name that in its manifest
package codexlock.manifest.inputs

import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer} if {
	not subject.no_content
	some reference in input.manifest.inputs
	not _same(reference)
	message := _message(reference)
	pointer := object.get(reference, "pointer", "")
}

deny contains {"msg": "nothing proves that its inputs are what the manifest records", "file": fact.file("manifest")} if {
	not _compared
	not subject.no_content
}

_same(reference) if reference.state == "match"

_compared if input.checks.inputs in {"match", "none"}

_compared if {
	input.checks.inputs in {"differs", "missing", "unsafe"}
	some reference in input.manifest.inputs
	not _same(reference)
}

# manifest.provenance reports a manifest without a list of inputs, manifest.missing
# and manifest.schema one that cannot be read.
_compared if {
	input.checks.inputs == "absent"
	not input.manifest.inputs
}

_message(reference) := sprintf("is stale: it was made from %q, which changed while it did not", [reference.path]) if {
	reference.state == "differs"
	reference.change in {"added", "modified"}
	input.base.content == "same"
} else := sprintf("is stale: it was made from %q, which is removed", [reference.path]) if {
	reference.state == "missing"
	reference.change == "removed"
	input.base.content == "same"
} else := sprintf("input %q is missing, want a file with sha256 %s", [reference.path, fact.short(reference.sha256)]) if {
	reference.state == "missing"
} else := sprintf("input %q differs from the recorded sha256 %s", [reference.path, fact.short(reference.sha256)]) if {
	reference.state == "differs"
} else := sprintf("input %q is not a path inside the repository", [reference.path]) if {
	reference.state == "unsafe"
} else := sprintf("nothing proves that input %q is what the manifest records", [object.get(reference, "path", "")])
