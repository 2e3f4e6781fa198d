# METADATA
# scope: package
# title: The ledger lists only files inside the repository
# description: "Every path in Codex-Lock.json means the same file on every system: relative, without \"..\", not inside .git, in Unicode normalization form C."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.1
#   severity: deny
#   problem: Ledger path leaves the repository
#   fix: write the path relative to the repository's root with forward slashes, or remove the entry
#   subject: repository
package codexlock.lock.unsafe_path

deny contains {"msg": message, "file": _file, "pointer": object.get(entry, "pointer", "")} if {
	some entry in input.repository.unsafe_paths
	message := sprintf("path %q %s", [
		object.get(entry, "path", ""),
		object.get(entry, "reason", "names no file inside the repository"),
	])
}

deny contains {"msg": "nothing proves that its paths are inside the repository", "file": _file} if not _measured

_measured if is_array(input.repository.unsafe_paths)

_file := object.get(input, ["repository", "ledger", "path"], "Codex-Lock.json")
