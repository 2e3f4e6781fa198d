# METADATA
# scope: package
# title: Every ledger entry has a file
# description: Every entry of Codex-Lock.json has a file. An artifact is removed together with its entry.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.3
#   severity: deny
#   problem: Ledger entry has no file
#   fix: restore the file, or remove its entry from Codex-Lock.json
package codexlock.lock.orphan

import data.codexlock.lib.ledger

deny contains {"msg": _message, "file": ledger.file, "pointer": _pointer} if not _kept

_kept if input.artifact.kind == "file"

# layout.irregular reports anything but a file at the path.
_kept if input.artifact.kind in {"symlink", "submodule", "directory", "special", "oversized", "pointer", "misnamed", "misplaced"}

# The file was removed together with its entry: lock.tolerance would have read the
# drift_tolerance of any entry.
_kept if {
	input.artifact.kind == "absent"
	input.checks.tolerance == "absent"
}

_message := sprintf("is listed in %s, but the file does not exist", [ledger.file]) if {
	input.artifact.kind == "absent"
	input.ledger.listed in {"once", "often"}
} else := sprintf("nothing proves that the file exists, or that its entry in %s was removed too", [ledger.file])

_pointer := object.get(input, ["ledger", "entry", "pointer"], "")
