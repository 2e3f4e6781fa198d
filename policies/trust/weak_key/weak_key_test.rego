package codexlock.trust.weak_key_test

import data.codexlock.lib.sample
import data.codexlock.trust.weak_key

test_zt_9_2_passes if {
	weak_key.deny == set() with input as sample.repository
	weak_key.warn == set() with input as sample.repository
	weak_key.deny == set() with input as sample.whole({"/repository/keys/0/strength": "absent"})
}

_weak := sample.whole({
	"/repository/keys/0/strength": "weak",
	"/repository/keys/0/weakness": "has 8 bytes, want at least 32",
})

_findings := {{
	"msg": "the key in VAULTTIME_KEY has 8 bytes, want at least 32",
	"file": "codexlock.yaml",
	"pointer": "/trust_domains/runtime-core",
}}

test_zt_9_2_a_weak_key_is_found if {
	weak_key.deny == _findings with input as _weak
	weak_key.warn == set() with input as _weak
	weak_key.deny == set() with input as sample.without(_weak, "/repository/config")
	weak_key.warn == _findings with input as sample.without(_weak, "/repository/config")
}

test_zt_9_2_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/keys"} {
		weak_key.deny == {{
			"msg": "nothing proves that no key can be guessed",
			"file": "codexlock.yaml",
		}} with input as sample.without(sample.repository, pointer)
	}
	weak_key.deny == {{
		"msg": "the key in the environment is not known to be one that cannot be guessed",
		"file": "codexlock.yaml",
		"pointer": "",
	}} with input as sample.whole({"/repository/keys": [{}]})
}

test_zt_9_2_keys_are_read_one_by_one_unless_all_pass if {
	weak_key.deny == set() with input as sample.whole({"/repository/key_checks": {"strength": "strong"}})
	count(weak_key.deny) == 1 with input as sample.whole({
		"/repository/key_checks": {"strength": "weak"},
		"/repository/keys/0/strength": "weak",
	})
}
