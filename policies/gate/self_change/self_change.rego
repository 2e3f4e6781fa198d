# METADATA
# scope: package
# title: The gate itself is changed
# description: "The change edits configuration (its exceptions too), baseline, policies, schemas or the workflow that Codexlock is made of. The base commit's gate judged this change: the edit takes effect once it is merged, so a person has to agree to it."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P1
#   severity: warn
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

_measured if {
	is_array(input.repository.gate_changes)
	input.repository.trusted_base in {"commit", "head", "ancestor"}
}

_config := object.get(input, ["repository", "config"], "Codex-Lock.json")
