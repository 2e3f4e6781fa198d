# METADATA
# scope: package
# title: Documents
# description: What the companions and the ledger have in common as files.
package codexlock.lib.document

# unread are the states in which nothing is known of what a document says. Its
# rules "missing" and "schema" report them.
unread := {"absent", "invalid", "irregular", "twice"}

# elsewhere are the states that the rule "missing" reports.
elsewhere := {"absent", "irregular", "twice"}

# amiss says in which way a companion is not there. noun is what it is called.
amiss(companion, noun) := sprintf("has no %s, want %s", [noun, companion.path]) if {
	companion.state == "absent"
} else := sprintf("has two files for its %s, %s and %s, want one", [noun, companion.path, companion.also]) if {
	companion.state == "twice"
} else := sprintf("%s is not a regular file, want its %s there", [companion.path, noun]) if {
	companion.state == "irregular"
} else := sprintf("nothing proves that it has a %s", [noun])

# faults is a finding for each problem of form, and at least one.
faults(file, problems) := {fault(file, problem) | some problem in problems} if {
	count(problems) > 0
} else := {{"msg": "nothing proves that it matches its schema", "file": file}}

# fault points at the value where there is one, so that the finding stays the same
# when the value moves, and at line and column in what is no JSON.
fault(file, problem) := {"msg": _message(problem), "file": file, "pointer": problem.pointer} if {
	problem.pointer != ""
} else := {
	"msg": _message(problem),
	"file": file,
	"line": object.get(problem, "line", 1),
	"column": object.get(problem, "column", 1),
}

_message(problem) := object.get(problem, "message", "does not match its schema")
