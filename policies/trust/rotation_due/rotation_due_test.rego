package codexlock.trust.rotation_due_test

import data.codexlock.lib.sample
import data.codexlock.trust.rotation_due

test_zt_14_4_passes if {
	rotation_due.warn == set() with input as sample.repository
	every state in {"retiring", "revoked"} {
		rotation_due.warn == set() with input as sample.whole({
			"/repository/keys/0/public_keys/0/age": "due",
			"/repository/keys/0/public_keys/0/state": state,
		})
	}
}

_finding(message) := {{
	"msg": message,
	"file": "codexlock.yaml",
	"pointer": "/trust_domains/runtime-core/public_keys/0",
}}

test_zt_14_4_an_old_key_is_found if {
	rotation_due.warn == _finding("key 0f3a0f3a0f3a0f3a of trust domain \"runtime-core\" was made at 2026-11-01T00:00:00Z, 90 days ago or more") with input as sample.whole({"/repository/keys/0/public_keys/0/age": "due"})
}

test_zt_14_4_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/keys"} {
		rotation_due.warn == {{
			"msg": "nothing proves that the keys are rotated",
			"file": "codexlock.yaml",
		}} with input as sample.without(sample.repository, pointer)
	}
	unknown := _finding("the age of key 0f3a0f3a0f3a0f3a of trust domain \"runtime-core\" is unknown: it has no created_at")
	rotation_due.warn == unknown with input as sample.without(sample.repository, "/repository/keys/0/public_keys/0/age")
	rotation_due.warn == unknown with input as sample.whole({"/repository/keys/0/public_keys/0/age": "unknown"})
}

test_zt_14_4_keys_are_read_one_by_one_unless_all_pass if {
	rotation_due.warn == set() with input as sample.whole({"/repository/key_checks": {"age": "fresh"}})
	count(rotation_due.warn) == 1 with input as sample.whole({
		"/repository/key_checks": {"age": "due"},
		"/repository/keys/0/public_keys/0/age": "due",
	})
}
