# METADATA
# scope: package
# title: Artifacts and companions are added and removed together
# description: Every companion has its artifact. An artifact is removed or renamed together with its manifest, record, test and ledger entry.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   problem: Artifact and companions are separated
#   fix: "move or remove the companions together with their artifact: git mv, or git rm"
#   cause: layout.companions
#   excepted: never
package codexlock.layout.companions

import data.codexlock.lib.fact

# A companion without an artifact at its path.
deny contains {"msg": message, "file": fact.text(["artifact", "path"])} if {
	owner := input.artifact.companion_of
	message := sprintf("is named like a companion of %q, which does not exist", [owner])
}

# Companions of a removed artifact. While the ledger lists it, lock.orphan
# reports it.
deny contains {"msg": message, "file": fact.file(companion)} if {
	_left
	some [companion, noun] in _companions
	not _gone(companion)
	message := _leftover(noun)
}

# An artifact that was renamed without its companions.
deny contains {"msg": message, "file": fact.text(["artifact", "path"])} if {
	from := input.artifact.renamed_from
	missing := [noun | some [companion, noun] in _companions; _gone(companion)]
	count(missing) > 0
	message := sprintf("was renamed from %q without its companions: missing %s", [from, concat(", no ", missing)])
}

_left if {
	not _there
	not _listed
}

_listed if input.ledger.listed in {"once", "often"}

_there if input.artifact.kind in {"file", "symlink", "submodule", "directory", "special", "oversized", "pointer", "misnamed", "misplaced"}

_gone(companion) if input[companion].state == "absent"

# The name in input, and the name in messages.
_companions := [["manifest", "manifest"], ["vaulttime", "VaultTime record"], ["test", "test"]]

_leftover(noun) := sprintf("orphaned %s: its artifact was renamed to %q without it", [noun, to]) if {
	to := input.artifact.renamed_to
} else := sprintf("orphaned %s: its artifact no longer exists", [noun])
