# METADATA
# scope: package
# title: A script reads configuration only from the environment and flags
# description: The artifact, if it is a shell script, and its test do not prompt at the terminal and source no file outside the repository. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-1.2
#   severity: deny
#   problem: Script reads configuration from a file
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
	message := sprintf("reads configuration from elsewhere: %s", [object.get(use, "text", "something")])
	file := script.file(whose)
}

_findings contains {"msg": "nothing proves that it reads configuration only from the environment and flags", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.config)
}
