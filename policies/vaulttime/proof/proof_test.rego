package codexlock.vaulttime.proof_test

import data.codexlock.lib.sample
import data.codexlock.vaulttime.proof

test_p4_passes if {
	proof.deny == set() with input as sample.artifact
	proof.deny == set() with input as sample.without(sample.artifact, "/base")
}

test_p4_a_record_without_proof_is_another_rule_s if {
	every path in {"match", "absent"} {
		proof.deny == set() with input as sample.changed({
			"/checks/proof": "absent",
			"/checks/path": path,
			"/base/proof": "absent",
		})
		proof.deny == set() with input as sample.without(
			sample.changed({"/checks/proof": "absent", "/checks/path": path, "/checks/rollback": "new"}),
			"/base",
		)
	}
}

_finding(message, pointer) := {
	"msg": message,
	"file": "assets/sources/model.bin.vaulttime.json",
	"pointer": pointer,
}

_unproved := _finding("nothing proves that the record is unchanged since it was signed", "")

test_p4_an_invalid_proof_is_found if {
	sample.unhinted(proof.deny) == {_finding(
		"proof is not valid: the record was changed after it was signed, or signed with another key",
		"/proof",
	)} with input as sample.changed({"/checks/proof": "invalid"})
}

test_p4_another_artifact_s_record_is_found if {
	every state in {"valid", "invalid", "no_key", "absent"} {
		sample.unhinted(proof.deny) == {_finding("record is for \"assets/sources/other.bin\"", "/path")} with input as sample.changed({
			"/checks/proof": state,
			"/checks/path": "differs",
			"/vaulttime/artifact": "assets/sources/other.bin",
		})
	}
}

test_p4_a_proof_that_was_taken_away_is_found if {
	every rollback in {"forward", "back", "new"} {
		sample.unhinted(proof.deny) == {_finding("record has no proof, and the base commit's record has one", "")} with input as sample.changed({
			"/checks/proof": "absent",
			"/checks/rollback": rollback,
		})
	}
}

test_p4_a_record_that_was_taken_away_is_found if {
	every state in {"absent", "irregular", "twice"} {
		sample.unhinted(proof.deny) == {_finding(
			"record is missing, and the base commit has one with a proof",
			"",
		)} with input as sample.changed({
			"/checks/proof": "absent",
			"/checks/path": "absent",
			"/checks/rollback": "absent",
			"/vaulttime/state": state,
		})
	}
}

test_p4_a_record_that_cannot_be_read_is_found if {
	every state in {"irregular", "twice"} {
		facts := sample.changed({
			"/checks/proof": "absent",
			"/checks/path": "absent",
			"/checks/rollback": "absent",
			"/vaulttime/state": state,
			"/base/proof": "absent",
		})
		sample.unhinted(proof.deny) == {_finding("record cannot be read: nothing proves what it says", "")} with input as facts
		count(proof.deny) == 1 with input as sample.without(facts, "/base")
	}
}

test_p4_a_proof_that_may_have_been_taken_away_is_found if {
	every state in {"valid", "absent"} {
		sample.unhinted(proof.deny) == {_finding("has no proof, and the base commit's record, which cannot be read, may have had one", "")} with input as sample.changed({
			"/checks/proof": "absent",
			"/vaulttime/state": state,
			"/base/proof": "unknown",
		})
	}
}

test_vaulttime_missing_reports_a_record_that_never_was if {
	facts := sample.changed({
		"/checks/proof": "absent",
		"/checks/path": "absent",
		"/checks/rollback": "absent",
		"/vaulttime/state": "absent",
	})
	proof.deny == set() with input as json.patch(facts, [
		{"op": "replace", "path": "/base/proof", "value": "absent"},
		{"op": "replace", "path": "/artifact/change", "value": "modified"},
	])
	proof.deny == set() with input as json.patch(facts, [
		{"op": "remove", "path": "/base"},
		{"op": "replace", "path": "/artifact/change", "value": "added"},
	])
	sample.unhinted(proof.deny) == {_unproved} with input as json.patch(facts, [
		{"op": "remove", "path": "/base"},
		{"op": "replace", "path": "/artifact/change", "value": "modified"},
	])
}

test_vaulttime_schema_reports_a_record_that_cannot_be_read if {
	proof.deny == set() with input as sample.changed({"/checks/proof": "absent", "/vaulttime/state": "invalid"})
}

test_p4_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/proof", "/checks/path"} {
		sample.unhinted(proof.deny) == {_unproved} with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/base", "/base/proof"} {
		sample.unhinted(proof.deny) == {_unproved} with input as sample.without(
			sample.changed({"/checks/proof": "absent", "/base/proof": "absent"}),
			pointer,
		)
	}
	sample.unhinted(proof.deny) == {_unproved} with input as sample.changed({"/checks/path": "absent"})
	count(proof.deny) == 1 with input as {}
}

test_vaulttime_unverifiable_reports_a_run_without_the_key if {
	facts := sample.changed({"/checks/proof": "no_key", "/checks/signature": "no_key"})
	proof.deny == set() with input as facts
	every pointer in {"/checks/signature", "/checks/path"} {
		sample.unhinted(proof.deny) == {_unproved} with input as sample.without(facts, pointer)
	}
	sample.unhinted(proof.deny) == {_unproved} with input as sample.changed({"/checks/proof": "no_key"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		proof.deny == set() with input as facts
	}
}

test_p4_a_proof_that_was_not_looked_for_is_found if {
	sample.unhinted(proof.deny) == {_unproved} with input as sample.without(sample.changed({"/checks/signature": "no_key"}), "/checks/proof")
	bare := sample.changed({"/checks/proof": "absent", "/checks/path": "absent", "/base/proof": "absent"})
	every pointer in {"/checks/proof", "/checks/path"} {
		sample.unhinted(proof.deny) == {_unproved} with input as sample.without(bare, pointer)
	}
}

test_a_missing_record_is_restored_and_a_changed_one_is_not_attested if {
	lost := sample.changed({"/vaulttime/state": "absent", "/checks/proof": "absent", "/checks/path": "absent", "/base/proof": "present"})
	sample.fixes(proof.deny) == {"restore it from the base commit; if it is only in your work tree, commit it: git add {file}"} with input as lost
	sample.fixes(proof.deny) == set() with input as sample.changed({"/checks/proof": "invalid"})
	count(proof.deny) == 1 with input as sample.changed({"/checks/proof": "invalid"})
}
