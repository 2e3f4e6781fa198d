package codexlock.vaulttime.missing_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.missing

test_zt_2_3_passes if missing.deny == set() with input as sample.artifact

test_zt_2_3_a_missing_vaulttime_is_found if {
	sample.unhinted(missing.deny) == {{
		"msg": "has no VaultTime record, want assets/sources/model.bin.vaulttime.json",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({"/vaulttime/state": "absent"})
}

test_zt_2_3_two_of_them_are_found if {
	sample.unhinted(missing.deny) == {{
		"msg": concat("", [
			"has two files for its VaultTime record, assets/sources/model.bin.vaulttime.json and ",
			"assets/manifests/assets/sources/model.bin.vaulttime.json, want one",
		]),
		"file": "assets/sources/model.bin.vaulttime.json",
	}} with input as sample.changed({
		"/vaulttime/state": "twice",
		"/vaulttime/also": "assets/manifests/assets/sources/model.bin.vaulttime.json",
	})
}

test_zt_2_3_what_is_no_file_is_found if {
	sample.unhinted(missing.deny) == {{
		"msg": "assets/sources/model.bin.vaulttime.json is not a regular file, want its VaultTime record there",
		"file": "assets/sources/model.bin.vaulttime.json",
	}} with input as sample.changed({"/vaulttime/state": "irregular"})
}

test_zt_2_3_missing_facts_are_found if {
	every pointer in {"/vaulttime", "/vaulttime/state"} {
		sample.unhinted(missing.deny) == {{
			"msg": "nothing proves that it has a VaultTime record",
			"file": "assets/sources/model.bin",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(missing.deny) == {{"msg": "nothing proves that it has a VaultTime record", "file": "not measured"}} with input as {}
}

test_vaulttime_schema_reports_an_invalid_one if {
	missing.deny == set() with input as sample.changed({"/vaulttime/state": "invalid"})
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
		} with input as sample.changed({"/vaulttime/state": state})
		count(sample.fixes(missing.deny)) == 1 with input as sample.changed({"/vaulttime/state": state})
	}
	sample.fixes(missing.deny) == set() with input as sample.changed({"/vaulttime/state": "absent"})
}
