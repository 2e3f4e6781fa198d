package codexlock.trust.unlisted_key_test

import data.codexlock.lib.sample
import data.codexlock.trust.unlisted_key

_finding(message) := {{
	"msg": message,
	"file": "codexlock.yaml",
	"pointer": "/trust_domains/runtime-core",
}}

test_zt_4_2_passes if {
	every state in {"current", "none", "absent"} {
		unlisted_key.deny == set() with input as sample.whole({"/repository/keys/0/listed": state})
		unlisted_key.warn == set() with input as sample.whole({"/repository/keys/0/listed": state})
	}
}

test_zt_4_2_another_key_is_found if {
	every state, words in {
		"missing": "is not listed for trust domain \"runtime-core\"",
		"differs": "differs from the public key that trust domain \"runtime-core\" lists under its id",
		"revoked": "is a revoked one of trust domain \"runtime-core\"",
	} {
		unlisted_key.deny == _finding(sprintf("the key in VAULTTIME_KEY, 0f3a0f3a0f3a0f3a, %s", [words])) with input as sample.whole({"/repository/keys/0/listed": state})
		unlisted_key.warn == set() with input as sample.whole({"/repository/keys/0/listed": state})
	}
}

test_zt_14_4_a_retiring_key_alone_is_warned_of if {
	retiring := sample.whole({"/repository/keys/0/listed": "retiring"})
	unlisted_key.deny == set() with input as retiring
	unlisted_key.warn == _finding("the key in VAULTTIME_KEY, 0f3a0f3a0f3a0f3a, is a retiring one of trust domain \"runtime-core\"") with input as retiring
}

test_zt_4_2_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/keys"} {
		unlisted_key.deny == {{
			"msg": "nothing proves that the keys are listed in codexlock.yaml",
			"file": "codexlock.yaml",
		}} with input as sample.without(sample.repository, pointer)
	}
	unlisted_key.deny == _finding("the key in VAULTTIME_KEY, 0f3a0f3a0f3a0f3a, is not known to be listed for trust domain \"runtime-core\"") with input as sample.without(sample.repository, "/repository/keys/0/listed")
	unlisted_key.deny == {{
		"msg": "the key in the environment, with no id, is not known to be listed for trust domain \"any\"",
		"file": "codexlock.yaml",
		"pointer": "",
	}} with input as sample.whole({"/repository/keys": [{}]})
}

test_zt_4_2_keys_are_read_one_by_one_unless_all_pass if {
	unlisted_key.deny == set() with input as sample.whole({"/repository/key_checks": {"listing": "listed"}})
	count(unlisted_key.deny) == 1 with input as sample.whole({
		"/repository/key_checks": {"listing": "unlisted"},
		"/repository/keys/0/listed": "revoked",
	})
}
