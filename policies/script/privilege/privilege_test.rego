package codexlock.script.privilege_test

import data.codexlock.lib.sample
import data.codexlock.script.privilege

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_5_1_passes if {
	privilege.deny == set() with input as sample.artifact
	privilege.deny == set() with input as own({})
}

_use := {"text": "the text", "line": 4, "column": 2}

test_zt_5_1_every_use_is_found if {
	privilege.deny == {{
		"msg": "takes or gives more permissions than it needs: the text",
		"file": "assets/sources/model.bin",
		"line": 4,
		"column": 2,
	}} with input as own({"privileges": [_use]})
	privilege.deny == {{
		"msg": "takes or gives more permissions than it needs: something",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"privileges": [{}]})
}

test_zt_5_1_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/privileges"} {
		privilege.deny == {{
			"msg": "nothing proves that it uses the least privilege",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		privilege.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		privilege.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		privilege.deny == set() with input as beside({"state": state, "privileges": [_use]})
	}
}

test_zt_5_1_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"privileges": [{}]}), {"/settings/configured": false})
	privilege.deny == set() with input as facts
	count(privilege.warn) == 1 with input as facts
	itself := sample.patched(own({"privileges": [{}]}), {"/settings/configured": false})
	count(privilege.deny) == 1 with input as itself
	privilege.warn == set() with input as itself
}
