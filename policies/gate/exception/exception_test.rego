package codexlock.gate.exception_test

import data.codexlock.gate.exception
import data.codexlock.lib.sample

test_p1_passes if {
	exception.warn == set() with input as sample.settled
	exception.warn == set() with input as sample.patched(sample.settled, {"/exceptions/list": []})
	exception.warn == set() with input as _one({"use": "unknown"})
}

test_p1_expired_is_found if {
	exception.warn == {{
		"msg": "the exception from script.posix expired at 2026-12-31T00:00:00Z: it covers nothing any more, and @team has to decide again",
		"pointer": "/exceptions/0/expires",
	}} with input as _one({"state": "expired", "use": "unused"})
}

test_p1_a_rule_that_is_not_there_is_found if {
	exception.warn == {{
		"msg": "the exception from script.posix names no rule; did you mean script.posix2?",
		"pointer": "/exceptions/0/rule",
	}} with input as _one({"selects": "nothing", "nearest": "script.posix2", "use": "unused"})
	exception.warn == {{
		"msg": "the exception from script.posix names no rule",
		"pointer": "/exceptions/0/rule",
	}} with input as _one({"selects": "nothing", "use": "unused"})
}

test_p1_a_rule_that_refuses_is_found if {
	exception.warn == {{
		"msg": "the exception from script.posix covers nothing: it is never excepted, because other rules rely on it",
		"pointer": "/exceptions/0/rule",
	}} with input as _one({"selects": "refused", "use": "unused"})
}

test_p1_unused_is_found if {
	exception.warn == {{
		"msg": "the exception from script.posix covers no finding",
		"pointer": "/exceptions/0",
	}} with input as _one({"use": "unused"})
}

test_p1_missing_facts_are_found if {
	every pointer in {"/exceptions", "/exceptions/list"} {
		exception.warn == {{"msg": "nothing proves that every exception holds"}} with input as sample.without(sample.settled, pointer)
	}
	every fact in {"state", "selects", "use"} {
		count(exception.warn) == 1 with input as sample.without(sample.settled, sprintf("/exceptions/list/0/%s", [fact]))
	}
	exception.warn == {
		{"msg": "the exception from a rule expired at an unknown time: it covers nothing any more, and its owner has to decide again", "pointer": "/expires"},
		{"msg": "the exception from a rule names no rule", "pointer": "/rule"},
	} with input as sample.patched(sample.settled, {"/exceptions/list": [{}]})
}

_one(change) := sample.patched(sample.settled, {"/exceptions/list/0": object.union(sample.settled.exceptions.list[0], change)})
