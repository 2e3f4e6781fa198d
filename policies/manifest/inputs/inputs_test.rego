package codexlock.manifest.inputs_test

import data.codexlock.lib.sample
import data.codexlock.manifest.inputs

test_zt_11_1_passes if {
	inputs.deny == set() with input as sample.artifact
	inputs.deny == set() with input as sample.changed({"/manifest/inputs": [], "/checks/inputs": "none"})
}

test_zt_11_1_an_input_without_a_hash_is_a_warning if {
	plain := sample.without(
		sample.changed({"/checks/inputs": "unrecorded", "/manifest/inputs/0/state": "unrecorded"}),
		"/manifest/inputs/0/sha256",
	)
	inputs.deny == set() with input as plain
	sample.unhinted(inputs.warn) == {_finding("input \"assets/sources/labels.csv\" is a plain path: no sha256 is recorded to compare it with")} with input as plain
	inputs.warn == set() with input as sample.artifact
	missing := sample.without(
		sample.changed({"/checks/inputs": "missing", "/manifest/inputs/0/state": "missing"}),
		"/manifest/inputs/0/sha256",
	)
	sample.unhinted(inputs.deny) == {_finding("input \"assets/sources/labels.csv\" is missing, want a file there")} with input as missing
	inputs.warn == set() with input as missing
}

_output(message) := {
	"msg": message,
	"file": "assets/sources/model.bin.manifest.json",
	"pointer": "/outputs/0",
}

test_zt_11_1_an_output_without_a_hash_is_a_warning if {
	output := {"pointer": "/outputs/0", "path": "log.txt", "state": "missing"}
	plain := sample.changed({"/checks/outputs": "unrecorded", "/manifest/outputs": [output]})
	inputs.deny == set() with input as plain
	sample.unhinted(inputs.warn) == {_output("output \"log.txt\" is a plain path: no sha256 is recorded to compare it with")} with input as plain
	inputs.warn == set() with input as sample.changed({
		"/checks/outputs": "recorded",
		"/manifest/outputs": [object.union(output, {"sha256": sample.other})],
	})
}

test_zt_11_1_outputs_that_nothing_bears_out_are_found if {
	unproved := {
		"msg": "nothing proves that a hash of each output is recorded",
		"file": "assets/sources/model.bin.manifest.json",
	}
	every facts in [
		sample.without(sample.artifact, "/checks/outputs"),
		sample.changed({"/checks/outputs": "absent"}),
		sample.changed({"/checks/outputs": "unrecorded"}),
	] {
		sample.unhinted(inputs.deny) == {unproved} with input as facts
	}
}

test_manifest_provenance_reports_missing_outputs if {
	inputs.deny == set() with input as sample.without(
		sample.changed({"/checks/outputs": "absent"}),
		"/manifest/outputs",
	)
}

_finding(message) := {
	"msg": message,
	"file": "assets/sources/model.bin.manifest.json",
	"pointer": "/inputs/0",
}

test_zt_11_1_every_other_input_is_found if {
	messages := {
		"missing": "input \"assets/sources/labels.csv\" is missing, want a file with sha256 2c26b46b68ff…",
		"differs": "input \"assets/sources/labels.csv\" differs from the recorded sha256 2c26b46b68ff…",
		"unsafe": "input \"assets/sources/labels.csv\" is not a path inside the repository",
	}
	every state, message in messages {
		sample.unhinted(inputs.deny) == {_finding(message)} with input as sample.changed({
			"/checks/inputs": state,
			"/manifest/inputs/0/state": state,
		})
	}
}

test_zt_11_1_missing_facts_are_found if {
	unproved := {
		"msg": "nothing proves that its inputs are what the manifest records",
		"file": "assets/sources/model.bin.manifest.json",
	}
	sample.unhinted(inputs.deny) == {unproved} with input as sample.without(sample.artifact, "/checks/inputs")
	outputs := object.union(unproved, {"msg": "nothing proves that a hash of each output is recorded"})
	sample.unhinted(inputs.deny) == {unproved, outputs} with input as sample.without(sample.artifact, "/checks")
	sample.unhinted(inputs.deny) == {{
		"msg": "nothing proves that its inputs are what the manifest records",
		"file": "assets/sources/model.bin.manifest.json",
	}} with input as sample.changed({"/checks/inputs": "absent"})
	sample.unhinted(inputs.deny) == {_finding("nothing proves that input \"assets/sources/labels.csv\" is what the manifest records")} with input as sample.without(
		sample.artifact,
		"/manifest/inputs/0/state",
	)
	sample.unhinted(inputs.deny) == {{
		"msg": "nothing proves that input \"\" is what the manifest records",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "",
	}} with input as sample.changed({"/manifest/inputs": [{}]})
}

test_manifest_provenance_reports_a_missing_list if {
	inputs.deny == set() with input as sample.without(
		sample.changed({"/checks/inputs": "absent"}),
		"/manifest/inputs",
	)
}

test_others_report_missing_content if {
	every facts in sample.silent {
		inputs.deny == set() with input as facts
	}
}

