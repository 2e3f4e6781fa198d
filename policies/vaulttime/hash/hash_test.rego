package codexlock.vaulttime.hash_test

import data.codexlock.lib.hint
import data.codexlock.lib.sample
import data.codexlock.vaulttime.hash

test_zt_2_3_passes if hash.deny == set() with input as sample.artifact

test_zt_2_3_another_hash_is_found if {
	sample.unhinted(hash.deny) == {{
		"msg": "sha256 is 9f86d081884c…, assets/sources/model.bin.vaulttime.json records 2c26b46b68ff…",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/sha256",
	}} with input as sample.changed({"/checks/vaulttime": "differs", "/vaulttime/sha256": sample.other})
}

test_zt_2_3_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/vaulttime"} {
		sample.unhinted(hash.deny) == {{
			"msg": "sha256 is 9f86d081884c…, assets/sources/model.bin.vaulttime.json records 9f86d081884c…",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/sha256",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(hash.deny) == {{
		"msg": "sha256 is not measured, not measured.vaulttime.json records not measured",
		"file": "not measured.vaulttime.json",
		"pointer": "/sha256",
	}} with input as {}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		hash.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		hash.deny == set() with input as facts
	}
}

test_a_changed_file_is_attested_and_a_changed_record_is_not if {
	file := sample.changed({"/checks/ledger": "differs", "/checks/manifest": "differs", "/checks/vaulttime": "differs"})
	sample.fixes(hash.deny) == set() with input as file
	count(hash.deny) == 1 with input as file
	sample.fixes(hash.deny) == {hint.changed} with input as sample.patched(file, {"/checks/ledger": "match"})
}
