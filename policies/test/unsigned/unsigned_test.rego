package codexlock.test.unsigned_test

import data.codexlock.lib.sample
import data.codexlock.test.unsigned

_record := "assets/sources/model.bin.vaulttime.json"

_companion := "assets/sources/model.bin.test"

# _plain is a record that does not have the digest, and never had it.
_plain := {"/checks/test_signed": "absent", "/base/test_sha256": "absent"}

_with(values) := sample.changed(object.union(_plain, values))

test_p4_passes if {
	unsigned.deny == set() with input as sample.artifact
	unsigned.warn == set() with input as sample.artifact

	# The test is an attested artifact itself.
	unsigned.deny == set() with input as sample.changed({"/checks/test_signed": "own"})

	# Nothing asks for the digest.
	unsigned.deny == set() with input as _with({"/settings/sign_companions": false})
	unsigned.warn == set() with input as _with({"/settings/sign_companions": false})
}

test_p4_another_test_is_found if {
	every sign in {true, false} {
		every require in {true, false} {
			facts := sample.changed({
				"/checks/test_signed": "differs",
				"/settings/sign_companions": sign,
				"/settings/require_proof": require,
			})
			unsigned.warn == set() with input as facts
			sample.unhinted(unsigned.deny) == {{
				"msg": "test differs from the one that the record signs: it was changed after the attestation",
				"file": _companion,
			}} with input as facts
		}
	}
}

test_p4_a_digest_that_was_dropped_is_found if {
	every before, message in {
		"present": "record no longer signs the test: it has no test_sha256, and the base commit's record has one",
		"unknown": "record does not sign the test: it has no test_sha256, and the base commit's record, which cannot be read, may have had one",
	} {
		every sign in {true, false} {
			facts := sample.changed({
				"/checks/test_signed": "absent",
				"/base/test_sha256": before,
				"/settings/sign_companions": sign,
				"/settings/require_proof": false,
			})
			unsigned.warn == set() with input as facts
			sample.unhinted(unsigned.deny) == {{"msg": message, "file": _record}} with input as facts
		}
	}
}

test_p4_a_new_or_changed_record_without_it_is_found if {
	finding := {"msg": "record does not sign the test: it has no test_sha256", "file": _record}
	sample.unhinted(unsigned.deny) == {finding} with input as _with({})
	sample.unhinted(unsigned.deny) == {finding} with input as sample.without(_with({}), "/base")

	# It is a warning where proofs are not required.
	unsigned.deny == set() with input as _with({"/settings/require_proof": false})
	sample.unhinted(unsigned.warn) == {finding} with input as _with({"/settings/require_proof": false})

	# It is a warning where neither record nor test changed.
	kept := _with({"/base/record_text": "same", "/base/test": "same"})
	unsigned.deny == set() with input as kept
	sample.unhinted(unsigned.warn) == {finding} with input as kept
}

test_p4_a_test_edited_alone_is_found if {
	finding := {
		"msg": "test was changed, and the record does not sign it: it has no test_sha256",
		"file": _companion,
	}
	every change in {"differs", "absent"} {
		edited := {"/base/record_text": "same", "/base/test": change}
		sample.unhinted(unsigned.deny) == {finding} with input as _with(edited)
		unsigned.warn == set() with input as _with(edited)

		# Where records do not have the digest yet, it is a warning.
		old := object.union(edited, {"/settings/sign_companions": false})
		unsigned.deny == set() with input as _with(old)
		sample.unhinted(unsigned.warn) == {finding} with input as _with(old)
	}
}

test_p4_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/test_signed"} {
		sample.unhinted(unsigned.deny) == {{
			"msg": "nothing proves that the test is the one that was attested",
			"file": _companion,
		}} with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/settings", "/settings/sign_companions"} {
		count(unsigned.deny) == 1 with input as sample.without(_with({}), pointer)
	}
	count(unsigned.deny) == 1 with input as {}
}

test_vaulttime_proof_reports_another_artifact_s_record if {
	unsigned.deny == set() with input as sample.changed({"/checks/test_signed": "differs", "/checks/path": "differs"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		unsigned.deny == set() with input as facts
		unsigned.warn == set() with input as facts
	}
}

test_others_report_a_companion_that_cannot_be_read if {
	every companion in {"test", "vaulttime"} {
		every facts in sample.unread(companion) {
			unsigned.deny == set() with input as facts
			unsigned.warn == set() with input as facts
		}
	}
}

test_an_unsigned_test_is_attested_and_a_changed_one_is_not if {
	sample.fixes(unsigned.deny) == set() with input as sample.changed({"/checks/test_signed": "differs"})
	count(unsigned.deny) == 1 with input as sample.changed({"/checks/test_signed": "differs"})
	never := sample.changed({"/checks/test_signed": "absent", "/base/test_sha256": "absent"})
	sample.fixes(unsigned.deny) == {"attest it, which signs the test: codexlock attest {artifact}"} with input as never
	dropped := sample.changed({"/checks/test_signed": "absent", "/base/test_sha256": "present"})
	sample.fixes(unsigned.deny) == set() with input as dropped
	count(unsigned.deny) == 1 with input as dropped
}
