package codexlock.script.config_source_test

import data.codexlock.lib.sample
import data.codexlock.script.config_source

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_1_2_passes if {
	config_source.deny == set() with input as sample.artifact
	config_source.deny == set() with input as own({})
}

_use := {"text": "the text", "line": 4, "column": 2}

test_zt_1_2_every_use_is_found if {
	config_source.deny == {{
		"msg": "reads configuration from elsewhere: the text",
		"file": "assets/sources/model.bin",
		"line": 4,
		"column": 2,
	}} with input as own({"config": [_use]})
	config_source.deny == {{
		"msg": "reads configuration from elsewhere: something",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"config": [{}]})
}

test_zt_1_2_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/config"} {
		config_source.deny == {{
			"msg": "nothing proves that it reads configuration only from the environment and flags",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		config_source.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		config_source.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		config_source.deny == set() with input as beside({"state": state, "config": [_use]})
	}
}

test_zt_1_2_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"config": [{}]}), {"/settings/configured": false})
	config_source.deny == set() with input as facts
	count(config_source.warn) == 1 with input as facts
	itself := sample.patched(own({"config": [{}]}), {"/settings/configured": false})
	count(config_source.deny) == 1 with input as itself
	config_source.warn == set() with input as itself
}
