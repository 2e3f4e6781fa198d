# METADATA
# scope: package
# title: The baseline can be read, and shrinks
# description: The baseline that the configuration names is there and has the form of its schema, and, where everything is judged, each of its entries covers a finding. What cannot be read covers nothing; what is mended leaves the baseline.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P1
#   severity: warn
#   fix: "write it anew, and have the difference reviewed: codexlock verify --all --write-baseline"
#   subject: exceptions
#   excepted: never
package codexlock.gate.baseline

import data.codexlock.lib.document

# It warns, as gate.exception does: what an entry would cover is denied anyway.
warn contains object.union(finding, {"msg": message}) if {
	input.exceptions.baseline.state == "invalid"
	some finding in document.faults(_file, object.get(input, ["exceptions", "baseline", "problems"], []))
	message := sprintf("covers nothing: %s", [finding.msg])
}

warn contains {"msg": message, "file": _file} if {
	not _readable
	message := sprintf("covers nothing: it is %s in the base commit", [object.get(input, ["exceptions", "baseline", "state"], "not known to be")])
}

warn contains {"msg": message, "file": _file, "pointer": object.get(first, "pointer", "")} if {
	stale := input.exceptions.baseline.stale
	first := stale[0]
	message := sprintf("%d of %v entries cover no finding any more, the first is %s of %s", [
		count(stale),
		object.get(input, ["exceptions", "baseline", "entries"], "its"),
		object.get(first, "rule", "a rule"),
		object.get(first, "path", "an artifact"),
	])
}

warn contains {"msg": "nothing proves that every entry of the baseline is needed", "file": _file} if not _compared

_readable if input.exceptions.baseline.state in {"valid", "unnamed", "invalid"}

_compared if is_array(input.exceptions.baseline.stale)

_file := object.get(input, ["exceptions", "baseline", "path"], "codexlock-baseline.json")
