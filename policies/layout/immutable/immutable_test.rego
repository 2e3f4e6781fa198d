package codexlock.layout.immutable_test

import data.codexlock.layout.immutable
import data.codexlock.lib.sample

test_zt_6_2_passes if {
	immutable.deny == set() with input as sample.artifact
	immutable.deny == set() with input as sample.changed({"/base/content": "same", "/base/record": "same"})
	immutable.deny == set() with input as sample.changed({
		"/artifact/area": "elsewhere",
		"/base/record": "same",
	})
	immutable.deny == set() with input as sample.without(sample.changed({"/artifact/change": "added"}), "/base")
	immutable.deny == set() with input as sample.changed({"/settings/layout": "strict", "/artifact/disk_mode": "0444"})
}

_unattested(message) := {{
	"msg": message,
	"file": "assets/sources/model.bin.vaulttime.json",
	"pointer": "/timestamp",
}}

test_zt_6_2_a_change_without_a_new_record_is_found if {
	sample.unhinted(immutable.deny) == _unattested("its content changed and its record is not later: the timestamp is that of the base commit's record") with input as sample.changed({"/base/record": "same"})
}

test_zt_6_2_a_change_with_the_old_verified_at_is_found if {
	sample.unhinted(immutable.deny) == _unattested("its content changed and its verified_at is not later: it is the base commit's") with input as sample.changed({"/checks/verified_at": "kept"})
}

test_zt_6_2_a_change_with_the_old_manifest_is_found if {
	sample.unhinted(immutable.deny) == _unattested("nothing proves that it is the merged content, or was attested again") with input as sample.changed({"/base/manifest": "same"})
}

_executable := sample.changed({
	"/base/mode": "differs",
	"/base/content": "same",
	"/base/record": "same",
	"/artifact/mode": "100755",
	"/checks/verified_at": "kept",
})

_moded := {{
	"msg": "its mode changed to 100755 without a later record and verified_at: the new mode is not attested",
	"file": "assets/sources/model.bin",
}}

test_zt_6_2_a_mode_that_nothing_attests_is_found if {
	sample.unhinted(immutable.deny) == _moded with input as _executable
	sample.unhinted(immutable.deny) == _moded with input as sample.patched(_executable, {"/base/record": "later"})
	sample.unhinted(immutable.deny) == _moded with input as sample.patched(_executable, {"/checks/verified_at": "attested"})
	immutable.deny == set() with input as sample.patched(_executable, {
		"/base/record": "later",
		"/checks/verified_at": "attested",
	})
	immutable.deny == set() with input as sample.patched(_executable, {"/artifact/area": "elsewhere"})
	immutable.deny == set() with input as sample.patched(_executable, {"/artifact/change": "added"})
	immutable.deny == set() with input as sample.patched(_executable, {"/checks/rollback": "back"})
	immutable.deny == set() with input as sample.changed({"/base/mode": "differs"})
}

_unmeasured := {{
	"msg": "nothing proves that its mode is the merged one, or was attested again",
	"file": "assets/sources/model.bin",
}}

test_zt_6_2_a_mode_that_is_not_measured_is_found if {
	sample.unhinted(immutable.deny) == _unmeasured with input as sample.without(sample.artifact, "/base/mode")
}

test_zt_6_2_a_file_that_can_be_written_is_found if {
	sample.unhinted(immutable.deny) == {{
		"msg": "has mode 0644 on the disk, want 0444: merged sources are read-only",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({"/settings/layout": "strict", "/artifact/disk_mode": "0644"})
	immutable.deny == set() with input as sample.changed({
		"/settings/layout": "strict",
		"/artifact/disk_mode": "0644",
		"/artifact/area": "elsewhere",
	})
}

test_zt_6_2_missing_facts_are_found if {
_unattested("nothing proves that it is the merged content, or was attested again") |
	_unmeasured == sample.unhinted(immutable.deny) with input as sample.without(sample.artifact, "/base")
	every pointer in {"/base/content", "/base/record", "/base/manifest", "/checks", "/checks/verified_at"} {
		sample.unhinted(immutable.deny) == _unattested("nothing proves that it is the merged content, or was attested again") with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(immutable.deny) == {{
		"msg": "has mode not measured on the disk, want 0444: merged sources are read-only",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({"/settings/layout": "strict"})
	sample.unhinted(immutable.deny) == {{
		"msg": "has mode not measured on the disk, want 0444: merged sources are read-only",
		"file": "assets/sources/model.bin",
	}} with input as sample.without(sample.artifact, "/settings/layout")
	count(immutable.deny) == 1 with input as sample.without(sample.changed({"/base/record": "same"}), "/artifact/area")
}

test_others_report_missing_content if {
	every facts in sample.silent {
		immutable.deny == set() with input as facts
	}
}

test_others_report_what_does_not_agree if {
	every change in {
		{"/checks/ledger": "differs"},
		{"/checks/manifest": "differs"},
		{"/checks/vaulttime": "differs"},
		{"/manifest/state": "absent"},
		{"/vaulttime/state": "invalid"},
		{"/ledger/listed": "never"},
		{"/checks/rollback": "back"},
		{"/checks/verified_at": "alone"},
	} {
		facts := sample.patched(sample.changed({"/base/record": "same"}), change)
		immutable.deny == set() with input as facts
	}
}

test_each_finding_has_its_own_next_step if {
	sample.fixes(immutable.deny) == {"restore the mode, or attest it: codexlock attest {artifact}"} with input as _executable
	sample.fixes(immutable.deny) == {"make it read-only: chmod 0444 {artifact}"} with input as sample.changed({
		"/settings/layout": "strict",
		"/artifact/disk_mode": "0644",
	})
}
