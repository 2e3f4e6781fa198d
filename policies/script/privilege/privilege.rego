# METADATA
# scope: package
# title: A script has the least privilege
# description: The artifact, where it is a shell script, and its test raise no privileges (sudo, su, setuid) and give nobody else the right to write. Without a configuration it is a warning where it is about the test alone.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-5.1
#   severity: deny
#   fix: "do it without: run the script as a user that may, and give rights to their owner alone"
package codexlock.script.privilege

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
	some use in facts.privileges
	place := script.place(use)
	message := sprintf("takes or gives more rights than it needs: %s", [object.get(use, "text", "something")])
	file := script.file(whose)
}

_findings contains {"msg": "nothing proves that it has the least privilege", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.privileges)
}
