# METADATA
# scope: package
# title: The gate itself is changed
# description: "The change edits configuration (its exceptions too), baseline, policies, schemas or the workflow that Codexlock is made of. The base commit's gate judged this change: the edit takes effect once it is merged, so a person has to agree to it. An edit that leaves a gate which cannot be loaded is denied: once merged, no change would pass, the one that reverts it included."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P1
#   severity: deny
#   fix: have the owner of the gate review this edit; it judges nothing before it is merged
#   subject: repository
#   excepted: never
package codexlock.gate.self_change

warn contains {"msg": message, "file": path} if {
	input.repository.trusted_base in {"commit", "ancestor"}
	some change in input.repository.gate_changes
	path := object.get(change, "path", "Codex-Lock.json")
	message := sprintf("%s of the gate is %s: the base commit's gate judged this change, the edit takes effect once merged", [
		object.get(change, "kind", "a part"),
		object.get(change, "change", "changed"),
	])
}

warn contains {"msg": message, "file": _config} if {
	input.repository.trusted_base == "head"
	message := "first push: this commit was checked with its own configuration, for there is no earlier one to take it from"
}

warn contains {"msg": "nothing proves that the change leaves the gate itself alone"} if not _measured

deny contains {"msg": message, "file": path, "line": line, "column": column} if {
	some problem in input.repository.gate_problems
	path := object.get(problem, "path", "codexlock.yaml")
	line := object.get(problem, "line", 1)
	column := object.get(problem, "column", 1)
	message := sprintf("the edited gate cannot be used, and once merged no change would pass: %s", [
		object.get(problem, "message", "it cannot be loaded"),
	])
}

deny contains {"msg": "nothing proves that the edited gate can be used once it is merged"} if not _usable

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
