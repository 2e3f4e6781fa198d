package codexlock.vaulttime.expired_test

import data.codexlock.lib.hint
import data.codexlock.lib.sample
import data.codexlock.vaulttime.expired

test_zt_4_3_passes if {
	expired.deny == set() with input as sample.artifact
	every state in {"current", "future"} {
		expired.deny == set() with input as sample.changed({"/checks/time": state})
	}
}

test_zt_4_3_expired_is_found if {
	sample.unhinted(expired.deny) == {{
		"msg": "expired at 2026-11-24T00:00:00Z, and it is 2026-11-23T12:00:00Z",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/timestamp",
	}} with input as sample.changed({"/checks/time": "expired"})
}

test_zt_4_3_expiring_is_found if {
	every change in {"added", "unchanged"} {
		facts := sample.changed({
			"/checks/time": "expiring",
			"/artifact/change": change,
			"/settings/valid_until": "2026-11-25T00:00:00Z",
		})
		sample.unhinted(expired.deny) == {{
			"msg": "expires at 2026-11-24T00:00:00Z, want it to be valid until 2026-11-25T00:00:00Z",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/timestamp",
		}} with input as facts
		sample.fixes(expired.deny) == {"renew it, with a time that reaches so far: codexlock renew --within DURATION {artifact}"} with input as facts
	}
}

test_zt_4_3_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/time"} {
		sample.unhinted(expired.deny) == {{
			"msg": "nothing proves that its VaultTime record is valid at 2026-11-23T12:00:00Z",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/timestamp",
		}} with input as sample.without(sample.artifact, pointer)
	}
	count(expired.deny) == 1 with input as {}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		expired.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		expired.deny == set() with input as facts
	}
}

test_what_a_change_attested_too_long_ago_is_renewed_by_a_maintainer if {
	every change in {"added", "modified"} {
		facts := sample.changed({"/checks/time": "expired", "/artifact/change": change})
		sample.fixes(expired.deny) == {"a maintainer renews it on this branch, which verifies it first: codexlock renew --expired {artifact}"} with input as facts
	}
	sample.fixes(expired.deny) == set() with input as sample.changed({"/checks/time": "expired", "/artifact/change": "unchanged"})
}

test_what_a_change_attested_too_long_ago_is_attested_again_where_renewals_are_in_the_ref if {
	every change in {"added", "modified"} {
		facts := sample.changed({"/checks/time": "expired", "/artifact/change": change, "/renewal": {"state": "absent"}})
		sample.fixes(expired.deny) == {"a maintainer reviews the change, and attests it again on its branch, or with the workflow Attest: codexlock attest {artifact}"} with input as facts
	}
}

test_what_changed_and_expired_has_the_hint_of_what_changed if {
	drifted := sample.changed({"/checks/time": "expired", "/checks/vaulttime": "differs", "/checks/ledger": "differs", "/checks/manifest": "differs"})
	sample.fixes(expired.deny) == {"restore the file, or, if the change is intended, attest it: codexlock attest {artifact}"} with input as drifted
	count(expired.deny) == 1 with input as drifted
	sample.fixes(expired.deny) == {hint.changed} with input as sample.patched(drifted, {"/checks/ledger": "match"})
	count(expired.deny) == 1 with input as sample.patched(drifted, {"/checks/ledger": "match"})
	count(expired.deny) == 1 with input as sample.patched(drifted, {"/artifact/change": "unchanged"})
}
