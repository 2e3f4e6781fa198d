# METADATA
# scope: package
# title: The audit log is signed
# description: MANIFEST.integrity.checkpoint is a signed note over the Merkle root of the whole log, by a key that codexlock.yaml lists or that this run has. Without require_proof, a log that never had a checkpoint is a warning. If the base commit has a checkpoint, the log keeps one.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-8.2
#   severity: deny
#   problem: Audit log has no valid signature
#   fix: "find out who changed it: git log -p -- {file}; then take log and checkpoint from the base commit, and write the log with codexlock, which signs it"
#   subject: repository
package codexlock.audit.signature

import data.codexlock.lib.log

deny contains {"msg": _message, "file": _file} if {
	not _signed
	not _tolerated
	not _keyless
	not _revoked
}

deny contains {
	"msg": _message,
	"file": _file,
	"fix": "list the public key of the log's signer in codexlock.yaml (codexlock keys public), or set its variable in this run",
} if {
	not _signed
	not _tolerated
	_keyless
}

deny contains {
	"msg": _message,
	"file": _file,
	"fix": "find out whether the log is complete: git log -p -- MANIFEST.integrity.json; then sign it with the current key: codexlock audit sign",
} if {
	not _signed
	not _tolerated
	_revoked
}

_revoked if {
	input.repository.log.checkpoint.signature == "revoked"
	not input.repository.log.checkpoint.state in {"absent", "invalid", "irregular"}
}

_keyless if {
	input.repository.log.checkpoint.signature == "no_key"
	not input.repository.log.checkpoint.state in {"absent", "invalid", "irregular"}
}

warn contains {"msg": _message, "file": _file, "fix": "sign the log: codexlock audit sign"} if {
	not _signed
	_tolerated
}

_tolerated if {
	input.settings.require_proof == false
	input.repository.log.checkpoint.state == "absent"
	input.repository.log.checkpoint.before == "absent"
}

_signed if {
	input.repository.log.checkpoint.signature == "valid"
	input.repository.log.checkpoint.covers == "match"
}

_signed if log.none

# audit.rewritten reports a log that cannot be read.
_signed if input.repository.log.state in {"absent", "invalid", "irregular"}

_file := object.get(input, ["repository", "log", "checkpoint", "path"], "MANIFEST.integrity.checkpoint")

_message := "was removed, and the base commit has one: without it anybody could append to the log" if {
	input.repository.log.checkpoint.state == "absent"
	input.repository.log.checkpoint.before == "present"
} else := "checkpoint is missing, want a signed note over the log" if {
	input.repository.log.checkpoint.state == "absent"
} else := "is not a signed note with a size and a root" if {
	input.repository.log.checkpoint.state in {"invalid", "irregular"}
} else := "its signature is not valid" if {
	input.repository.log.checkpoint.signature == "invalid"
} else := "could not verify: the key of its signature was revoked" if {
	input.repository.log.checkpoint.signature == "revoked"
} else := "could not verify: no key to check its signature" if {
	input.repository.log.checkpoint.signature == "no_key"
} else := "belongs to another log than MANIFEST.integrity.json: size or root differ" if {
	input.repository.log.checkpoint.covers == "differs"
} else := "nothing proves that the log is signed"
