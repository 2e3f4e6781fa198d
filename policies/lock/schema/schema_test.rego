package codexlock.lock.schema_test

import data.codexlock.lib.sample
import data.codexlock.lock.schema

test_zt_3_1_passes if schema.deny == set() with input as sample.repository

test_zt_3_1_every_problem_is_found if {
	schema.deny == {
		{
			"msg": "sha256 is \"x\", want 64 lower-case hex characters",
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/sha256",
		},
		{"msg": "is not JSON", "file": "Codex-Lock.json", "line": 3, "column": 7},
	} with input as sample.whole({
		"/repository/ledger/state": "invalid",
		"/repository/ledger/problems": [
			{
				"message": "sha256 is \"x\", want 64 lower-case hex characters",
				"pointer": "/artifacts/0/sha256",
				"line": 5,
				"column": 17,
			},
			{"message": "is not JSON", "pointer": "", "line": 3, "column": 7},
		],
	})
}

test_zt_3_1_missing_facts_are_found if {
	finding := {"msg": "nothing proves that it matches its schema", "file": "Codex-Lock.json"}
	every pointer in {"/repository", "/repository/ledger", "/repository/ledger/state"} {
		schema.deny == {finding} with input as sample.without(sample.repository, pointer)
	}
	schema.deny == {finding} with input as sample.whole({"/repository/ledger/state": "invalid"})
	schema.deny == {finding} with input as sample.without(sample.whole({"/repository/ledger/state": "invalid"}), "/repository/ledger/problems")
}

test_zt_3_1_a_problem_without_a_place_is_found if {
	schema.deny == {{"msg": "does not match its schema", "file": "Codex-Lock.json", "line": 1, "column": 1}} with input as sample.whole({
		"/repository/ledger/state": "invalid",
		"/repository/ledger/problems": [{}],
	})
}

test_lock_missing_reports_what_is_not_there if {
	every state in {"absent", "irregular"} {
		schema.deny == set() with input as sample.whole({"/repository/ledger/state": state})
	}
}
