package codexlock.vaulttime.signature_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.signature

test_zt_4_2_passes if {
	signature.deny == set() with input as sample.artifact
	signature.deny == set() with input as sample.changed({"/checks/key_id": "absent"})
}

test_zt_4_2_another_signature_is_found if {
	every key_id in {"match", "absent"} {
		sample.unhinted(signature.deny) == {{
			"msg": "VaultTime signature does not match the key of trust domain \"runtime-core\"",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/vaulttime",
		}} with input as sample.changed({"/checks/signature": "invalid", "/checks/key_id": key_id})
	}
}

test_zt_4_2_another_key_is_found if {
	every state in {"invalid", "valid"} {
		sample.unhinted(signature.deny) == {{
			"msg": "record names key 1111111111111111, this run has key 0f3a0f3a0f3a0f3a for trust domain \"runtime-core\"",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/key_id",
		}} with input as sample.changed({
			"/checks/signature": state,
			"/checks/key_id": "differs",
			"/vaulttime/key_id": "1111111111111111",
		})
	}
}

test_zt_4_2_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/signature", "/checks/key_id"} {
		sample.unhinted(signature.deny) == {{
			"msg": "nothing proves that its VaultTime signature is valid in trust domain \"runtime-core\"",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/vaulttime",
		}} with input as sample.without(sample.artifact, pointer)
	}
	count(signature.deny) == 1 with input as sample.changed({"/checks/signature": "absent"})
	count(signature.deny) == 1 with input as {}
}

test_vaulttime_unverifiable_reports_a_run_without_the_key if {
	signature.deny == set() with input as sample.changed({"/checks/signature": "no_key", "/checks/key_id": "absent"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		signature.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		signature.deny == set() with input as facts
	}
}

test_another_key_is_not_a_changed_record if {
	sample.fixes(signature.deny) == set() with input as sample.changed({"/checks/signature": "invalid"})
	every fix in sample.fixes(signature.deny) {
		startswith(fix, "set the variable of the trust domain to the key that the record names")
	} with input as sample.changed({"/checks/key_id": "differs"})
	count(sample.fixes(signature.deny)) == 1 with input as sample.changed({"/checks/key_id": "differs"})
}
