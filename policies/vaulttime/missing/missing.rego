# METADATA
# scope: package
# title: The artifact has a VaultTime record
# description: "X.vaulttime.json is next to the artifact or under assets/manifests/, not both: it holds the signature over the artifact's hash and how long it is valid."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-2.3
#   severity: deny
#   problem: VaultTime record is missing
#   kind: record
#   fix: "attest it: codexlock attest {artifact}; if the file is only in your work tree, commit it: git add"
#   cause: manifest.missing
#   level: tier-1
package codexlock.vaulttime.missing

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

_misplaced if input.vaulttime.state in {"twice", "irregular"}

_there if input.vaulttime.state == "valid"

# vaulttime.schema reports it.
_there if input.vaulttime.state == "invalid"

_there if subject.no_content

_message := document.missing_message(object.get(input, "vaulttime", {}), "VaultTime record")

# A missing file has no line to point at, so the finding names the artifact.
_file := fact.file("vaulttime") if {
	_misplaced
} else := fact.text(["artifact", "path"])
