package codexlock.vaulttime.unbound_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.unbound

test_p4_passes if {
	every proof in {"valid", "invalid", "no_key"} {
		unbound.deny == set() with input as sample.changed({"/checks/proof": proof})
		unbound.warn == set() with input as sample.changed({"/checks/proof": proof})
		unbound.warn == set() with input as sample.changed({"/checks/proof": proof, "/settings/require_proof": false})
	}
}

_finding(message) := {"msg": message, "file": "assets/sources/model.bin.vaulttime.json", "pointer": ""}

_absent := _finding("record has no proof: path, timestamp, ttl_hours and trust_domain are not signed")

_unproved := _finding("nothing proves that path, timestamp, ttl_hours and trust_domain are signed")

_without_proof(require) := sample.changed({
	"/checks/proof": "absent",
	"/base/proof": "absent",
	"/settings/require_proof": require,
})

test_p4_a_record_without_proof_is_denied_where_proofs_are_required if {
	unbound.deny == {_absent} with input as _without_proof(true)
	unbound.warn == set() with input as _without_proof(true)
}

test_p4_a_record_without_proof_is_warned_of_otherwise if {
	unbound.deny == set() with input as _without_proof(false)
	unbound.warn == {_absent} with input as _without_proof(false)
}

test_p4_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/proof"} {
		unbound.deny == {_unproved} with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/base", "/base/proof"} {
		unbound.deny == {_absent} with input as sample.without(_without_proof(true), pointer)
	}
	every pointer in {"/settings", "/settings/require_proof"} {
		facts := sample.without(_without_proof(false), pointer)
		unbound.deny == {_absent} with input as facts
		unbound.warn == set() with input as facts
	}
	count(unbound.deny) == 1 with input as {}
	unbound.warn == {_unproved} with input as sample.without(
		sample.changed({"/settings/require_proof": false}),
		"/checks/proof",
	)
}

test_vaulttime_proof_reports_a_proof_that_was_taken_away if {
	every before in {"present", "unknown"} {
		unbound.deny == set() with input as sample.changed({"/checks/proof": "absent", "/base/proof": before})
	}
	unbound.warn == set() with input as sample.changed({"/checks/proof": "absent"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		unbound.deny == set() with input as facts
		unbound.warn == set() with input as facts
	}
}

test_others_report_a_vaulttime_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		unbound.deny == set() with input as facts
		unbound.warn == set() with input as facts
	}
}
