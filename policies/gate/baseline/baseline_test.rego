package codexlock.gate.baseline_test

import data.codexlock.gate.baseline
import data.codexlock.lib.sample

test_p1_passes if {
	baseline.warn == set() with input as sample.settled
	baseline.warn == set() with input as _with({"state": "unnamed", "problems": [], "entries": 0, "stale": [], "never": []})
	baseline.deny == set() with input as sample.settled
}

_entry := {"pointer": "/findings/0", "rule": "layout.irregular", "path": "scripts/a.sh"}

test_p1_an_entry_that_can_never_cover_is_found if {
	message := "the entry for layout.irregular of scripts/a.sh covers nothing: this rule cannot be excepted, because other rules rely on it"
	baseline.warn == {{"msg": message, "file": "codexlock-baseline.json", "pointer": "/findings/0"}} with input as _one({"never": [_entry]})
	baseline.deny == set() with input as _one({"never": [_entry]})
	facts := sample.patched(sample.settled, {"/exceptions/added/never": [object.union(_entry, {"line": 4})]})
	baseline.deny == {{
		"msg": concat("", [message, "; this change adds the entry"]),
		"file": "codexlock-baseline.json",
		"line": 4,
	}} with input as facts
	baseline.warn == set() with input as facts
}

test_p1_what_the_change_adds_is_missed if {
	every pointer in {"/exceptions", "/exceptions/added", "/exceptions/added/never"} {
		baseline.deny == {{
			"msg": "nothing proves that every entry the change adds may be in a baseline",
			"file": "codexlock-baseline.json",
		}} with input as sample.without(sample.settled, pointer)
	}
	baseline.deny == {{
		"msg": "the entry for a rule of an artifact covers nothing: this rule cannot be excepted, because other rules rely on it; this change adds the entry",
		"file": "codexlock-baseline.json",
		"line": 1,
	}} with input as sample.patched(sample.settled, {"/exceptions/added/never": [{}]})
}

test_p1_unread_is_found if {
	every state in {"absent", "irregular"} {
		baseline.warn == {{
			"msg": sprintf("covers nothing: it is %s in the base commit", [state]),
			"file": "codexlock-baseline.json",
		}} with input as _one({"state": state})
	}
	baseline.warn == {{
		"msg": "covers nothing: findings is missing",
		"file": "codexlock-baseline.json",
		"pointer": "/findings",
	}} with input as _one({"state": "invalid", "problems": [{"message": "findings is missing", "pointer": "/findings", "line": 1, "column": 1}]})
}

test_p1_stale_is_found if {
	baseline.warn == {{
		"msg": "2 of 3 entries no longer cover a finding, the first is script.posix of scripts/a.sh",
		"file": "codexlock-baseline.json",
		"pointer": "/findings/1",
		"count": 2,
	}} with input as _one({"entries": 3, "stale": [
		{"pointer": "/findings/1", "rule": "script.posix", "path": "scripts/a.sh"},
		{"pointer": "/findings/2", "rule": "script.usage", "path": "scripts/b.sh"},
	]})
}

test_p1_missing_facts_are_found if {
	every pointer in {"/exceptions", "/exceptions/baseline"} {
		baseline.warn == {
			{"msg": "covers nothing: it is not known to be in the base commit", "file": "codexlock-baseline.json"},
			{"msg": "nothing proves that every entry of the baseline is needed", "file": "codexlock-baseline.json"},
		} with input as sample.without(sample.settled, pointer)
	}
	every fact in {"state", "stale", "never"} {
		count(baseline.warn) == 1 with input as sample.without(sample.settled, sprintf("/exceptions/baseline/%s", [fact]))
	}
	baseline.warn == {{
		"msg": "covers nothing: nothing proves that it matches its schema",
		"file": "codexlock-baseline.json",
	}} with input as _one({"state": "invalid", "problems": []})
	baseline.warn == {{
		"msg": "1 of its entries no longer cover a finding, the first is a rule of an artifact",
		"file": "codexlock-baseline.json",
		"pointer": "",
		"count": 1,
	}} with input as _with({"state": "valid", "stale": [{}], "never": []})
}

_one(change) := _with(object.union(sample.settled.exceptions.baseline, change))

_with(facts) := sample.patched(sample.settled, {"/exceptions/baseline": facts})
