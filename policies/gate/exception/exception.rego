# METADATA
# scope: package
# title: An exception holds, and is needed
# description: Every exception of the configuration still holds, names a rule that can be excepted, and, where everything is judged, covers a finding. One that does not is an open door, or one that its owner takes for open.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P1
#   severity: warn
#   fix: remove the exception from the configuration, or have its owner correct it
#   subject: exceptions
#   excepted: never
package codexlock.gate.exception

# It warns: the exceptions are the base commit's, so that a denial would deny the
# very change that mends them. What such an exception would cover is denied anyway.
warn contains _at(exception, "/expires", message) if {
	some exception in input.exceptions.list
	not _current(exception)
	message := sprintf("the exception from %s expired at %s: it covers nothing any more, and %s has to decide again", [
		_rule(exception), object.get(exception, "expires", "an unknown time"), object.get(exception, "owner", "its owner"),
	])
}

warn contains _at(exception, "/rule", message) if {
	some exception in input.exceptions.list
	not _selects(exception)
	message := sprintf("the exception from %s %s", [_rule(exception), _why(exception)])
}

warn contains _at(exception, "", message) if {
	some exception in input.exceptions.list
	_current(exception)
	_selects(exception)
	not _needed(exception)
	message := sprintf("the exception from %s covers no finding", [_rule(exception)])
}

warn contains {"msg": "nothing proves that every exception holds"} if not _measured

_measured if is_array(input.exceptions.list)

_current(exception) if exception.state == "current"

_selects(exception) if exception.selects == "rules"

_needed(exception) if exception.use in {"used", "unknown"}

_at(exception, place, message) := {"msg": message, "pointer": concat("", [object.get(exception, "pointer", ""), place])}

_rule(exception) := object.get(exception, "rule", "a rule")

_why(exception) := "covers nothing: it is never excepted, because other rules rely on it" if {
	exception.selects == "refused"
} else := sprintf("names no rule; did you mean %s?", [exception.nearest]) if {
	exception.selects == "nothing"
} else := "names no rule"
