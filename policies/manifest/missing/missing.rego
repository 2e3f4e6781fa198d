# METADATA
# scope: package
# title: The artifact has a manifest
# description: "X.manifest.json is next to the artifact or under assets/manifests/, not both: it records who made the artifact, when, with which tool and from which inputs."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   problem: Manifest is missing
#   kind: record
#   fix: "attest it: codexlock attest {artifact}; if the file is only in your work tree, commit it: git add"
#   cause: manifest.missing
package codexlock.manifest.missing

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": _file} if {
	not _there
	not _misplaced
}

deny contains {
	"msg": _message,
	"file": _file,
	"fix": "find out who put this file there: git log -p -- {file}; then remove it, or move what belongs there to its place",
} if {
	not _there
	_misplaced
}

_misplaced if input.manifest.state in {"twice", "irregular"}

_there if input.manifest.state == "valid"

# manifest.schema reports it.
_there if input.manifest.state == "invalid"

_there if subject.no_content

_message := document.missing_message(object.get(input, "manifest", {}), "manifest")

# A missing file has no line to point at, so the finding names the artifact.
_file := fact.file("manifest") if {
	_misplaced
} else := fact.text(["artifact", "path"])
