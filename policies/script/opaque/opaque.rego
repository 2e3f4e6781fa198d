# METADATA
# scope: package
# title: A script executes only code that can be read
# description: "The artifact, where it is a shell script, and its test execute no code that is made or fetched when they run: eval \"$x\", curl ... | bash, python3 -c \"$(...)\", make -f with rules from elsewhere. Code that is written out (bash -c '...', trap '...') is judged like the script itself. The approval of every host, \"*\", is one of any code too. Without a configuration it is a warning where it is about the test alone."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.3
#   severity: deny
#   fix: write the code out in the script, or put it into a file that is attested and call that file
package codexlock.script.opaque

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
	not _approved
	some whose, facts in script.readable
	some use in facts.opaque
	place := script.place(use)
	message := sprintf("executes code that cannot be read: %s", [object.get(use, "text", "something")])
	file := script.file(whose)
}

_findings contains {"msg": "nothing proves that it executes only code that can be read", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.opaque)
}

_approved if "*" in object.get(input, ["manifest", "network"], [])

_approved if "*" in object.get(input, ["domain", "network"], [])
