package codexlock.vaulttime.domain_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.domain

test_zt_4_1_passes if domain.deny == set() with input as sample.artifact

test_zt_4_1_another_domain_is_found if {
	domain.deny == {{
		"msg": "trust_domain is \"production\", Codex-Lock.json records \"runtime-core\"",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/trust_domain",
	}} with input as sample.changed({"/checks/domain": "differs", "/vaulttime/trust_domain": "production"})
}

test_zt_4_1_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/domain"} {
		domain.deny == {{
			"msg": "trust_domain is \"runtime-core\", Codex-Lock.json records \"runtime-core\"",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/trust_domain",
		}} with input as sample.without(sample.artifact, pointer)
	}
	count(domain.deny) == 1 with input as {}
}

test_others_report_a_ledger_without_an_entry if {
	every state in {"absent", "invalid", "irregular"} {
		domain.deny == set() with input as sample.changed({"/checks/domain": "absent", "/ledger/state": state})
	}
	domain.deny == set() with input as sample.changed({"/checks/domain": "absent", "/ledger/listed": "never"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		domain.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		domain.deny == set() with input as facts
	}
}
