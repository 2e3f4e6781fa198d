package codexlock.lock.drift_test

import data.codexlock.lib.hint
import data.codexlock.lib.sample
import data.codexlock.lock.drift

test_zt_3_3_passes if drift.deny == set() with input as sample.artifact

test_zt_3_3_drift_is_found if {
	facts := sample.changed({"/checks/ledger": "differs", "/artifact/sha256": sample.other})
	sample.unhinted(drift.deny) == {{
		"msg": "sha256 is 2c26b46b68ff…, Codex-Lock.json records 9f86d081884c…",
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/0/sha256",
	}} with input as facts
}

test_zt_3_3_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/ledger"} {
		sample.unhinted(drift.deny) == {{
			"msg": "sha256 is 9f86d081884c…, Codex-Lock.json records 9f86d081884c…",
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/sha256",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(drift.deny) == {{
		"msg": "sha256 is not measured, Codex-Lock.json records not measured",
		"file": "Codex-Lock.json",
		"pointer": "",
	}} with input as {}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		drift.deny == set() with input as facts
	}
}

test_others_report_a_ledger_without_an_entry if {
	every state in {"absent", "invalid", "irregular"} {
		drift.deny == set() with input as sample.changed({"/checks/ledger": "absent", "/ledger/state": state})
	}
	drift.deny == set() with input as sample.changed({"/checks/ledger": "absent", "/ledger/listed": "never"})
}

test_zt_3_3_a_ledger_in_no_known_state_is_found if {
	facts := sample.changed({"/checks/ledger": "absent", "/ledger/listed": "never"})
	count(drift.deny) == 1 with input as sample.without(facts, "/ledger/state")
}

test_a_changed_file_is_attested_and_a_changed_ledger_is_not if {
	file := sample.changed({"/checks/ledger": "differs", "/checks/manifest": "differs", "/checks/vaulttime": "differs"})
	sample.fixes(drift.deny) == set() with input as file
	count(drift.deny) == 1 with input as file
	every check in {"manifest", "vaulttime"} {
		ledger := sample.patched(file, {sprintf("/checks/%s", [check]): "match"})
		sample.fixes(drift.deny) == {hint.changed} with input as ledger
	}
}
