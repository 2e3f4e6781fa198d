# METADATA
# scope: package
# title: The manifest records the artifact's hash
# description: The sha256 in X.manifest.json is that of the artifact's bytes. For a Git LFS pointer, extensions.lfs records the pointer's oid and size.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-2.2
#   severity: deny
#   problem: Content differs from the manifest
#   kind: drift
#   fix: "restore the file, or, if the change is intended, attest it: codexlock attest {artifact}"
#   cause: lock.drift
package codexlock.manifest.hash

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.hint
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("manifest"), "pointer": "/sha256"} if {
	not _same
	not document.recorded
}

# The ledger or the record is for these bytes, so it is the manifest that was changed.
deny contains {"msg": _message, "file": fact.file("manifest"), "pointer": "/sha256", "fix": hint.changed} if {
	not _same
	document.recorded
}

deny contains {"msg": _difference, "file": fact.file("manifest"), "pointer": _place} if {
	_same
	not _recorded
}

_same if input.checks.manifest == "match"

_same if subject.no_content

_same if input.manifest.state in document.unread

# An attestation by an older version records nothing more about a pointer.
_recorded if input.checks.lfs in {"absent", "match"}

_message := sprintf("sha256 is %s, %s records %s", [
	fact.digest(["artifact", "sha256"]),
	fact.file("manifest"),
	fact.digest(["manifest", "sha256"]),
])

_place := "/extensions/lfs/oid" if {
	_compared == "oid_differs"
} else := "/extensions/lfs/size" if {
	_compared == "size_differs"
} else := "/sha256"

_difference := sprintf("the Git LFS pointer's oid is %s, %s records %s", [
	fact.digest(["artifact", "sha256"]),
	fact.file("manifest"),
	fact.digest(["manifest", "lfs", "oid"]),
]) if {
	_compared == "oid_differs"
} else := sprintf("the Git LFS pointer's size is %v bytes, %s records %s", [
	object.get(input, ["artifact", "size"], "not measured"),
	fact.file("manifest"),
	fact.text(["manifest", "lfs", "size"]),
]) if {
	_compared == "size_differs"
} else := "nothing compares the oid and size of a Git LFS pointer with what the manifest records"

_compared := object.get(input, ["checks", "lfs"], "")
