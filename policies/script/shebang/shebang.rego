# METADATA
# scope: package
# title: A script names its shell
# description: "The first line of the artifact, if it is a shell script, and of its test is #!/usr/bin/env bash. Without a configuration, a finding in the test alone is a warning."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-1.1
#   severity: deny
#   problem: Script does not name its shell
#   line: "#!/usr/bin/env bash"
#   fix: "make this its first line: #!/usr/bin/env bash"
package codexlock.script.shebang

import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains {"msg": message, "file": file, "line": 1} if {
	some whose, facts in script.judged
	not script.unparsed(facts)
	not facts.shebang == "bash"
	message := _message(facts)
	file := script.file(whose)
}

_message(facts) := sprintf("begins with %q, want #!/usr/bin/env bash", [object.get(facts, "first_line", "another line")]) if {
	facts.shebang == "other"
} else := "has no first line that names a shell, want #!/usr/bin/env bash" if {
	facts.shebang == "absent"
} else := "nothing proves that it begins with #!/usr/bin/env bash"
