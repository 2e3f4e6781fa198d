package codexlock.layout.companions_test

import data.codexlock.layout.companions
import data.codexlock.lib.sample

test_zt_11_1_passes if {
	companions.deny == set() with input as sample.artifact
	companions.deny == set() with input as sample.removed
	companions.deny == set() with input as sample.changed({"/artifact/renamed_from": "assets/sources/old.bin"})
}

test_zt_11_1_a_companion_without_its_artifact_is_found if {
	companions.deny == {{
		"msg": "is named like a companion of \"assets/sources/model\", which does not exist",
		"file": "assets/sources/model.bin",
	}} with input as sample.left
}

test_zt_11_1_what_is_left_of_an_artifact_is_found if {
	gone := sample.patched(sample.removed, {"/manifest/state": "valid", "/test/state": "irregular"})
	companions.deny == {
		{"msg": "orphaned manifest: its artifact no longer exists", "file": "assets/sources/model.bin.manifest.json"},
		{"msg": "orphaned test: its artifact no longer exists", "file": "assets/sources/model.bin.test"},
	} with input as gone
	companions.deny == {{
		"msg": "orphaned VaultTime record: its artifact was renamed to \"assets/sources/new.bin\" without it",
		"file": "assets/sources/model.bin.vaulttime.json",
	}} with input as sample.patched(sample.removed, {
		"/vaulttime/state": "invalid",
		"/artifact/renamed_to": "assets/sources/new.bin",
	})
}

test_zt_11_1_a_rename_alone_is_found if {
	companions.deny == {{
		"msg": "was renamed from \"assets/sources/old.bin\" without its companions: missing manifest, no test",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({
		"/artifact/renamed_from": "assets/sources/old.bin",
		"/manifest/state": "absent",
		"/test/state": "absent",
	})
}

test_zt_11_1_missing_facts_are_found if {
	every companion in {"manifest", "vaulttime", "test"} {
		ending := {"manifest": "manifest.json", "vaulttime": "vaulttime.json", "test": "test"}[companion]
		noun := {"manifest": "manifest", "vaulttime": "VaultTime record", "test": "test"}[companion]
		companions.deny == {{
			"msg": sprintf("orphaned %s: its artifact no longer exists", [noun]),
			"file": sprintf("assets/sources/model.bin.%s", [ending]),
		}} with input as sample.without(sample.removed, sprintf("/%s", [companion]))
	}
	count(companions.deny) == 3 with input as sample.patched(
		sample.without(sample.artifact, "/artifact/kind"),
		{"/ledger/listed": "never"},
	)
	every pointer in {"/ledger", "/ledger/listed", "/ledger/state"} {
		left := sample.patched(sample.removed, {"/manifest/state": "valid"})
		count(companions.deny) == 1 with input as sample.without(left, pointer)
	}
}

test_lock_orphan_reports_what_is_still_listed if {
	companions.deny == set() with input as sample.patched(sample.orphan, {"/manifest/state": "valid"})
}
