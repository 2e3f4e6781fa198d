package codexlock.manifest.hash_test

import data.codexlock.lib.hint
import data.codexlock.lib.sample
import data.codexlock.manifest.hash

test_zt_2_2_passes if hash.deny == set() with input as sample.artifact

test_zt_2_2_another_hash_is_found if {
	sample.unhinted(hash.deny) == {{
		"msg": "sha256 is 9f86d081884c…, assets/sources/model.bin.manifest.json records 2c26b46b68ff…",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "/sha256",
	}} with input as sample.changed({"/checks/manifest": "differs", "/manifest/sha256": sample.other})
}

test_zt_2_2_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/manifest"} {
		sample.unhinted(hash.deny) == {{
			"msg": "sha256 is 9f86d081884c…, assets/sources/model.bin.manifest.json records 9f86d081884c…",
			"file": "assets/sources/model.bin.manifest.json",
			"pointer": "/sha256",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(hash.deny) == {{
		"msg": "sha256 is not measured, not measured.manifest.json records not measured",
		"file": "not measured.manifest.json",
		"pointer": "/sha256",
	}} with input as {}
}

test_zt_2_2_a_pointer_that_its_manifest_records_passes if {
	hash.deny == set() with input as sample.changed({"/artifact/proof": "lfs-oid", "/checks/lfs": "match"})
}

test_zt_2_2_another_pointer_than_recorded_is_found if {
	sample.unhinted(hash.deny) == {{
		"msg": "the Git LFS pointer's oid is 9f86d081884c…, assets/sources/model.bin.manifest.json records 2c26b46b68ff…",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "/extensions/lfs/oid",
	}} with input as sample.changed({"/checks/lfs": "oid_differs", "/manifest/lfs": {"oid": sample.other, "content_hashed": "no"}})
	sample.unhinted(hash.deny) == {{
		"msg": "the Git LFS pointer's size is 4 bytes, assets/sources/model.bin.manifest.json records 5",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "/extensions/lfs/size",
	}} with input as sample.changed({"/checks/lfs": "size_differs", "/manifest/lfs": {"size": "5", "content_hashed": "yes"}})
}

test_zt_2_2_a_missing_comparison_is_found if {
	sample.unhinted(hash.deny) == {{
		"msg": "nothing compares the oid and size of a Git LFS pointer with what the manifest records",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "/sha256",
	}} with input as sample.without(sample.artifact, "/checks/lfs")
}

test_zt_2_2_another_hash_is_one_finding if {
	denials := hash.deny with input as sample.changed({"/checks/manifest": "differs", "/checks/lfs": "oid_differs", "/manifest/sha256": sample.other})
	count(denials) == 1
}

test_others_report_missing_content if {
	every facts in sample.silent {
		hash.deny == set() with input as facts
	}
}

test_others_report_a_manifest_that_cannot_be_read if {
	every facts in sample.unread("manifest") {
		hash.deny == set() with input as facts
	}
}

test_a_changed_file_is_attested_and_a_changed_manifest_is_not if {
	file := sample.changed({"/checks/ledger": "differs", "/checks/manifest": "differs", "/checks/vaulttime": "differs"})
	sample.fixes(hash.deny) == set() with input as file
	count(hash.deny) == 1 with input as file
	sample.fixes(hash.deny) == {hint.changed} with input as sample.patched(file, {"/checks/ledger": "match"})
}
