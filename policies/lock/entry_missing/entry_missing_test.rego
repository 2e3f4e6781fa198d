package codexlock.lock.entry_missing_test

import data.codexlock.lib.sample
import data.codexlock.lock.entry_missing

test_zt_3_3_passes if entry_missing.deny == set() with input as sample.artifact

_finding := {
	"msg": "has no entry in Codex-Lock.json, want one with its sha256",
	"file": "Codex-Lock.json",
	"pointer": "/artifacts",
}

test_zt_3_3_a_missing_entry_is_found if {
	entry_missing.deny == {_finding} with input as sample.without(
		sample.changed({"/ledger/listed": "never", "/checks/ledger": "absent"}),
		"/ledger/entry",
	)
}

test_zt_3_3_missing_facts_are_found if {
	every pointer in {"/ledger", "/ledger/listed", "/ledger/state"} {
		entry_missing.deny == {_finding} with input as sample.without(sample.artifact, pointer)
	}
	entry_missing.deny == {_finding} with input as {}
}

test_others_report_a_ledger_that_cannot_be_read if {
	every state in {"absent", "invalid", "irregular"} {
		entry_missing.deny == set() with input as sample.changed({"/ledger/state": state, "/ledger/listed": "never"})
	}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		entry_missing.deny == set() with input as facts
	}
}
