package codexlock.script.shellcheck_test

import data.codexlock.lib.sample
import data.codexlock.script.shellcheck

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_10_1_passes if {
	shellcheck.deny == set() with input as sample.artifact
	shellcheck.deny == set() with input as own({})
	shellcheck.deny == set() with input as beside({"shellcheck": {"state": "ours", "findings": []}})
}

_found := {"state": "found", "findings": [{
	"code": "SC2086",
	"level": "info",
	"message": "Double quote to prevent globbing and word splitting.",
	"line": 3,
	"column": 6,
}]}

test_zt_10_1_every_finding_is_found if {
	shellcheck.deny == {{
		"msg": "SC2086: Double quote to prevent globbing and word splitting.",
		"term": "SC2086",
		"file": "assets/sources/model.bin",
		"line": 3,
		"column": 6,
	}} with input as own({"shellcheck": _found})
	shellcheck.deny == {{
		"msg": "ShellCheck: it says",
		"term": "ShellCheck",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"shellcheck": {"state": "found", "findings": [{}]}})
}

test_zt_10_1_what_could_not_be_verified_is_found if {
	shellcheck.deny == {{
		"msg": "could not verify: shellcheck is not installed",
		"file": "assets/sources/model.bin",
	}} with input as own({"shellcheck": {"state": "unavailable", "findings": []}})
}

test_zt_10_1_a_script_that_is_too_much_for_it_is_found if {
	facts := {"state": "exceeded", "problem": "ShellCheck needs more than 512 MiB of memory", "findings": []}
	shellcheck.deny == {{
		"msg": "could not verify: ShellCheck needs more than 512 MiB of memory",
		"file": "assets/sources/model.bin",
	}} with input as own({"shellcheck": facts})
	shellcheck.deny == {{
		"msg": "nothing proves that ShellCheck passes",
		"file": "assets/sources/model.bin",
	}} with input as own({"shellcheck": object.remove(facts, {"problem"})})
}

test_zt_10_1_missing_facts_are_found if {
	every change in {{"shellcheck": {}}, {"shellcheck": {"state": "absent"}}, {"shellcheck": {"state": "found", "findings": []}}} {
		shellcheck.deny == {{
			"msg": "nothing proves that ShellCheck passes",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.changed({"/test/script": object.union(object.remove(sample.script, {"shellcheck"}), change)})
	}
	every pointer in {"/test/script", "/test/script/shellcheck"} {
		count(shellcheck.deny) == 1 with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		shellcheck.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		shellcheck.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		shellcheck.deny == set() with input as beside({"state": state, "shellcheck": {"state": "absent"}})
	}
}

test_zt_10_1_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"shellcheck": {"state": "unavailable", "findings": []}}), {"/settings/configured": false})
	shellcheck.deny == set() with input as facts
	count(shellcheck.warn) == 1 with input as facts
	itself := sample.patched(own({"shellcheck": {"state": "unavailable", "findings": []}}), {"/settings/configured": false})
	count(shellcheck.deny) == 1 with input as itself
	shellcheck.warn == set() with input as itself
}
