# METADATA
# scope: package
# title: A script uses the least privilege
# description: The artifact, if it is a shell script, and its test do not raise privileges (sudo, su, setuid) and give nobody else write permission. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-5.1
#   severity: deny
#   problem: Script raises its privileges
#   fix: "remove it: run the script as a user who has the permission, and give permissions to the owner only"
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
	message := sprintf("takes or gives more permissions than it needs: %s", [object.get(use, "text", "something")])
	file := script.file(whose)
}

_findings contains {"msg": "nothing proves that it uses the least privilege", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.privileges)
}
