package codexlock.script.network_test

import data.codexlock.lib.sample
import data.codexlock.script.network

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_5_3_passes if {
	network.deny == set() with input as sample.artifact
	network.deny == set() with input as own({})
	network.deny == set() with input as sample.patched(own({"network": [_access]}), {"/manifest/network": ["example.org"]})
	network.deny == set() with input as sample.patched(own({"network": [_access]}), {"/domain/network": ["example.org"]})
	network.deny == set() with input as sample.patched(own({"network": [_access, {"command": "ssh"}]}), {"/domain/network": ["*"]})
}

_access := {"command": "curl", "host": "example.org", "line": 4, "column": 2}

test_zt_5_3_every_other_host_is_found if {
	network.deny == {{
		"msg": "curl contacts example.org, which neither the manifest nor the trust domain approves",
		"file": "assets/sources/model.bin",
		"line": 4,
		"column": 2,
	}} with input as sample.patched(own({"network": [_access]}), {"/manifest/network": ["example.com"]})
	network.deny == {{
		"msg": "a command contacts a host that cannot be determined statically",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as sample.patched(beside({"network": [{}]}), {"/manifest/network": ["example.org"]})
}

test_zt_5_3_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/network"} {
		network.deny == {{
			"msg": "nothing proves that it contacts approved hosts only",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/manifest/network", "/domain/network"} {
		count(network.deny) == 1 with input as sample.without(own({"network": [_access]}), pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		network.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		network.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		network.deny == set() with input as beside({"state": state, "network": [_access]})
	}
}

test_zt_5_3_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"network": [{}]}), {"/settings/configured": false})
	network.deny == set() with input as facts
	count(network.warn) == 1 with input as facts
	itself := sample.patched(own({"network": [{}]}), {"/settings/configured": false})
	count(network.deny) == 1 with input as itself
	network.warn == set() with input as itself
}
