# METADATA
# scope: package
# title: A script is configured by environment and flags alone
# description: The artifact, where it is a shell script, and its test ask nothing at the terminal and read no file outside the repository as a script. Without a configuration it is a warning where it is about the test alone.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-1.2
#   severity: deny
#   fix: take the value from an environment variable or a flag
#   optional: true
package codexlock.script.config_source

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
	some use in facts.config
	place := script.place(use)
	message := sprintf("takes configuration from elsewhere: %s", [object.get(use, "text", "something")])
	file := script.file(whose)
}

_findings contains {"msg": "nothing proves that it is configured by environment and flags alone", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.config)
}
