package codexlock.trust.unknown_domain_test

import data.codexlock.lib.sample
import data.codexlock.trust.unknown_domain

test_zt_4_1_passes if {
	every state in {"known", "open"} {
		unknown_domain.deny == set() with input as sample.changed({"/domain/state": state})
	}
}

test_zt_4_1_a_record_s_unknown_domain_is_found if {
	unknown_domain.deny == {{
		"msg": "trust domain \"production\" is not in codexlock.yaml",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/trust_domain",
	}} with input as sample.changed({"/domain/state": "unknown", "/domain/name": "production"})
}

test_zt_4_1_an_entry_s_unknown_domain_is_found if {
	every state in {"absent", "invalid", "irregular", "twice"} {
		unknown_domain.deny == {{
			"msg": "trust domain \"production\" is not in codexlock.yaml",
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/trust_domain",
		}} with input as sample.changed({
			"/domain/state": "unknown",
			"/domain/name": "production",
			"/vaulttime/state": state,
		})
	}
}

test_zt_4_1_missing_facts_are_found if {
	every pointer in {"/domain", "/domain/state"} {
		unknown_domain.deny == {{
			"msg": "nothing proves that its trust domain is one of codexlock.yaml",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/trust_domain",
		}} with input as sample.without(sample.artifact, pointer)
	}
	count(unknown_domain.deny) == 1 with input as {}
}

test_others_report_an_artifact_without_record_and_entry if {
	unknown_domain.deny == set() with input as sample.without(
		sample.changed({"/vaulttime/state": "absent", "/ledger/listed": "never"}),
		"/domain",
	)
}

test_others_report_missing_content if {
	every facts in sample.silent {
		unknown_domain.deny == set() with input as facts
	}
}

test_zt_4_1_a_record_without_a_domain_is_found if {
	count(unknown_domain.deny) == 1 with input as sample.without(sample.changed({"/ledger/listed": "never"}), "/domain")
}
