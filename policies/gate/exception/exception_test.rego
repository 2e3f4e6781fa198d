package codexlock.gate.exception_test

import data.codexlock.gate.exception
import data.codexlock.lib.sample

test_p1_passes if {
	_silent with input as sample.settled
	_silent with input as sample.patched(sample.settled, {"/exceptions/list": [], "/exceptions/rules": []})
	_silent with input as _one({"use": "unknown"})
	_silent with input as _add("list", {})
	_silent with input as _add("rules", {})
	_silent with input as _add("list", {"selects": "unsettled"})
}

_silent if {
	exception.warn == set()
	exception.deny == set()
}

_kinds := {
	"list": {"noun": "the exception from", "rule": "/exceptions/0/rule", "expires": "/exceptions/0/expires"},
	"rules": {"noun": "rules:", "rule": "/rules/script.posix", "expires": "/rules/script.posix/expires"},
}

# _problems are what is wrong with an entry of each kind, and where.
_problems := [
	[{"state": "expired", "use": "unused"}, "expires", "expired at 2026-12-31T00:00:00Z: it covers nothing, and @team has to renew or remove it"],
	[{"selects": "nothing", "nearest": "script.posix2", "use": "unused"}, "rule", "names no rule; did you mean script.posix2?"],
	[{"selects": "nothing", "use": "unused"}, "rule", "names no rule"],
]

_each(list) := array.concat(_problems, [[{"selects": "refused", "use": "unused"}, "rule", _refused[list]]])

_refused := {
	"list": "covers nothing: this rule cannot be excepted, because other rules rely on it",
	"rules": "changes nothing: the rule is not optional",
}

test_p1_an_entry_of_the_base_is_a_warning if {
	every list, kind in _kinds {
		every problem in _each(list) {
			facts := _change(list, problem[0])
			message := sprintf("%s script.posix %s", [kind.noun, problem[2]])
			exception.warn == {{"msg": message, "pointer": kind[problem[1]]}} with input as facts
			exception.deny == set() with input as facts
		}
	}
}

test_p1_an_entry_that_the_change_adds_is_denied if {
	every list, kind in _kinds {
		every problem in _each(list) {
			facts := _add(list, problem[0])
			message := sprintf("%s script.posix %s; this change adds or edits the entry", [kind.noun, problem[2]])
			exception.deny == {{"msg": message, "file": "codexlock.yaml", "line": 21, "column": 5}} with input as facts
			exception.warn == set() with input as facts
		}
	}
}

test_p1_unused_is_found if {
	exception.warn == {{
		"msg": "the exception from script.posix covers no finding",
		"pointer": "/exceptions/0",
	}} with input as _one({"use": "unused"})
}

test_p1_missing_facts_are_found if {
	every pointer in {"/exceptions", "/exceptions/list", "/exceptions/rules"} {
		exception.warn == {{"msg": "nothing proves that every exception is valid"}} with input as sample.without(sample.settled, pointer)
	}
	every pointer in {"/exceptions", "/exceptions/added", "/exceptions/added/list", "/exceptions/added/rules"} {
		exception.deny == {{
			"msg": "nothing proves that every entry the change adds is valid",
			"file": "codexlock.yaml",
		}} with input as sample.without(sample.settled, pointer)
	}
	every fact in {"state", "selects", "use"} {
		count(exception.warn) == 1 with input as sample.without(sample.settled, sprintf("/exceptions/list/0/%s", [fact]))
	}
	every fact in {"state", "selects"} {
		count(exception.warn) == 1 with input as sample.without(sample.settled, sprintf("/exceptions/rules/0/%s", [fact]))
		count(exception.deny) == 1 with input as sample.without(_add("list", {}), sprintf("/exceptions/added/list/0/%s", [fact]))
		count(exception.deny) == 1 with input as sample.without(_add("rules", {}), sprintf("/exceptions/added/rules/0/%s", [fact]))
	}
	exception.warn == {
		{"msg": "the exception from a rule expired at an unknown time: it covers nothing, and its owner has to renew or remove it", "pointer": "/expires"},
		{"msg": "the exception from a rule names no rule", "pointer": "/rule"},
	} with input as sample.patched(sample.settled, {"/exceptions/list": [{}]})
	count(exception.deny) == 2 with input as sample.patched(sample.settled, {"/exceptions/added/rules": [{}]})
}

_one(change) := _change("list", change)

_change(list, change) := sample.patched(sample.settled, {sprintf("/exceptions/%s/0", [list]): object.union(sample.settled.exceptions[list][0], change)})

_add(list, change) := sample.patched(sample.settled, {sprintf("/exceptions/added/%s", [list]): [object.union(
	object.union(sample.settled.exceptions[list][0], {"line": 21, "column": 5}),
	change,
)]})
