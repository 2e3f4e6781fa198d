# METADATA
# scope: package
# title: A script is safe to run twice
# description: A second run of the artifact, if it is a shell script, and of its test changes nothing. A finding from the text of a script is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-1.3
#   severity: warn
#   problem: Script may not run twice
#   fix: "use the form that is safe to repeat: mkdir -p, ln -sf, rm -f, > instead of >>"
#   optional: true
package codexlock.script.idempotence

import data.codexlock.lib.script

warn contains {"msg": message, "file": file, "line": place.line, "column": place.column} if {
	some whose, facts in script.readable
	some use in facts.repeats
	place := script.place(use)
	message := sprintf("may not be safe to repeat: %s", [object.get(use, "text", "something")])
	file := script.file(whose)
}

warn contains {"msg": "nothing proves that it is safe to run twice", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.repeats)
}
