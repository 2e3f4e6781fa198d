# METADATA
# scope: package
# title: A script prints its usage
# description: The artifact, if it is a shell script, and its test answer --help or --usage. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-10.3
#   severity: deny
#   problem: Script does not print its usage
#   fix: "handle --help: print what the script does and how to call it, and exit with 0"
#   optional: true
package codexlock.script.usage

import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains {"msg": message, "file": file, "line": line} if {
	some whose, facts in script.readable
	not facts.usage == "handled"
	message := _message(facts)
	line := 1
	file := script.file(whose)
}

_message(facts) := "answers neither --help nor --usage" if {
	facts.usage == "absent"
} else := "nothing proves that it answers --help or --usage"
