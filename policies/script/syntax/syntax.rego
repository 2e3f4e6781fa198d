# METADATA
# scope: package
# title: A script can be parsed
# description: "The artifact, if it is a shell script, and its test are text that Bash parses: UTF-8, with no NUL byte and no carriage returns, of at most 256 KiB. Other scripts cannot be executed, so this applies without a configuration too."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-1.4
#   severity: deny
#   problem: Script cannot be parsed
#   fix: fix the script until bash -n accepts it
#   excepted: never
package codexlock.script.syntax

import data.codexlock.lib.script

deny contains {"msg": message, "file": file, "line": place.line, "column": place.column} if {
	some whose, facts in script.judged
	not whose in _parsed
	place := script.place(object.get(facts, "problem", {}))
	message := _message(facts)
	file := script.file(whose)
}

# script.shebang reports a script of another language.
_parsed contains whose if {
	some whose, facts in script.judged
	facts.state in {"parsed", "other"}
}

_message(facts) := sprintf("Bash does not parse it: %s", [_problem(facts)]) if {
	facts.state == "invalid"
} else := sprintf("cannot be judged as a script: it %s", [_problem(facts)]) if {
	facts.state == "unread"
} else := "nothing proves that it is a script that Bash parses"

_problem(facts) := object.get(facts, ["problem", "message"], "is not known why")
