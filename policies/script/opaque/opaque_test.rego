package codexlock.script.opaque_test

import data.codexlock.lib.sample
import data.codexlock.script.opaque

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

_use := {"text": "eval \"$x\"", "line": 4, "column": 2}

test_zt_9_3_passes if {
	opaque.deny == set() with input as sample.artifact
	opaque.deny == set() with input as own({})
}

test_zt_9_3_what_may_contact_any_host_may_execute_any_code if {
	opaque.deny == set() with input as sample.patched(own({"opaque": [_use]}), {"/manifest/network": ["*"]})
	opaque.deny == set() with input as sample.patched(own({"opaque": [_use]}), {"/domain/network": ["*"]})
	count(opaque.deny) == 1 with input as sample.patched(own({"opaque": [_use]}), {"/domain/network": ["example.org"]})
}

test_zt_9_3_code_that_cannot_be_read_is_found if {
	opaque.deny == {{
		"msg": "executes code that cannot be read before it runs: eval \"$x\"",
		"file": "assets/sources/model.bin",
		"line": 4,
		"column": 2,
	}} with input as own({"opaque": [_use]})
	opaque.deny == {{
		"msg": "executes code that cannot be read before it runs: something",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"opaque": [{}]})
}

test_zt_9_3_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/opaque"} {
		opaque.deny == {{
			"msg": "nothing proves that it executes only readable code",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/manifest/network", "/domain/network"} {
		count(opaque.deny) == 1 with input as sample.without(own({"opaque": [_use]}), pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		opaque.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		opaque.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_parsed if {
	every state in {"invalid", "unread", "other"} {
		opaque.deny == set() with input as beside({"state": state, "opaque": [_use]})
	}
}

test_zt_9_3_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"opaque": [{}]}), {"/settings/configured": false})
	opaque.deny == set() with input as facts
	count(opaque.warn) == 1 with input as facts
	itself := sample.patched(own({"opaque": [{}]}), {"/settings/configured": false})
	count(opaque.deny) == 1 with input as itself
	opaque.warn == set() with input as itself
}
