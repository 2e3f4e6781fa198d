# METADATA
# scope: package
# title: The artifact has a test
# description: "X.test is next to the artifact or under assets/manifests/, not both: a script that verifies the artifact."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.3
#   severity: deny
#   problem: Test is missing
#   fix: "attest it, which writes the test: codexlock attest {artifact}; if the file is only in your work tree, commit it: git add"
#   cause: manifest.missing
package codexlock.test.missing

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

_misplaced if input.test.state in {"twice", "irregular"}

_there if input.test.state == "valid"

_there if subject.no_content

_message := document.missing_message(object.get(input, "test", {}), "test")

# A missing file has no line to point at, so the finding names the artifact.
_file := fact.file("test") if {
	_misplaced
} else := fact.text(["artifact", "path"])
