package codexlock.trust.epoch_test

import data.codexlock.lib.sample
import data.codexlock.trust.epoch

_finding(message, pointer) := {{
	"msg": message,
	"file": "assets/sources/model.bin.vaulttime.json",
	"pointer": pointer,
}}

test_zt_14_4_passes if {
	every state in {"current", "unlisted"} {
		epoch.deny == set() with input as sample.changed({"/checks/epoch": state})
	}
}

test_zt_14_4_a_retiring_key_vouches_for_what_is_unchanged if {
	epoch.deny == set() with input as sample.changed({
		"/checks/epoch": "retiring",
		"/artifact/change": "unchanged",
		"/base/content": "same",
	})
}

test_zt_14_4_a_retiring_key_vouches_for_nothing_else if {
	retiring := _finding("key 0f3a0f3a0f3a0f3a of trust domain \"runtime-core\" is retiring: it is trusted only for artifacts that are unchanged since the base commit", "/key_id")
	every change in {"added", "modified", "removed"} {
		epoch.deny == retiring with input as sample.changed({
			"/checks/epoch": "retiring",
			"/artifact/change": change,
			"/base/content": "same",
		})
	}
	every content in {"differs", "gone", "absent"} {
		epoch.deny == retiring with input as sample.changed({
			"/checks/epoch": "retiring",
			"/artifact/change": "unchanged",
			"/base/content": content,
		})
	}
	epoch.deny == retiring with input as sample.without(sample.changed({"/checks/epoch": "retiring", "/artifact/change": "unchanged"}), "/base")
}

test_zt_14_4_a_revoked_key_is_found if {
	every change in {"unchanged", "modified"} {
		epoch.deny == _finding("key 0f3a0f3a0f3a0f3a of trust domain \"runtime-core\" is revoked", "/key_id") with input as sample.changed({
			"/checks/epoch": "revoked",
			"/artifact/change": change,
			"/base/content": "same",
		})
	}
}

test_zt_14_4_an_unknown_key_is_found if {
	epoch.deny == _finding("key 0f3a0f3a0f3a0f3a is not listed in codexlock.yaml for trust domain \"runtime-core\"", "/key_id") with input as sample.changed({"/checks/epoch": "unknown"})
	unnamed := sample.without(sample.changed({"/checks/epoch": "unknown"}), "/vaulttime/key_id")
	epoch.deny == _finding("key that signed is not listed in codexlock.yaml for trust domain \"runtime-core\"", "/vaulttime") with input as unnamed
}

test_zt_14_4_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/epoch"} {
		epoch.deny == _finding("nothing proves that the signing key of trust domain \"runtime-core\" is still trusted", "/key_id") with input as sample.without(sample.artifact, pointer)
	}
	count(epoch.deny) == 1 with input as sample.changed({"/checks/epoch": "absent"})
	count(epoch.deny) == 1 with input as {}
}

test_others_report_a_signature_that_no_key_made if {
	every state in {"invalid", "no_key"} {
		epoch.deny == set() with input as sample.changed({"/checks/epoch": "absent", "/checks/signature": state})
	}
}

test_trust_unknown_domain_reports_it if {
	epoch.deny == set() with input as sample.changed({"/checks/epoch": "absent", "/domain/state": "unknown"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		epoch.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		epoch.deny == set() with input as facts
	}
}
