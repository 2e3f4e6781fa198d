# METADATA
# scope: package
# title: A script executes only readable code
# description: "The artifact, if it is a shell script, and its test execute no code that is generated or downloaded at run time: eval \"$x\", curl ... | bash, python3 -c \"$(...)\", make -f with rules from elsewhere. Literal code (bash -c '...', trap '...') is judged like the script itself. Approving every host (\"*\") approves such code too. Without a configuration, a finding in the test alone is a warning."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.3
#   severity: deny
#   problem: Script executes code nobody can read
#   fix: write the code in the script itself, or in an attested file that the script calls
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
	message := sprintf("executes code that cannot be read before it runs: %s", [object.get(use, "text", "something")])
	file := script.file(whose)
}

_findings contains {"msg": "nothing proves that it executes only readable code", "file": file} if {
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
