package codexlock.script.usage_test

import data.codexlock.lib.sample
import data.codexlock.script.usage

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_10_3_passes if {
	usage.deny == set() with input as sample.artifact
	usage.deny == set() with input as own({})
}

test_zt_10_3_no_answer_is_found if {
	usage.deny == {{
		"msg": "answers neither --help nor --usage",
		"file": "assets/sources/model.bin",
		"line": 1,
	}} with input as own({"usage": "absent"})
	usage.deny == {{
		"msg": "answers neither --help nor --usage",
		"file": "assets/sources/model.bin.test",
		"line": 1,
	}} with input as beside({"usage": "absent"})
}

test_zt_10_3_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/usage"} {
		usage.deny == {{
			"msg": "nothing proves that it answers --help or --usage",
			"file": "assets/sources/model.bin.test",
			"line": 1,
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		usage.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		usage.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		usage.deny == set() with input as beside({"state": state, "usage": "absent"})
	}
}

test_zt_10_3_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"usage": "absent"}), {"/settings/configured": false})
	usage.deny == set() with input as facts
	count(usage.warn) == 1 with input as facts
	itself := sample.patched(own({"usage": "absent"}), {"/settings/configured": false})
	count(usage.deny) == 1 with input as itself
	usage.warn == set() with input as itself
}
