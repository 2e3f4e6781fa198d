# METADATA
# scope: package
# title: The ledger lists the artifact
# description: Every artifact has an entry in Codex-Lock.json. An artifact without one is not trusted.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.3
#   severity: deny
#   problem: Ledger does not list the artifact
#   kind: record
#   fix: "attest it: codexlock attest {artifact}; if the entry is only in your work tree, commit it: git add {file}"
#   cause: manifest.missing
package codexlock.lock.entry_missing

import data.codexlock.lib.document
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {
	"msg": sprintf("has no entry in %s, want one with its sha256", [ledger.file]),
	"file": ledger.file,
	"pointer": "/artifacts",
} if {
	not _listed
}

_listed if {
	input.ledger.state == "valid"
	input.ledger.listed in {"once", "often"}
}

# lock.missing and lock.schema report the ledger itself.
_listed if input.ledger.state in document.unread

_listed if subject.no_content
