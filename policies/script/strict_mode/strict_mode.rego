# METADATA
# scope: package
# title: A script stops at the first error
# description: The first command of the artifact, if it is a shell script, and of its test is set -euo pipefail. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-1.1
#   severity: deny
#   problem: Script continues after an error
#   line: set -euo pipefail
#   fix: "make its first command: set -euo pipefail"
package codexlock.script.strict_mode

import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains object.union(_insertion(facts), {"msg": message, "file": file, "line": line}) if {
	some whose, facts in script.readable
	not facts.strict_mode == "first"
	message := _message(facts)
	line := object.get(facts, "first_command", 1)
	file := script.file(whose)
}

# The line can be inserted where nothing is executed before it, nothing sets the strict mode
# later, and Bash executes the script: another sh may not know pipefail.
_insertion(facts) := {"insert": "set -euo pipefail"} if {
	facts.strict_mode == "absent"
	facts.shebang == "bash"
	facts.first_command > 1
} else := {}

_message(facts) := "set -euo pipefail is not its first command" if {
	facts.strict_mode == "later"
} else := "has no set -euo pipefail, want it as the first command" if {
	facts.strict_mode == "absent"
} else := "nothing proves that it stops at the first error"
