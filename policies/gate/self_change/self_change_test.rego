package codexlock.gate.self_change_test

import data.codexlock.gate.self_change
import data.codexlock.lib.sample

test_p1_passes if {
	self_change.warn == set() with input as sample.repository
	self_change.deny == set() with input as sample.repository
	self_change.deny == set() with input as sample.whole({"/repository/edited_gate": "usable"})
}

test_p1_an_edit_that_cannot_be_loaded_is_denied if {
	sample.unhinted(self_change.deny) == {{
		"msg": "the edited gate cannot be loaded, and once merged no change would pass: version is 2, want 1",
		"file": "codexlock.yaml",
		"line": 1,
		"column": 10,
	}} with input as sample.whole({
		"/repository/edited_gate": "unusable",
		"/repository/gate_problems": [{"path": "codexlock.yaml", "line": 1, "column": 10, "message": "version is 2, want 1"}],
	})
	sample.unhinted(self_change.deny) == {{
		"msg": "the edited gate cannot be loaded, and once merged no change would pass: it cannot be loaded",
		"file": "codexlock.yaml",
		"line": 1,
		"column": 1,
	}} with input as sample.whole({"/repository/edited_gate": "unusable", "/repository/gate_problems": [{}]})
}

test_p1_an_edit_that_nobody_loaded_is_denied if {
	every state in {"unusable", "unchecked"} {
		sample.unhinted(self_change.deny) == {_unproved} with input as sample.whole({"/repository/edited_gate": state})
	}
	every pointer in {"/repository", "/repository/edited_gate"} {
		sample.unhinted(self_change.deny) == {_unproved} with input as sample.without(sample.repository, pointer)
	}
}

_unproved := {"msg": "nothing proves that the edited gate can be loaded once it is merged"}

test_p1_every_edit_of_the_gate_is_found if {
	sample.unhinted(self_change.warn) == {
		{
			"msg": "this change edits the gate (config modified): it was checked with the base commit's rules, and the edit takes effect once merged",
			"file": "codexlock.yaml",
		},
		{
			"msg": "this change edits the gate (policy removed): it was checked with the base commit's rules, and the edit takes effect once merged",
			"file": "policies/names/names.rego",
		},
	} with input as sample.whole({"/repository/gate_changes": [
		{"path": "codexlock.yaml", "kind": "config", "change": "modified"},
		{"path": "policies/names/names.rego", "kind": "policy", "change": "removed"},
	]})
}

test_p1_an_edit_judged_by_an_ancestor_is_found if {
	sample.unhinted(self_change.warn) == {{
		"msg": "this change edits the gate (config modified): it was checked with the base commit's rules, and the edit takes effect once merged",
		"file": "codexlock.yaml",
	}} with input as sample.whole({
		"/repository/trusted_base": "ancestor",
		"/repository/gate_changes": [{"path": "codexlock.yaml", "kind": "config", "change": "modified"}],
	})
}

test_p1_a_first_push_is_found_once if {
	sample.unhinted(self_change.warn) == {{
		"msg": "first push: this commit was checked with its own configuration, because no earlier commit has one",
		"file": "codexlock.yaml",
	}} with input as sample.whole({
		"/repository/trusted_base": "head",
		"/repository/gate_changes": [{"path": "codexlock.yaml", "kind": "config", "change": "added"}],
	})
}

test_p1_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/gate_changes", "/repository/trusted_base"} {
		sample.unhinted(self_change.warn) == {{"msg": "nothing proves that the change does not edit the gate"}} with input as sample.without(
			sample.repository,
			pointer,
		)
	}
	sample.unhinted(self_change.warn) == {{
		"msg": "this change edits the gate (a part changed): it was checked with the base commit's rules, and the edit takes effect once merged",
		"file": "Codex-Lock.json",
	}} with input as sample.whole({"/repository/gate_changes": [{}]})
}

test_a_gate_that_cannot_be_loaded_is_corrected if {
	facts := sample.whole({
		"/repository/edited_gate": "unusable",
		"/repository/gate_problems": [{"path": "codexlock.yaml", "message": "unknown key", "line": 3, "column": 1}],
	})
	sample.fixes(self_change.deny) == {"correct it, so that the gate can be loaded after the merge: codexlock policy check"} with input as facts
}
