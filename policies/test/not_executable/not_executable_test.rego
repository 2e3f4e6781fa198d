package codexlock.test.not_executable_test

import data.codexlock.lib.sample
import data.codexlock.test.not_executable

test_zt_11_3_passes if not_executable.deny == set() with input as sample.artifact

test_zt_11_3_another_mode_is_found if {
	not_executable.deny == {{
		"msg": "its test has mode 100644, want 100755",
		"file": "assets/sources/model.bin.test",
	}} with input as sample.changed({"/test/mode": "100644"})
}

test_zt_11_3_missing_facts_are_found if {
	every pointer in {"/test", "/test/mode"} {
		not_executable.deny == {{
			"msg": "its test has mode not measured, want 100755",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		not_executable.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		not_executable.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/mode")
	}
}

test_zt_11_3_without_a_configuration_a_test_is_warned_of if {
	facts := sample.changed({"/test/mode": "100644", "/settings/configured": false})
	not_executable.deny == set() with input as facts
	count(not_executable.warn) == 1 with input as facts
}
