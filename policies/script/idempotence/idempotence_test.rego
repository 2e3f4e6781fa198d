package codexlock.script.idempotence_test

import data.codexlock.lib.sample
import data.codexlock.script.idempotence

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_1_3_passes if {
	idempotence.warn == set() with input as sample.artifact
	idempotence.warn == set() with input as own({})
}

_use := {"text": "the text", "line": 4, "column": 2}

test_zt_1_3_every_use_is_found if {
	idempotence.warn == {{
		"msg": "may not be safe to repeat: the text",
		"file": "assets/sources/model.bin",
		"line": 4,
		"column": 2,
	}} with input as own({"repeats": [_use]})
	idempotence.warn == {{
		"msg": "may not be safe to repeat: something",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"repeats": [{}]})
}

test_zt_1_3_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/repeats"} {
		idempotence.warn == {{
			"msg": "nothing proves that it is safe to run twice",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		idempotence.warn == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		idempotence.warn == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		idempotence.warn == set() with input as beside({"state": state, "repeats": [_use]})
	}
}
