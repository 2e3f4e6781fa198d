package codexlock.test.missing_test

import data.codexlock.lib.sample
import data.codexlock.test.missing

test_zt_11_3_passes if missing.deny == set() with input as sample.artifact

test_zt_11_3_a_missing_test_is_found if {
	sample.unhinted(missing.deny) == {{
		"msg": "has no test, want assets/sources/model.bin.test",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({"/test/state": "absent"})
}

test_zt_11_3_two_of_them_are_found if {
	sample.unhinted(missing.deny) == {{
		"msg": concat("", [
			"has two files for its test, assets/sources/model.bin.test and ",
			"assets/manifests/assets/sources/model.bin.test, want one",
		]),
		"file": "assets/sources/model.bin.test",
	}} with input as sample.changed({
		"/test/state": "twice",
		"/test/also": "assets/manifests/assets/sources/model.bin.test",
	})
}

test_zt_11_3_what_is_no_file_is_found if {
	sample.unhinted(missing.deny) == {{
		"msg": "assets/sources/model.bin.test is not a regular file, want its test there",
		"file": "assets/sources/model.bin.test",
	}} with input as sample.changed({"/test/state": "irregular"})
}

test_zt_11_3_missing_facts_are_found if {
	every pointer in {"/test", "/test/state"} {
		sample.unhinted(missing.deny) == {{
			"msg": "nothing proves that it has a test",
			"file": "assets/sources/model.bin",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(missing.deny) == {{"msg": "nothing proves that it has a test", "file": "not measured"}} with input as {}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		missing.deny == set() with input as facts
	}
}

test_a_file_that_should_not_be_there_is_looked_into if {
	every state in {"twice", "irregular"} {
		every fix in sample.fixes(missing.deny) {
			startswith(fix, "find out who put this file there: git log -p")
		} with input as sample.changed({"/test/state": state})
		count(sample.fixes(missing.deny)) == 1 with input as sample.changed({"/test/state": state})
	}
	sample.fixes(missing.deny) == set() with input as sample.changed({"/test/state": "absent"})
}
