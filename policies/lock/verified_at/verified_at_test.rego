package codexlock.lock.verified_at_test

import data.codexlock.lib.sample
import data.codexlock.lock.verified_at

test_zt_3_4_passes if {
	every state in {"kept", "new", "attested"} {
		verified_at.deny == set() with input as sample.changed({"/checks/verified_at": state})
	}
}

_messages := {
	"alone": "verified_at is 2026-11-23T00:00:00Z, was 2026-11-22T00:00:00Z, and no later VaultTime record came with it",
	"back": "verified_at is 2026-11-23T00:00:00Z, earlier than 2026-11-22T00:00:00Z in the base commit",
	"future": "verified_at is 2026-11-23T00:00:00Z, more than five minutes after 2026-11-23T12:00:00Z",
}

test_zt_3_4_a_date_that_moves_alone_is_found if {
	every state, message in _messages {
		sample.unhinted(verified_at.deny) == {{
			"msg": message,
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/verified_at",
		}} with input as sample.changed({"/checks/verified_at": state})
	}
}

test_zt_3_4_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/verified_at"} {
		sample.unhinted(verified_at.deny) == {{
			"msg": "verified_at is 2026-11-23T00:00:00Z, and nothing proves that an attestation set it",
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/verified_at",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(verified_at.deny) == {{
		"msg": "verified_at is not measured, and nothing proves that an attestation set it",
		"file": "Codex-Lock.json",
		"pointer": "",
	}} with input as {}
}

test_zt_3_4_an_entry_that_came_with_an_older_record_is_found if {
	facts := sample.changed({"/checks/verified_at": "back", "/checks/rollback": "back"})
	verified_at.deny == {{
		"msg": _messages.back,
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/0/verified_at",
		"fix": "restore the newer record, or attest the artifact, which sets the date of the entry too: codexlock attest {artifact}",
	}} with input as facts
}

test_others_report_missing_content if {
	every facts in sample.silent {
		verified_at.deny == set() with input as facts
	}
}

test_others_report_a_ledger_without_an_entry if {
	every state in {"absent", "invalid", "irregular"} {
		verified_at.deny == set() with input as sample.changed({"/checks/verified_at": "absent", "/ledger/state": state})
	}
	verified_at.deny == set() with input as sample.changed({"/checks/verified_at": "absent", "/ledger/listed": "never"})
}

test_a_clock_is_corrected_and_a_changed_date_is_looked_into if {
	sample.fixes(verified_at.deny) == {"correct the clock of the machine that attests, then attest: codexlock attest {artifact}"} with input as sample.changed({"/checks/verified_at": "future"})
	every moved in {"alone", "back"} {
		sample.fixes(verified_at.deny) == set() with input as sample.changed({"/checks/verified_at": moved})
		count(verified_at.deny) == 1 with input as sample.changed({"/checks/verified_at": moved})
	}
}
