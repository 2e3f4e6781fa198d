# METADATA
# scope: package
# title: The baseline is readable and shrinks
# description: The baseline that the configuration names can be read, and no entry is for a rule that cannot be excepted. When every artifact is judged, each entry covers a finding. A baseline that cannot be read covers nothing. A finding that is fixed leaves the baseline.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P1
#   severity: deny
#   problem: Baseline is invalid or grows
#   fix: "write it again and have the diff reviewed: codexlock verify --all --write-baseline"
#   subject: exceptions
#   excepted: never
package codexlock.gate.baseline

import data.codexlock.lib.document

# An entry of the base is a warning, as in gate.exception: the findings that it should
# cover are denied anyway. An entry that the change adds is denied.
warn contains object.union(finding, {"msg": message}) if {
	input.exceptions.baseline.state == "invalid"
	some finding in document.findings(_file, object.get(input, ["exceptions", "baseline", "problems"], []))
	message := sprintf("covers nothing: %s", [finding.msg])
}

warn contains {"msg": message, "file": _file} if {
	not _readable
	message := sprintf("covers nothing: it is %s in the base commit", [object.get(input, ["exceptions", "baseline", "state"], "not known to be")])
}

# "count" has merged shards add up their numbers: each knows only the entries of its own
# artifacts.
warn contains {"msg": message, "file": _file, "pointer": object.get(first, "pointer", ""), "count": count(stale)} if {
	stale := input.exceptions.baseline.stale
	first := stale[0]
	message := sprintf("%d of %v entries no longer cover a finding, the first is %s of %s", [
		count(stale),
		object.get(input, ["exceptions", "baseline", "entries"], "its"),
		object.get(first, "rule", "a rule"),
		object.get(first, "path", "an artifact"),
	])
}

warn contains {"msg": _never(entry), "file": _file, "pointer": object.get(entry, "pointer", "")} if {
	some entry in input.exceptions.baseline.never
}

warn contains {"msg": "nothing proves that every entry of the baseline is needed", "file": _file} if not _compared

deny contains {"msg": message, "file": _added_to, "line": object.get(entry, "line", 1)} if {
	some entry in input.exceptions.added.never
	message := sprintf("%s; this change adds the entry", [_never(entry)])
}

deny contains {"msg": "nothing proves that every entry the change adds may be in a baseline", "file": _added_to} if not _measured

_readable if input.exceptions.baseline.state in {"valid", "unnamed", "invalid"}

_compared if {
	is_array(input.exceptions.baseline.stale)
	is_array(input.exceptions.baseline.never)
}

_measured if is_array(input.exceptions.added.never)

_file := object.get(input, ["exceptions", "baseline", "path"], "codexlock-baseline.json")

_added_to := object.get(input, ["exceptions", "added", "baseline"], "codexlock-baseline.json")

_never(entry) := sprintf("the entry for %s of %s covers nothing: this rule cannot be excepted, because other rules rely on it", [
	object.get(entry, "rule", "a rule"),
	object.get(entry, "path", "an artifact"),
])
