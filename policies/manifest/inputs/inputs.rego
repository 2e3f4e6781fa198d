# METADATA
# scope: package
# title: The artifact's inputs exist
# description: "Every input that the manifest names is a file inside the repository with the recorded sha256. An input or output given as a plain path is a warning, because no hash is recorded. An artifact whose input changed while it did not is stale, and is judged even if the change does not touch it."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   problem: Recorded input is missing or changed
#   fix: "restore the input, or rebuild the artifact from the current input and attest it: codexlock attest {artifact}"
package codexlock.manifest.inputs

import data.codexlock.lib.fact
import data.codexlock.lib.hint
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer} if {
	not subject.no_content
	some reference in input.manifest.inputs
	not _same(reference)
	not reference.state == "unsafe"
	message := _message(reference)
	pointer := object.get(reference, "pointer", "")
}

deny contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer, "fix": _relative} if {
	not subject.no_content
	some reference in input.manifest.inputs
	reference.state == "unsafe"
	message := _message(reference)
	pointer := object.get(reference, "pointer", "")
}

deny contains {"msg": "nothing proves that its inputs are what the manifest records", "file": fact.file("manifest")} if {
	not _compared
	not subject.no_content
}

deny contains {"msg": "nothing proves that a hash of each output is recorded", "file": fact.file("manifest")} if {
	not _outputs_compared
	not subject.no_content
}

# A change reads no manifest of an artifact whose ledger entry says that it has no
# inputs, so the entry has to say what the manifest says.
deny contains {"msg": message, "file": ledger.file, "pointer": ledger.in_entry("inputs"), "fix": hint.changed} if {
	not _entry_compared
	not subject.no_content
	message := "its ledger entry and its manifest differ on whether it has inputs"
}

warn contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer, "fix": _record} if {
	not subject.no_content
	some reference in input.manifest.inputs
	_same(reference)
	not reference.state == "match"
	message := _plain("input", reference)
	pointer := object.get(reference, "pointer", "")
}

warn contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer, "fix": _record} if {
	not subject.no_content
	some reference in input.manifest.outputs
	not reference.sha256
	message := _plain("output", reference)
	pointer := object.get(reference, "pointer", "")
}

_relative := "write its path relative to the repository's root in {file}, then attest: codexlock attest {artifact}"

_record := "record its hash: codexlock attest {artifact}"

_same(reference) if reference.state == "match"

# A plain path: its file exists, and no hash of it is recorded.
_same(reference) if {
	reference.state == "unrecorded"
	not _outdated(reference)
}

# The input differs from the base commit's, but neither the artifact nor its entry
# in the manifest does.
_outdated(reference) if {
	reference.change == "modified"
	input.base.content == "same"
	input.base.manifest == "same"
}

_entry_compared if input.checks.entry_inputs == "match"

_entry_compared if not input.ledger.entry.inputs

# manifest.missing, manifest.schema and layout.companions report a manifest that cannot be
# read.
_entry_compared if input.manifest.state in {"absent", "invalid", "irregular", "twice"}

_compared if input.checks.inputs in {"match", "none"}

_compared if {
	input.checks.inputs == "unrecorded"
	some reference in input.manifest.inputs
	reference.state == "unrecorded"
}

_compared if {
	input.checks.inputs in {"differs", "missing", "unsafe"}
	some reference in input.manifest.inputs
	not _same(reference)
	not reference.state == "unrecorded"
}

# manifest.provenance reports a manifest without a list of inputs, manifest.missing
# and manifest.schema one that cannot be read.
_compared if {
	input.checks.inputs == "absent"
	not input.manifest.inputs
}

_outputs_compared if input.checks.outputs in {"recorded", "none"}

_outputs_compared if {
	input.checks.outputs == "unrecorded"
	some reference in input.manifest.outputs
	not reference.sha256
}

_outputs_compared if {
	input.checks.outputs == "absent"
	not input.manifest.outputs
}

_message(reference) := sprintf("is stale: it was made from %q, which changed while it did not", [reference.path]) if {
	reference.state in {"differs", "unrecorded"}
	reference.change in {"added", "modified"}
	input.base.content == "same"
} else := sprintf("is stale: it was made from %q, which is removed", [reference.path]) if {
	reference.state == "missing"
	reference.change == "removed"
	input.base.content == "same"
} else := sprintf("input %q is missing, want a file with sha256 %s", [reference.path, fact.short(reference.sha256)]) if {
	reference.state == "missing"
} else := sprintf("input %q is missing, want a file there", [reference.path]) if {
	reference.state == "missing"
} else := sprintf("input %q differs from the recorded sha256 %s", [reference.path, fact.short(reference.sha256)]) if {
	reference.state == "differs"
} else := sprintf("input %q is not a path inside the repository", [reference.path]) if {
	reference.state == "unsafe"
} else := sprintf("nothing proves that input %q is what the manifest records", [object.get(reference, "path", "")])

_plain(kind, reference) := sprintf(
	"%s %q is a plain path: no sha256 is recorded to compare it with",
	[kind, object.get(reference, "path", "")],
)
