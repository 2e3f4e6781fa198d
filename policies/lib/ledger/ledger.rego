# METADATA
# scope: package
# title: The ledger
# description: What Codex-Lock.json records about one artifact, and positions in it.
# schemas:
#   - input: schema.facts
package codexlock.lib.ledger

# no_entry states that the ledger has no entry for the artifact, which another rule
# reports: lock.missing, lock.schema or lock.entry_missing.
no_entry if input.ledger.state in {"absent", "invalid", "irregular"}

no_entry if {
	input.ledger.state == "valid"
	input.ledger.listed == "never"
}

# file is the path of the ledger.
file := object.get(input, ["ledger", "path"], "Codex-Lock.json")

# in_entry points at a field of the artifact's entry, or at the whole ledger if it has
# no entry.
in_entry(field) := concat("/", [input.ledger.entry.pointer, field]) if {
	input.ledger.entry.pointer
} else := ""
