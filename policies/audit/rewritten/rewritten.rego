# METADATA
# scope: package
# title: The audit log only grows
# description: MANIFEST.integrity.json begins with every line of the base commit's log. Every line matches its schema and names the line before it.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-8.3
#   severity: deny
#   problem: Audit log was rewritten
#   fix: "find out who changed it: git log -p -- {file}; then take the log from the base commit (git checkout BASE -- {file}) and add new lines at its end only"
#   subject: repository
package codexlock.audit.rewritten

import data.codexlock.lib.log

deny contains {"msg": _history, "file": log.file} if not _extended

deny contains finding if {
	input.repository.log.state == "invalid"
	some problem in input.repository.log.problems
	finding := {
		"msg": object.get(problem, "message", "does not match its schema"),
		"file": log.file,
		"line": object.get(problem, "line", 1),
		"column": object.get(problem, "column", 1),
	}
}

deny contains {"msg": "the hash chain is broken: this line does not name the line before it", "file": log.file, "line": line} if {
	not _chained
	line := object.get(input, ["repository", "log", "break"], 1)
}

_extended if input.repository.log.history == "extends"

_extended if log.none

_chained if input.repository.log.chain in {"intact", "unchained"}

# The file is not known to be a log, which _history reports already.
_chained if input.repository.log.state in {"absent", "invalid", "irregular"}

_history := "is removed, and the base commit has one" if {
	input.repository.log.state == "absent"
} else := "is not a regular file" if {
	input.repository.log.state == "irregular"
} else := "does not begin with the base commit's log: history was rewritten" if {
	input.repository.log.history == "rewritten"
} else := "cannot be compared: the base commit's log is not a regular file, or is too large, so nothing proves that it only grew" if {
	input.repository.log.history == "unread"
} else := "nothing proves that the log only grew"
