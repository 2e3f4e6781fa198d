# METADATA
# scope: package
# title: The manifest records the artifact's hash
# description: The sha256 in X.manifest.json is that of the artifact's bytes.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-2.2
#   severity: deny
#   fix: "restore the file, or attest it again: codexlock attest {artifact}"
package codexlock.manifest.hash

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("manifest"), "pointer": "/sha256"} if not _same

_same if input.checks.manifest == "match"

_same if subject.no_content

_same if input.manifest.state in document.unread

_message := sprintf("sha256 is %s, %s records %s", [
	fact.digest(["artifact", "sha256"]),
	fact.file("manifest"),
	fact.digest(["manifest", "sha256"]),
])
