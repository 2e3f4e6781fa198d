# METADATA
# scope: package
# title: No work is left unfinished
# description: On a critical path, no comment and no prose of the artifact or its test contains TODO, FIXME, XXX, HACK or the words not implemented. Binary files are not searched. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.1
#   severity: deny
#   problem: Unfinished work is left
#   fix: "finish the work, or move the plan to an issue; critical_paths in codexlock.yaml names the paths that are checked"
#   optional: true
package codexlock.content.placeholder

import data.codexlock.lib.content
import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains {"msg": message, "file": file, "line": line, "column": column} if {
	not _uncritical
	some whose, facts in content.judged
	some found in facts.placeholders
	line := object.get(found, "line", 1)
	column := object.get(found, "column", 1)
	message := sprintf("contains the placeholder %s", [object.get(found, "word", "(unknown)")])
	file := content.file(whose)
}

_findings contains {"msg": message, "file": file, "fix": "split the file or shorten its lines, so that all of it can be searched"} if {
	not _uncritical
	some whose, facts in content.judged
	not whose in _searched
	message := sprintf("%s: nothing proves that it contains no placeholder", [object.get(facts, "problem", "was not searched")])
	file := content.file(whose)
}

_searched contains whose if {
	some whose in content.searched
	is_array(content.judged[whose].placeholders)
}

_uncritical if input.artifact.critical == "no"
