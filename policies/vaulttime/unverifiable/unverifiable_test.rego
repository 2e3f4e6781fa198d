package codexlock.vaulttime.unverifiable_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.unverifiable

test_zt_4_2_passes if {
	unverifiable.deny == set() with input as sample.artifact
	unverifiable.warn == set() with input as sample.artifact
	unverifiable.warn == set() with input as sample.changed({"/settings/keyless": "proof"})
}

_finding(message) := {
	"msg": message,
	"file": "assets/sources/model.bin.vaulttime.json",
	"pointer": "/vaulttime",
}

_no_key := "VaultTime signature cannot be checked: this run has no key for trust domain \"runtime-core\""

test_zt_4_2_a_run_without_the_key_is_found if {
	every proof in {"valid", "invalid", "absent", "no_key"} {
		facts := sample.changed({"/checks/signature": "no_key", "/checks/key_id": "absent", "/checks/proof": proof})
		unverifiable.deny == {_finding(_no_key)} with input as facts
		unverifiable.warn == set() with input as facts
	}
}

_keyless(proof) := sample.changed({
	"/settings/keyless": "proof",
	"/checks/signature": "no_key",
	"/checks/proof": proof,
})

test_zt_4_2_a_run_without_key_and_proof_is_found if {
	messages := {
		"absent": concat("", [_no_key, ", and the record has no proof"]),
		"no_key": concat("", [_no_key, ", and no public key to check the proof"]),
		"invalid": _no_key,
	}
	every proof, message in messages {
		unverifiable.deny == {_finding(message)} with input as _keyless(proof)
		unverifiable.warn == set() with input as _keyless(proof)
	}
}

test_zt_4_2_a_proof_may_stand_in if {
	unverifiable.deny == set() with input as _keyless("valid")
	unverifiable.warn == {_finding(concat("", [
		"VaultTime signature was not checked: this run has no key for trust domain \"runtime-core\"; ",
		"the record's proof is valid",
	]))} with input as _keyless("valid")
}

test_zt_14_4_a_run_without_the_old_key_is_found if {
	facts := {"/checks/signature": "no_key", "/checks/key_id": "differs"}
	unverifiable.deny == {_finding("VaultTime signature cannot be checked: this run does not have key 0f3a0f3a0f3a0f3a of trust domain \"runtime-core\"")} with input as sample.changed(facts)
	unverifiable.warn == {_finding("VaultTime signature was not checked: this run does not have key 0f3a0f3a0f3a0f3a of trust domain \"runtime-core\"; the record's proof is valid")} with input as sample.changed(object.union(facts, {"/settings/keyless": "proof"}))
}

test_zt_4_2_an_unknown_domain_is_found if {
	unverifiable.deny == {_finding(concat("", [
		"VaultTime signature cannot be checked: trust domain \"runtime-core\" is unknown, ",
		"and there is no default key",
	]))} with input as sample.changed({"/checks/signature": "no_key", "/domain/state": "unknown"})
}

test_zt_4_2_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/signature"} {
		unverifiable.deny == {_finding("nothing proves that its VaultTime signature was checked in trust domain \"runtime-core\"")} with input as sample.without(
			sample.artifact,
			pointer,
		)
	}
	every pointer in {"/settings", "/settings/keyless", "/checks/proof"} {
		facts := sample.without(_keyless("valid"), pointer)
		unverifiable.deny == {_finding(_no_key)} with input as facts
		unverifiable.warn == set() with input as facts
	}
	count(unverifiable.deny) == 1 with input as {}
}

test_vaulttime_signature_reports_another_signature if {
	unverifiable.deny == set() with input as sample.changed({"/checks/signature": "invalid"})
	unverifiable.warn == set() with input as sample.changed({"/checks/signature": "invalid"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		unverifiable.deny == set() with input as facts
		unverifiable.warn == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		unverifiable.deny == set() with input as facts
		unverifiable.warn == set() with input as facts
	}
}

test_zt_4_2_a_proof_stands_in_for_nothing_else if {
	every pointer in {"/checks", "/checks/signature"} {
		facts := sample.without(_keyless("valid"), pointer)
		count(unverifiable.deny) == 1 with input as facts
		unverifiable.warn == set() with input as facts
	}
	every kind in sample.irregular {
		unverifiable.warn == set() with input as sample.patched(_keyless("valid"), {"/artifact/kind": kind})
	}
}
