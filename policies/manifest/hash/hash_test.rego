package codexlock.manifest.hash_test

import data.codexlock.lib.sample
import data.codexlock.manifest.hash

test_zt_2_2_passes if hash.deny == set() with input as sample.artifact

test_zt_2_2_another_hash_is_found if {
	hash.deny == {{
		"msg": "sha256 is 9f86d081884c…, assets/sources/model.bin.manifest.json records 2c26b46b68ff…",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "/sha256",
	}} with input as sample.changed({"/checks/manifest": "differs", "/manifest/sha256": sample.other})
}

test_zt_2_2_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/manifest"} {
		hash.deny == {{
			"msg": "sha256 is 9f86d081884c…, assets/sources/model.bin.manifest.json records 9f86d081884c…",
			"file": "assets/sources/model.bin.manifest.json",
			"pointer": "/sha256",
		}} with input as sample.without(sample.artifact, pointer)
	}
	hash.deny == {{
		"msg": "sha256 is not measured, not measured.manifest.json records not measured",
		"file": "not measured.manifest.json",
		"pointer": "/sha256",
	}} with input as {}
}

test_others_report_what_has_no_content if {
	every facts in sample.silent {
		hash.deny == set() with input as facts
	}
}

test_others_report_a_manifest_that_cannot_be_read if {
	every facts in sample.unread("manifest") {
		hash.deny == set() with input as facts
	}
}
