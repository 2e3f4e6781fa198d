# METADATA
# scope: package
# title: The gate itself is unchanged
# description: "The change does not edit the gate: configuration (exceptions included), baseline, policies, schemas, workflow. An edit is a warning: it was checked with the base commit's rules and takes effect once merged, so a person has to review it. An edit after which the gate cannot be loaded is denied, because once merged no change would pass, not even the one that reverts it."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P1
#   severity: deny
#   problem: Change edits the gate
#   fix: ask the gate's owner to review this edit; it takes effect only after the merge
#   cause: gate.self_change
#   subject: repository
#   excepted: never
package codexlock.gate.self_change

warn contains {"msg": message, "file": path} if {
	input.repository.trusted_base in {"commit", "ancestor"}
	some change in input.repository.gate_changes
	path := object.get(change, "path", "Codex-Lock.json")
	message := sprintf("this change edits the gate (%s %s): it was checked with the base commit's rules, and the edit takes effect once merged", [
		object.get(change, "kind", "a part"),
		object.get(change, "change", "changed"),
	])
}

warn contains {"msg": message, "file": _config} if {
	input.repository.trusted_base == "head"
	message := "first push: this commit was checked with its own configuration, because no earlier commit has one"
}

warn contains {"msg": "nothing proves that the change does not edit the gate"} if not _measured

deny contains {"msg": message, "file": path, "line": line, "column": column, "fix": "correct it, so that the gate can be loaded after the merge: codexlock policy check"} if {
	some problem in input.repository.gate_problems
	path := object.get(problem, "path", "codexlock.yaml")
	line := object.get(problem, "line", 1)
	column := object.get(problem, "column", 1)
	message := sprintf("the edited gate cannot be loaded, and once merged no change would pass: %s", [
		object.get(problem, "message", "it cannot be loaded"),
	])
}

deny contains {"msg": "nothing proves that the edited gate can be loaded once it is merged"} if not _usable

_usable if {
	input.repository.edited_gate in {"unedited", "usable"}
	is_array(input.repository.gate_problems)
}

_usable if {
	input.repository.edited_gate == "unusable"
	count(input.repository.gate_problems) > 0
}

_measured if {
	is_array(input.repository.gate_changes)
	input.repository.trusted_base in {"commit", "head", "ancestor"}
}

_config := object.get(input, ["repository", "config"], "Codex-Lock.json")
