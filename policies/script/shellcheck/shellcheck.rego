# METADATA
# scope: package
# title: ShellCheck passes
# description: ShellCheck reports nothing for the artifact, if it is a shell script, or for its test. If ShellCheck is not installed, or needs more time or memory than it is allowed, the rule fails. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-10.1
#   severity: deny
#   problem: ShellCheck reports a problem
#   fix: "fix what ShellCheck reports (each code is explained at https://www.shellcheck.net/wiki/CODE); if it is not installed: apt-get install shellcheck; if a script is too large for it, split the script or install ShellCheck 0.10 or later"
#   optional: true
package codexlock.script.shellcheck

import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains {"msg": message, "term": code, "file": file, "line": place.line, "column": place.column} if {
	some whose, facts in script.readable
	facts.shellcheck.state == "found"
	some finding in facts.shellcheck.findings
	place := script.place(finding)
	code := object.get(finding, "code", "ShellCheck")
	message := sprintf("%s: %s", [code, object.get(finding, "message", "it says")])
	file := script.file(whose)
}

_findings contains {"msg": message, "file": file} if {
	some whose, facts in script.readable
	not whose in _answered
	message := _message(facts)
	file := script.file(whose)
}

_answered contains whose if {
	some whose, facts in script.readable
	facts.shellcheck.state in {"passed", "ours"}
}

_answered contains whose if {
	some whose, facts in script.readable
	facts.shellcheck.state == "found"
	count(facts.shellcheck.findings) > 0
}

_message(facts) := "could not verify: shellcheck is not installed" if {
	facts.shellcheck.state == "unavailable"
} else := sprintf("could not verify: %s", [facts.shellcheck.problem]) if {
	facts.shellcheck.state == "exceeded"
} else := "nothing proves that ShellCheck passes"
