package codexlock.vaulttime.ttl_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.ttl

test_zt_4_3_passes if ttl.deny == set() with input as sample.artifact

test_zt_4_3_a_long_life_is_found if {
	ttl.deny == {{
		"msg": "ttl_hours is 8760, want at most 24 in trust domain \"runtime-core\"",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/ttl_hours",
	}} with input as sample.changed({"/checks/ttl": "exceeds", "/vaulttime/ttl_hours": 8760})
}

test_zt_4_3_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/ttl"} {
		ttl.deny == {{
			"msg": "ttl_hours is 24, want at most 24 in trust domain \"runtime-core\"",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/ttl_hours",
		}} with input as sample.without(sample.artifact, pointer)
	}
	count(ttl.deny) == 1 with input as {}
}

test_trust_unknown_domain_reports_an_unknown_domain if {
	ttl.deny == set() with input as sample.changed({"/checks/ttl": "exceeds", "/domain/state": "unknown"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		ttl.deny == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		ttl.deny == set() with input as facts
	}
}
