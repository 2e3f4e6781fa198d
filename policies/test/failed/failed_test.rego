package codexlock.test.failed_test

import data.codexlock.lib.sample
import data.codexlock.test.failed

test_zt_11_3_passes if {
	every facts in {sample.artifact, _ran("passed", "")} {
		failed.deny == set() with input as facts
		failed.warn == set() with input as facts
	}
}

test_zt_11_3_what_does_not_pass_is_found if {
	messages := {
		"failed": "its test fails: it ended with 1",
		"differs": "its test does not pass twice: ended with 1",
		"timeout": "its test does not pass: ended with 1",
		"refused": "its test was not run because it is not verified: ended with 1",
		"unavailable": "its test could not be run: ended with 1",
	}
	every run, message in messages {
		failed.deny == {{"msg": message, "file": "assets/sources/model.bin.test"}} with input as _ran(run, "ended with 1")
		failed.warn == set() with input as _ran(run, "ended with 1")
	}
}

test_zt_11_3_of_what_is_not_proved_it_is_a_warning if {
	facts := _ran("unproved", "what it tests is not proved")
	failed.deny == set() with input as facts
	failed.warn == {{
		"msg": "its test was not run: what it tests is not proved",
		"file": "assets/sources/model.bin.test",
	}} with input as facts
}

test_zt_11_3_missing_facts_are_found if {
	found := {{"msg": "nothing proves that its test passes", "file": "assets/sources/model.bin.test"}}
	every pointer in {"/test", "/test/run", "/settings/run_tests"} {
		failed.deny == found with input as sample.without(sample.artifact, pointer)
	}
	failed.deny == found with input as sample.changed({"/settings/run_tests": "sandbox"})
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		failed.deny == set() with input as facts
		failed.warn == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		failed.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/run")
	}
}

_ran(run, detail) := sample.changed({
	"/settings/run_tests": "sandbox",
	"/test/run": run,
	"/test/run_detail": detail,
})
