package codexlock.audit.signature_test

import data.codexlock.audit.signature
import data.codexlock.lib.sample

test_zt_8_2_passes if {
	signature.deny == set() with input as sample.repository
	signature.warn == set() with input as sample.repository
	signature.deny == set() with input as sample.whole({
		"/repository/log/state": "absent",
		"/repository/log/history": "absent",
		"/repository/log/checkpoint/signature": "absent",
	})
}

_finding(message) := {{"msg": message, "file": "MANIFEST.integrity.checkpoint"}}

_absent := {
	"/repository/log/checkpoint/state": "absent",
	"/repository/log/checkpoint/signature": "absent",
	"/repository/log/checkpoint/covers": "absent",
	"/repository/log/checkpoint/before": "absent",
}

test_zt_8_2_a_missing_checkpoint_is_found if {
	missing := _finding("checkpoint is missing, want a signed note over the log")
	sample.unhinted(signature.deny) == missing with input as sample.whole(_absent)
	signature.warn == set() with input as sample.whole(_absent)
	tolerated := sample.patched(sample.whole(_absent), {"/settings/require_proof": false})
	signature.deny == set() with input as tolerated
	sample.unhinted(signature.warn) == missing with input as tolerated
}

test_zt_8_2_a_removed_checkpoint_is_found if {
	every require in {true, false} {
		facts := sample.patched(sample.whole(_absent), {
			"/repository/log/checkpoint/before": "present",
			"/settings/require_proof": require,
		})
		signature.warn == set() with input as facts
		sample.unhinted(signature.deny) == _finding("was removed, and the base commit has one: without it anybody could append to the log") with input as facts
	}
}

test_zt_8_2_a_checkpoint_that_cannot_be_read_is_found if {
	every state in {"invalid", "irregular"} {
		facts := sample.patched(sample.whole(_absent), {
			"/repository/log/checkpoint/state": state,
			"/settings/require_proof": false,
		})
		signature.warn == set() with input as facts
		sample.unhinted(signature.deny) == _finding("is not a signed note with a size and a root") with input as facts
	}
}

test_zt_8_2_every_other_checkpoint_is_found if {
	every case in [
		[{"/repository/log/checkpoint/state": "invalid", "/repository/log/checkpoint/signature": "absent"}, "is not a signed note with a size and a root"],
		[{"/repository/log/checkpoint/signature": "invalid"}, "its signature is not valid"],
		[{"/repository/log/checkpoint/signature": "no_key"}, "could not verify: no key to check its signature"],
		[{"/repository/log/checkpoint/signature": "revoked"}, "could not verify: the key of its signature was revoked"],
		[{"/repository/log/checkpoint/covers": "differs"}, "belongs to another log than MANIFEST.integrity.json: size or root differ"],
	] {
		sample.unhinted(signature.deny) == _finding(case[1]) with input as sample.whole(case[0])
	}
}

test_zt_8_2_missing_facts_are_found if {
	every pointer in {
		"/repository",
		"/repository/log",
		"/repository/log/checkpoint",
		"/repository/log/checkpoint/signature",
		"/repository/log/checkpoint/covers",
	} {
		sample.unhinted(signature.deny) == _finding("nothing proves that the log is signed") with input as sample.without(sample.repository, pointer)
	}
	every pointer in {"/settings/require_proof", "/repository/log/checkpoint/before"} {
		sample.unhinted(signature.deny) == _finding("checkpoint is missing, want a signed note over the log") with input as sample.without(sample.whole(_absent), pointer)
	}
}

test_audit_rewritten_reports_a_log_that_cannot_be_read if {
	every state in {"absent", "invalid", "irregular"} {
		signature.deny == set() with input as sample.patched(sample.whole(_absent), {"/repository/log/state": state})
	}
}

test_a_key_that_is_not_here_is_listed_and_an_unsigned_log_is_signed if {
	every fix in sample.fixes(signature.deny) {
		startswith(fix, "list the public key")
	} with input as sample.whole({"/repository/log/checkpoint/signature": "no_key"})
	count(sample.fixes(signature.deny)) == 1 with input as sample.whole({"/repository/log/checkpoint/signature": "no_key"})
	sample.fixes(signature.deny) == set() with input as sample.whole({"/repository/log/checkpoint/signature": "invalid"})
	tolerated := sample.patched(sample.whole(_absent), {"/settings/require_proof": false})
	sample.fixes(signature.warn) == {"sign the log: codexlock audit sign"} with input as tolerated
}

test_zt_8_2_a_log_of_a_revoked_key_is_signed_again if {
	sample.fixes(signature.deny) == {"find out whether the log is complete: git log -p -- MANIFEST.integrity.json; then sign it with the current key: codexlock audit sign"} with input as sample.whole({"/repository/log/checkpoint/signature": "revoked"})
	sample.fixes(signature.deny) == {"list the public key of the log's signer in codexlock.yaml (codexlock keys public), or set its variable in this run"} with input as sample.whole({"/repository/log/checkpoint/signature": "no_key"})
}
