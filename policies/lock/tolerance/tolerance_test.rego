package codexlock.lock.tolerance_test

import data.codexlock.lib.sample
import data.codexlock.lock.tolerance

test_zt_3_5_passes if tolerance.deny == set() with input as sample.artifact

test_zt_3_5_a_tolerance_is_found if {
	facts := sample.changed({"/checks/tolerance": "nonzero", "/ledger/entry/drift_tolerance": "1e-400"})
	tolerance.deny == {{
		"msg": "drift_tolerance is 1e-400, want 0.0",
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/0/drift_tolerance",
	}} with input as facts
}

test_zt_3_5_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/tolerance"} {
		tolerance.deny == {{
			"msg": "drift_tolerance is 0.0, want 0.0",
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/drift_tolerance",
		}} with input as sample.without(sample.artifact, pointer)
	}
	tolerance.deny == {{
		"msg": "drift_tolerance is not measured, want 0.0",
		"file": "Codex-Lock.json",
		"pointer": "",
	}} with input as {}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		tolerance.deny == set() with input as facts
	}
}

test_others_report_a_ledger_without_an_entry if {
	every state in {"absent", "invalid", "irregular"} {
		tolerance.deny == set() with input as sample.changed({"/checks/tolerance": "absent", "/ledger/state": state})
	}
	tolerance.deny == set() with input as sample.changed({"/checks/tolerance": "absent", "/ledger/listed": "never"})
}
