# METADATA
# scope: package
# title: The VaultTime record's proof is valid
# description: A record's proof is the trust domain's Ed25519 signature over path, hash, timestamp, time to live, domain and chain, and the path is the artifact's. A record that had a proof in the base commit keeps one, and a record that cannot be read in the base commit counts as having had one. Two records, or a record that is not a regular file, are denied too.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   problem: VaultTime record's proof is invalid
#   kind: record
#   fix: "find out who changed it: git log -p -- {file}; do not attest {artifact} until you know"
#   cause: vaulttime.signature
package codexlock.vaulttime.proof

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": _pointer} if {
	not _proved
	not _lost
}

deny contains {
	"msg": _message,
	"file": fact.file("vaulttime"),
	"pointer": _pointer,
	"fix": "restore it from the base commit; if it is only in your work tree, commit it: git add {file}",
} if {
	not _proved
	_lost
}

# The record is missing: nobody has changed it.
_lost if {
	input.vaulttime.state == "absent"
	not input.checks.path == "differs"
}

_proved if {
	input.checks.proof == "valid"
	input.checks.path == "match"
}

# This run has no key to check the proof: vaulttime.unverifiable reports it.
_proved if {
	input.checks.proof == "no_key"
	input.checks.signature == "no_key"
	input.checks.path == "match"
}

# Neither record has a proof: vaulttime.unbound reports it, or vaulttime.missing if
# the record is missing too.
_proved if {
	input.checks.proof == "absent"
	_none_before
	input.checks.path in {"match", "absent"}
	not _unreadable
}

_proved if subject.no_content

# vaulttime.schema reports a record that cannot be read.
_proved if input.vaulttime.state == "invalid"

# A file at the record's path cannot be read: that is worse than no record, because it
# could contain anything.
_unreadable if input.vaulttime.state in {"twice", "irregular"}

_none_before if input.base.proof == "absent"

# The base commit has no record, so none with a proof.
_none_before if {
	input.checks.rollback == "new"
	object.get(input, ["base", "proof"], "absent") == "absent"
}

# The artifact is new, so it had no record.
_none_before if {
	input.artifact.change == "added"
	object.get(input, ["base", "proof"], "absent") == "absent"
}

_message := sprintf("record is for %q", [fact.text(["vaulttime", "artifact"])]) if {
	input.checks.path == "differs"
} else := "record is missing, and the base commit has one with a proof" if {
	input.vaulttime.state in document.missing
	input.base.proof == "present"
} else := "record has no proof, and the base commit's record has one" if {
	input.checks.proof == "absent"
	input.base.proof == "present"
} else := "has no proof, and the base commit's record, which cannot be read, may have had one" if {
	input.checks.proof == "absent"
	input.base.proof == "unknown"
} else := "record cannot be read: nothing proves what it says" if {
	_unreadable
} else := "proof is not valid: the record was changed after it was signed, or signed with another key" if {
	input.checks.proof == "invalid"
} else := "nothing proves that the record is unchanged since it was signed"

_pointer := "/path" if {
	input.checks.path == "differs"
} else := "/proof" if {
	input.checks.proof == "invalid"
} else := ""
