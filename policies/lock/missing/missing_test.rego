package codexlock.lock.missing_test

import data.codexlock.lib.sample
import data.codexlock.lock.missing

test_zt_2_2_passes if missing.deny == set() with input as sample.repository

test_zt_2_2_a_missing_ledger_is_found if {
	missing.deny == {{
		"msg": "is missing, want the ledger of trusted artifacts in the repository's root",
		"file": "Codex-Lock.json",
	}} with input as sample.whole({"/repository/ledger/state": "absent"})
}

test_zt_2_2_an_irregular_ledger_is_found if {
	every artifacts in {0, 1} {
		missing.deny == {{
			"msg": "is not a regular file, want the ledger of trusted artifacts there",
			"file": "Codex-Lock.json",
		}} with input as sample.whole({"/repository/ledger/state": "irregular", "/repository/artifacts": artifacts})
	}
}

test_zt_2_2_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/ledger", "/repository/ledger/state"} {
		missing.deny == {{
			"msg": "nothing proves that there is a ledger of trusted artifacts",
			"file": "Codex-Lock.json",
		}} with input as sample.without(sample.repository, pointer)
	}
	count(missing.deny) == 1 with input as sample.without(
		sample.whole({"/repository/ledger/state": "absent"}),
		"/repository/artifacts",
	)
}

test_no_artifact_needs_no_ledger if {
	missing.deny == set() with input as sample.whole({
		"/repository/ledger/state": "absent",
		"/repository/artifacts": 0,
	})
}

test_lock_schema_reports_an_invalid_ledger if {
	missing.deny == set() with input as sample.whole({"/repository/ledger/state": "invalid"})
}
