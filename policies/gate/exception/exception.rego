# METADATA
# scope: package
# title: Exceptions and rule settings are valid and needed
# description: "Every exception and every rule setting in the configuration is unexpired and names a rule that it can apply to: a rule that others rely on cannot be excepted, and only optional rules can be set to off or warn. When every artifact is judged, each exception covers a finding."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P1
#   severity: deny
#   problem: Exception is invalid or not needed
#   fix: remove the entry from the configuration, or ask its owner to correct it
#   subject: exceptions
#   excepted: never
package codexlock.gate.exception

# An entry of the base that covers nothing is a warning, so that the change that
# removes it, and any other, can pass: the findings that it should cover are denied
# anyway. An entry that the change adds or edits is denied.
warn contains {"msg": message, "pointer": concat("", [object.get(entry, "pointer", ""), place])} if {
	some [noun, entry] in _base
	some [place, message] in _problems(noun, entry)
}

warn contains {"msg": message, "pointer": object.get(exception, "pointer", "")} if {
	some exception in input.exceptions.list
	_current(exception)
	_selects(exception)
	not _needed(exception)
	message := sprintf("the exception from %s covers no finding", [_rule(exception)])
}

warn contains {"msg": "nothing proves that every exception is valid"} if not _measured

deny contains {"msg": message, "file": _file, "line": line, "column": column} if {
	some [noun, entry] in _added
	some [_, problem] in _problems(noun, entry)
	line := object.get(entry, "line", 1)
	column := object.get(entry, "column", 1)
	message := sprintf("%s; this change adds or edits the entry", [problem])
}

deny contains {"msg": "nothing proves that every entry the change adds is valid", "file": _file} if not _compared

_measured if {
	is_array(input.exceptions.list)
	is_array(input.exceptions.rules)
}

_compared if {
	is_array(input.exceptions.added.list)
	is_array(input.exceptions.added.rules)
}

_file := object.get(input, ["exceptions", "added", "file"], "codexlock.yaml")

_base contains ["the exception from", entry] if some entry in input.exceptions.list

_base contains ["rules:", entry] if some entry in input.exceptions.rules

_added contains ["the exception from", entry] if some entry in input.exceptions.added.list

_added contains ["rules:", entry] if some entry in input.exceptions.added.rules

# _problems are the reasons why an entry covers nothing, each with its position in
# the entry.
_problems(noun, entry) := _expired(noun, entry) | _unselected(noun, entry)

_expired(noun, entry) := {["/expires", message] |
	not _current(entry)
	message := sprintf("%s %s expired at %s: it covers nothing, and %s has to renew or remove it", [
		noun,
		_rule(entry),
		object.get(entry, "expires", "an unknown time"),
		object.get(entry, "owner", "its owner"),
	])
}

_unselected(noun, entry) := {[_place[noun], message] |
	not _selects(entry)
	message := sprintf("%s %s %s", [noun, _rule(entry), _why(noun, entry)])
}

# The key of a setting is its rule, so a problem of the rule has the setting's position.
_place := {"the exception from": "/rule", "rules:": ""}

_current(entry) if entry.state == "current"

_selects(entry) if entry.selects in {"rules", "unsettled"}

_needed(entry) if entry.use in {"used", "unknown"}

_rule(entry) := object.get(entry, "rule", "a rule")

_why(noun, entry) := _refused[noun] if {
	entry.selects == "refused"
} else := sprintf("names no rule; did you mean %s?", [entry.nearest]) if {
	entry.selects == "nothing"
} else := "names no rule"

_refused := {
	"the exception from": "covers nothing: this rule cannot be excepted, because other rules rely on it",
	"rules:": "changes nothing: the rule is not optional",
}
