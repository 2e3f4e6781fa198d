package codexlock.test.verifies_test

import data.codexlock.lib.sample
import data.codexlock.test.verifies

test_zt_11_3_passes if verifies.deny == set() with input as sample.artifact

test_zt_11_3_what_it_leaves_out_is_found if {
	messages := {
		"hashes": "its test does not verify its SHA-256",
		"signs": "its test does not verify its VaultTime signature",
		"behaves": "its test does not verify how it behaves",
	}
	every name, message in messages {
		verifies.deny == {{"msg": message, "file": "assets/sources/model.bin.test"}} with input as sample.changed({sprintf("/test/script/%s", [name]): "no"})
	}
}

test_zt_11_3_missing_facts_are_found if {
	verifies.deny == {{
		"msg": "nothing proves that its test verifies its SHA-256",
		"file": "assets/sources/model.bin.test",
	}} with input as sample.without(sample.artifact, "/test/script/hashes")
	every pointer in {"/test", "/test/script"} {
		count(verifies.deny) == 3 with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		verifies.deny == set() with input as sample.changed({"/test/script/state": state, "/test/script/hashes": "no"})
	}
	every facts in sample.silent {
		verifies.deny == set() with input as facts
	}
}

test_zt_11_3_without_a_configuration_a_test_is_warned_of if {
	facts := sample.changed({"/test/script/hashes": "no", "/settings/configured": false})
	verifies.deny == set() with input as facts
	count(verifies.warn) == 1 with input as facts
}

test_zt_11_3_without_a_configuration_a_test_that_does_nothing_is_found if {
	nothing := {sprintf("/test/script/%s", [name]): "no" | some name in ["hashes", "signs", "behaves"]}
	facts := sample.changed(object.union(nothing, {"/settings/configured": false}))
	count(verifies.deny) == 3 with input as facts
	verifies.warn == set() with input as facts
	every name in ["hashes", "signs", "behaves"] {
		does := sample.patched(facts, {sprintf("/test/script/%s", [name]): "yes"})
		verifies.deny == set() with input as does
		count(verifies.warn) == 2 with input as does
	}
	unknown := sample.without(sample.changed({"/settings/configured": false}), "/test/script")
	count(verifies.deny) == 3 with input as unknown
	verifies.warn == set() with input as unknown
}

_short(verifier) := sample.changed({
	"/test/script/hashes": "no",
	"/test/script/signs": "no",
	"/test/verifier": verifier,
})

test_zt_11_3_a_short_test_passes_if_its_script_counts if {
	every verifier in {"init", "attested"} {
		verifies.deny == set() with input as _short(verifier)
		verifies.warn == set() with input as _short(verifier)
	}
}

test_zt_11_3_a_short_test_whose_script_does_not_count_is_found if {
	reasons := {
		"outdated": "is what an earlier codexlock init wrote and cannot verify one artifact (remove it and run codexlock init)",
		"other": "is neither what codexlock init writes nor attested: it proves nothing",
		"absent": "is missing",
	}
	every verifier, reason in reasons {
		want := {{
			"msg": sprintf("its test calls ingest_archive.test.sh, which %s", [reason]),
			"file": "assets/sources/model.bin.test",
		}}
		verifies.deny == want with input as _short(verifier)
		handmade := sample.patched(_short(verifier), {"/settings/configured": false})
		verifies.deny == want with input as handmade
	}
	count(verifies.deny) == 2 with input as _short("test")
	verifies.deny == set() with input as sample.changed({"/test/verifier": "other"})
	count(verifies.deny) == 2 with input as sample.without(_short("init"), "/test/verifier")
}
