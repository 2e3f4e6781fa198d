package codexlock.script.posix_test

import data.codexlock.lib.sample
import data.codexlock.script.posix

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_10_2_passes if {
	posix.deny == set() with input as sample.artifact
	posix.deny == set() with input as own({})
}

test_zt_10_2_another_syntax_is_found if {
	posix.deny == {{
		"msg": "is not POSIX shell: it uses arrays",
		"file": "assets/sources/model.bin",
		"line": 3,
		"column": 2,
	}} with input as own({
		"posix": "no",
		"posix_problem": {"message": "it uses arrays", "line": 3, "column": 2},
	})
	posix.deny == {{
		"msg": "is not POSIX shell: it does not parse",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"posix": "no"})
}

test_zt_10_2_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/posix"} {
		posix.deny == {{
			"msg": "nothing proves that it is POSIX shell",
			"file": "assets/sources/model.bin.test",
			"line": 1,
			"column": 1,
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		posix.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		posix.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		posix.deny == set() with input as beside({"state": state, "posix": "absent"})
	}
}

test_zt_10_2_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"posix": "no"}), {"/settings/configured": false})
	posix.deny == set() with input as facts
	count(posix.warn) == 1 with input as facts
	itself := sample.patched(own({"posix": "no"}), {"/settings/configured": false})
	count(posix.deny) == 1 with input as itself
	posix.warn == set() with input as itself
}
