package codexlock.trust.shared_key_test

import data.codexlock.lib.sample
import data.codexlock.trust.shared_key

test_p2_passes if shared_key.deny == set() with input as sample.repository

test_p2_a_shared_key_is_found if {
	shared_key.deny == {{
		"msg": "trust domain \"runtime-core\" has the same key as ingest, staging",
		"file": "codexlock.yaml",
		"pointer": "/trust_domains/runtime-core",
	}} with input as sample.whole({"/repository/keys/0/shared_with": ["ingest", "staging"]})
}

test_p2_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/keys"} {
		shared_key.deny == {{
			"msg": "nothing proves that each trust domain has a key of its own",
			"file": "codexlock.yaml",
		}} with input as sample.without(sample.repository, pointer)
	}
	shared_key.deny == {{
		"msg": "trust domain \"any\" has the same key as one that was not measured",
		"file": "codexlock.yaml",
		"pointer": "",
	}} with input as sample.whole({"/repository/keys": [{}]})
}

test_p2_keys_are_read_one_by_one_unless_all_pass if {
	shared_key.deny == set() with input as sample.whole({"/repository/key_checks": {"sharing": "apart"}})
	count(shared_key.deny) == 1 with input as sample.whole({
		"/repository/key_checks": {"sharing": "shared"},
		"/repository/keys/0/shared_with": ["other"],
	})
}
