package codexlock.audit.rewritten_test

import data.codexlock.audit.rewritten
import data.codexlock.lib.sample

_none := {
	"path": "MANIFEST.integrity.json",
	"state": "absent",
	"problems": [],
	"change": "unchanged",
	"history": "absent",
	"chain": "absent",
	"lines": 0,
	"checkpoint": {
		"path": "MANIFEST.integrity.checkpoint",
		"state": "absent",
		"problems": [],
		"signature": "absent",
		"covers": "absent",
		"before": "absent",
	},
}

test_zt_8_3_passes if {
	rewritten.deny == set() with input as sample.repository
	rewritten.deny == set() with input as sample.whole({"/repository/log": _none})
	rewritten.deny == set() with input as sample.whole({"/repository/log/chain": "unchained"})
}

_finding(message) := {"msg": message, "file": "MANIFEST.integrity.json"}

test_zt_8_3_every_rewriting_is_found if {
	rewritten.deny == {_finding("does not begin with the base commit's log: history was rewritten")} with input as sample.whole({"/repository/log/history": "rewritten"})
	rewritten.deny == {_finding("cannot be compared: the base commit's log is not a regular file, or is too large, so nothing proves that it only grew")} with input as sample.whole({"/repository/log/history": "unread"})
	rewritten.deny == {_finding("is removed, and the base commit has one")} with input as sample.whole({"/repository/log": object.union(
		_none,
		{"history": "rewritten", "change": "removed"},
	)})
	rewritten.deny == {_finding("is not a regular file")} with input as sample.whole({
		"/repository/log/history": "rewritten",
		"/repository/log/state": "irregular",
	})
	rewritten.deny == {{
		"msg": "the hash chain is broken: this line does not name the line before it",
		"file": "MANIFEST.integrity.json",
		"line": 2,
	}} with input as sample.whole({"/repository/log/chain": "broken", "/repository/log/break": 2})
}

test_zt_8_3_every_problem_of_form_is_found if {
	rewritten.deny == {
		{"msg": "is missing result", "file": "MANIFEST.integrity.json", "line": 3, "column": 9},
		{"msg": "does not match its schema", "file": "MANIFEST.integrity.json", "line": 1, "column": 1},
	} with input as sample.whole({
		"/repository/log/state": "invalid",
		"/repository/log/problems": [{"message": "is missing result", "pointer": "", "line": 3, "column": 9}, {}],
	})
}

test_zt_8_3_missing_facts_are_found if {
	unproved := _finding("nothing proves that the log only grew")
	unchained := {
		"msg": "the hash chain is broken: this line does not name the line before it",
		"file": "MANIFEST.integrity.json",
		"line": 1,
	}
	every pointer in {"/repository", "/repository/log"} {
		rewritten.deny == {unproved, unchained} with input as sample.without(sample.repository, pointer)
	}
	rewritten.deny == {unproved} with input as sample.without(sample.repository, "/repository/log/history")
	rewritten.deny == {unchained} with input as sample.without(sample.repository, "/repository/log/chain")
}
