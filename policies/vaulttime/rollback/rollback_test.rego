package codexlock.vaulttime.rollback_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.rollback

test_zt_4_3_passes if {
	rollback.deny == set() with input as sample.artifact
	every state in {"forward", "new"} {
		rollback.deny == set() with input as sample.changed({"/checks/rollback": state})
	}
}

test_zt_4_3_back_is_found if {
	rollback.deny == {{
		"msg": "timestamp is 2026-11-23T00:00:00Z, earlier than 2026-11-22T00:00:00Z in the base commit",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/timestamp",
	}} with input as sample.changed({"/checks/rollback": "back"})

	# The base's record cannot be read: its ledger entry says when it was.
	unread := sample.changed({"/checks/rollback": "back", "/base/verified_at": "2026-11-23T01:00:00Z"})
	rollback.deny == {{
		"msg": "timestamp is 2026-11-23T00:00:00Z, earlier than 2026-11-23T01:00:00Z in the base commit",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/timestamp",
	}} with input as sample.without(unread, "/base/timestamp")
}

test_zt_4_3_renewed_old_content_is_found if {
	renewed := sample.changed({
		"/checks/rollback": "back",
		"/base/record": "earlier",
		"/base/attested_at": "2026-11-23T01:00:00Z",
	})
	finding := {
		"msg": "its content was attested at 2026-11-23T00:00:00Z, earlier than 2026-11-23T01:00:00Z in the base commit; a renewal does not change that",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/attested_at",
	}
	rollback.deny == {finding} with input as renewed

	# The base's record does not have attested_at, and counts with its timestamp.
	rollback.deny == {object.union(finding, {"msg": "its content was attested at 2026-11-23T00:00:00Z, earlier than 2026-11-22T00:00:00Z in the base commit; a renewal does not change that"})} with input as sample.without(renewed, "/base/attested_at")
}

test_zt_4_3_dropped_attested_at_is_found if {
	rollback.deny == {{
		"msg": "record has no attested_at, and the base commit's record has one",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "",
	}} with input as sample.changed({"/checks/rollback": "undated"})
}

test_zt_4_3_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/rollback"} {
		rollback.deny == {{
			"msg": "timestamp is 2026-11-23T00:00:00Z, and nothing proves that it is not older than the base commit's",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/timestamp",
		}} with input as sample.without(sample.artifact, pointer)
	}
	count(rollback.deny) == 1 with input as {}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		rollback.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		rollback.deny == set() with input as facts
	}
}
