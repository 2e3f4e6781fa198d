# METADATA
# scope: package
# title: Documents
# description: What the companions and the ledger have in common as files.
package codexlock.lib.document

# unread are the states in which the content of a document is unknown. Its rules
# "missing" and "schema" report them.
unread := {"absent", "invalid", "irregular", "twice"}

# missing are the states that the rule "missing" reports.
missing := {"absent", "irregular", "twice"}

# missing_message is the message of the rule "missing" about a companion; noun is its
# name in the message.
missing_message(companion, noun) := sprintf("has no %s, want %s", [noun, companion.path]) if {
	companion.state == "absent"
} else := sprintf("has two files for its %s, %s and %s, want one", [noun, companion.path, companion.also]) if {
	companion.state == "twice"
} else := sprintf("%s is not a regular file, want its %s there", [companion.path, noun]) if {
	companion.state == "irregular"
} else := sprintf("nothing proves that it has a %s", [noun])

# findings is a finding for each problem of the decoder or the schema, and at least one.
findings(file, problems) := {_finding(file, problem) | some problem in problems} if {
	count(problems) > 0
} else := {{"msg": "nothing proves that it matches its schema", "file": file}}

# _finding has the pointer of the wrong value, so that the finding stays the same when
# the value moves; in a file that is not JSON it has line and column.
_finding(file, problem) := {"msg": _message(problem), "file": file, "pointer": problem.pointer} if {
	problem.pointer != ""
} else := {
	"msg": _message(problem),
	"file": file,
	"line": object.get(problem, "line", 1),
	"column": object.get(problem, "column", 1),
}

_message(problem) := object.get(problem, "message", "does not match its schema")

# recorded states that the ledger, the manifest or the record is for the artifact's bytes.
recorded if "match" in {input.checks.ledger, input.checks.manifest, input.checks.vaulttime}
