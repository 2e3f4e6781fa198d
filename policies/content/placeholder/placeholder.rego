# METADATA
# scope: package
# title: Nothing is left to be done
# description: No comment and no prose of a critical path, in the artifact or its test, says TODO, FIXME, XXX, HACK or «not implemented». Binary files are left alone. Without a configuration it is a warning where it is about the test alone.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.1
#   severity: deny
#   fix: "do what is left to be done, or say elsewhere what is planned; critical_paths in codexlock.yaml say where this matters"
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
	message := sprintf("says %s, which leaves something to be done", [object.get(found, "word", "that something is to be done")])
	file := content.file(whose)
}

_findings contains {"msg": message, "file": file} if {
	not _uncritical
	some whose, facts in content.judged
	not whose in _searched
	message := sprintf("%s: nothing proves that no placeholder stands in it", [object.get(facts, "problem", "was not looked through")])
	file := content.file(whose)
}

_searched contains whose if {
	some whose in content.searched
	is_array(content.judged[whose].placeholders)
}

_uncritical if input.artifact.critical == "no"
