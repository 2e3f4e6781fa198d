package codexlock.lock.duplicate_test

import data.codexlock.lib.sample
import data.codexlock.lock.duplicate

test_zt_3_1_passes if {
	duplicate.deny == set() with input as sample.artifact
	duplicate.deny == set() with input as sample.changed({"/ledger/listed": "never"})
}

test_zt_3_1_a_second_entry_is_found if {
	duplicate.deny == {{
		"msg": "is listed 3 times in Codex-Lock.json, want once",
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/4",
	}} with input as sample.changed({"/ledger/listed": "often", "/ledger/entries": ["/artifacts/0", "/artifacts/4", "/artifacts/7"]})
}

test_zt_3_1_missing_facts_are_found if {
	every pointer in {"/ledger", "/ledger/listed"} {
		duplicate.deny == {{
			"msg": "nothing proves that it is listed once in Codex-Lock.json",
			"file": "Codex-Lock.json",
			"pointer": "",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		duplicate.deny == set() with input as facts
	}
}
