# METADATA
# scope: package
# title: The artifact has a manifest
# description: "X.manifest.json is next to the artifact or under assets/manifests/, not both: it records who made the artifact, when, with which tool and from which inputs."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   kind: record
#   fix: "attest it: codexlock attest {artifact}"
package codexlock.manifest.missing

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": _file} if not _there

_there if input.manifest.state == "valid"

# manifest.schema reports it.
_there if input.manifest.state == "invalid"

_there if subject.no_content

_message := document.missing_message(object.get(input, "manifest", {}), "manifest")

# A missing file has no line to point at, so the finding names the artifact.
_file := fact.file("manifest") if {
	input.manifest.state in {"twice", "irregular"}
} else := fact.text(["artifact", "path"])
