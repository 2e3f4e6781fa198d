# METADATA
# scope: package
# title: The ledger exists
# description: Codex-Lock.json is in the repository's root if any artifact is judged. Without it, nothing is trusted.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-2.2
#   severity: deny
#   problem: Ledger is missing
#   fix: "attest the artifacts, which creates it: codexlock attest PATH..."
#   subject: repository
#   excepted: never
package codexlock.lock.missing

deny contains {"msg": _message, "file": _file} if not _there

_there if input.repository.ledger.state == "valid"

# lock.schema reports it.
_there if input.repository.ledger.state == "invalid"

# A repository that has no artifact needs no ledger.
_there if {
	input.repository.ledger.state == "absent"
	input.repository.artifacts == 0
}

_file := object.get(input, ["repository", "ledger", "path"], "Codex-Lock.json")

_message := "is missing, want the ledger of trusted artifacts in the repository's root" if {
	input.repository.ledger.state == "absent"
} else := "is not a regular file, want the ledger of trusted artifacts there" if {
	input.repository.ledger.state == "irregular"
} else := "nothing proves that there is a ledger of trusted artifacts"