test_others_report_a_manifest_that_cannot_be_read if {
	every facts in sample.unread("manifest") {
		inputs.deny == set() with input as facts
	}
}

test_zt_11_1_a_comparison_that_nothing_bears_out_is_found if {
	unproved := {
		"msg": "nothing proves that its inputs are what the manifest records",
		"file": "assets/sources/model.bin.manifest.json",
	}
	every state in {"differs", "missing", "unsafe", "unrecorded"} {
		sample.unhinted(inputs.deny) == {unproved} with input as sample.changed({"/checks/inputs": state})
	}
	missing := _finding("input \"assets/sources/labels.csv\" is missing, want a file with sha256 2c26b46b68ff…")
	sample.unhinted(inputs.deny) == {unproved, missing} with input as sample.without(
		sample.changed({"/manifest/inputs/0/state": "missing"}),
		"/checks/inputs",
	)
	sample.unhinted(inputs.deny) == {unproved} with input as sample.without(
		sample.without(sample.artifact, "/manifest/inputs"),
		"/checks/inputs",
	)
}

test_layout_irregular_reports_what_is_no_file if {
	every kind in sample.irregular {
		inputs.deny == set() with input as sample.changed({
			"/artifact/kind": kind,
			"/checks/inputs": "missing",
			"/manifest/inputs/0/state": "missing",
		})
	}
}

test_zt_11_1_what_is_stale_downstream_is_found if {
	every change in {"added", "modified"} {
		sample.unhinted(inputs.deny) == {_finding("is stale: it was made from \"assets/sources/labels.csv\", which changed while it did not")} with input as sample.changed({
			"/artifact/change": "unchanged",
			"/base/content": "same",
			"/checks/inputs": "differs",
			"/manifest/inputs/0/state": "differs",
			"/manifest/inputs/0/change": change,
		})
	}
	sample.unhinted(inputs.deny) == {_finding("is stale: it was made from \"assets/sources/labels.csv\", which is removed")} with input as sample.changed({
		"/artifact/change": "unchanged",
		"/base/content": "same",
		"/checks/inputs": "missing",
		"/manifest/inputs/0/state": "missing",
		"/manifest/inputs/0/change": "removed",
	})
}

test_zt_11_1_what_is_stale_without_a_hash_is_found if {
	changes := {
		"/artifact/change": "unchanged",
		"/base/content": "same",
		"/base/manifest": "same",
		"/checks/inputs": "unrecorded",
		"/manifest/inputs/0/state": "unrecorded",
		"/manifest/inputs/0/change": "modified",
	}
	stale := sample.without(sample.changed(changes), "/manifest/inputs/0/sha256")
	sample.unhinted(inputs.deny) == {_finding("is stale: it was made from \"assets/sources/labels.csv\", which changed while it did not")} with input as stale
	inputs.warn == set() with input as stale
	every other in {
		{"/base/content": "differs"},
		{"/base/manifest": "differs"},
		{"/manifest/inputs/0/change": "added"},
		{"/manifest/inputs/0/change": "unchanged"},
	} {
		current := sample.without(sample.changed(object.union(changes, other)), "/manifest/inputs/0/sha256")
		inputs.deny == set() with input as current
		count(inputs.warn) == 1 with input as current
	}
}

test_zt_11_1_what_the_entry_says_of_inputs_is_held_to_the_manifest if {
	says := {"/ledger/entry/inputs": "some", "/checks/entry_inputs": "match"}
	inputs.deny == set() with input as sample.changed(says)
	wrong := {{
		"msg": "its ledger entry and its manifest differ on whether it has inputs",
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/0/inputs",
	}}
	differs := object.union(says, {"/checks/entry_inputs": "differs"})
	sample.unhinted(inputs.deny) == wrong with input as sample.changed(differs)
	sample.unhinted(inputs.deny) == wrong with input as sample.changed({"/ledger/entry/inputs": "none"})
	inputs.deny == set() with input as sample.changed(object.union(differs, {"/artifact/kind": "absent"}))
	unread := sample.without(
		sample.changed({"/ledger/entry/inputs": "none", "/manifest/state": "invalid", "/checks/inputs": "absent"}),
		"/manifest/inputs",
	)
	inputs.deny == set() with input as unread
}

test_each_finding_has_its_own_next_step if {
	facts := sample.changed({
		"/manifest/inputs": [{"path": "../x", "state": "unsafe", "pointer": "/inputs/0"}],
		"/checks/inputs": "unsafe",
	})
	every fix in sample.fixes(inputs.deny) {
		startswith(fix, "write its path relative to the repository")
	} with input as facts
	count(sample.fixes(inputs.deny)) == 1 with input as facts
	plain := sample.changed({
		"/manifest/inputs": [{"path": "x", "state": "unrecorded", "pointer": "/inputs/0"}],
		"/manifest/outputs": [{"path": "y", "pointer": "/outputs/0"}],
		"/checks/inputs": "unrecorded",
		"/checks/outputs": "unrecorded",
	})
	sample.fixes(inputs.warn) == {"record its hash: codexlock attest {artifact}"} with input as plain
}
