package codexlock.vaulttime.future_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.future

test_zt_4_3_passes if {
	future.deny == set() with input as sample.artifact
	every state in {"current", "expired", "expiring"} {
		future.deny == set() with input as sample.changed({"/checks/time": state})
	}
}

test_zt_4_3_future_is_found if {
	future.deny == {{
		"msg": "timestamp is 2026-11-23T00:00:00Z, more than five minutes after 2026-11-23T12:00:00Z",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/timestamp",
	}} with input as sample.changed({"/checks/time": "future"})
}

test_zt_4_3_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/time"} {
		future.deny == {{
			"msg": "nothing proves that its VaultTime record was made before 2026-11-23T12:00:00Z",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/timestamp",
		}} with input as sample.without(sample.artifact, pointer)
	}
	count(future.deny) == 1 with input as {}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		future.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		future.deny == set() with input as facts
	}
}
