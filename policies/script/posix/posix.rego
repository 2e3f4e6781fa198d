# METADATA
# scope: package
# title: A script is POSIX shell
# description: The artifact, if it is a shell script, and its test parse as POSIX shell; set -o pipefail is fine. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-10.2
#   severity: deny
#   problem: Script is not POSIX shell
#   fix: "replace what only Bash has: arrays, here-strings, the keyword function, process substitution"
#   optional: true
package codexlock.script.posix

import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains {"msg": message, "file": file, "line": place.line, "column": place.column} if {
	some whose, facts in script.readable
	not facts.posix == "yes"
	place := script.place(object.get(facts, "posix_problem", {}))
	message := _message(facts)
	file := script.file(whose)
}

_message(facts) := sprintf("is not POSIX shell: %s", [object.get(facts, ["posix_problem", "message"], "it does not parse")]) if {
	facts.posix == "no"
} else := "nothing proves that it is POSIX shell"
