package codexlock.trust.paths_test

import data.codexlock.lib.sample
import data.codexlock.trust.paths

test_p2_passes if {
	paths.deny == set() with input as sample.artifact
	paths.deny == set() with input as sample.changed({"/domain/paths": "open"})
}

test_p2_a_path_outside_is_found if {
	message := "trust domain \"runtime-core\" does not own the path assets/sources/model.bin"
	paths.deny == {{
		"msg": message,
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/trust_domain",
	}} with input as sample.changed({"/domain/paths": "outside"})
	paths.deny == {{
		"msg": message,
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/0/trust_domain",
	}} with input as sample.changed({"/domain/paths": "outside", "/vaulttime/state": "absent"})
}

test_p2_a_path_that_another_domain_names_is_found if {
	paths.deny == {{
		"msg": "trust domain \"runtime-core\" names no paths, and assets/sources/model.bin belongs to another trust domain",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/trust_domain",
	}} with input as sample.changed({"/domain/paths": "claimed"})

	# vaulttime.proof reports a record that the domain did not sign.
	paths.deny == set() with input as sample.changed({"/domain/paths": "claimed", "/checks/proof": "invalid"})
}

test_p2_missing_facts_are_found if {
	every pointer in {"/domain", "/domain/paths"} {
		paths.deny == {{
			"msg": "nothing proves that its path is its trust domain's",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/trust_domain",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_an_unknown_domain_and_none if {
	paths.deny == set() with input as sample.changed({"/domain/paths": "absent", "/domain/state": "unknown"})
	paths.deny == set() with input as sample.without(
		sample.changed({"/vaulttime/state": "absent", "/ledger/listed": "never"}),
		"/domain",
	)
}

test_others_report_missing_content if {
	every facts in sample.silent {
		paths.deny == set() with input as facts
	}
}
