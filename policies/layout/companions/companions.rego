# METADATA
# scope: package
# title: Artifacts and companions come and go together
# description: Tree, ledger, manifest, record and test are one set. A companion whose artifact is not there is left over; an artifact that is removed or renamed takes its companions along.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.1
#   severity: deny
#   fix: "move or remove the companions together with their artifact: git mv, or git rm"
#   excepted: never
package codexlock.layout.companions

import data.codexlock.lib.fact

# A companion that stands where no artifact is.
deny contains {"msg": message, "file": fact.text(["artifact", "path"])} if {
	owner := input.artifact.companion_of
	message := sprintf("is by its name a companion of %q, and no such artifact is there", [owner])
}

# What is left of an artifact that is gone. While the ledger lists it, lock.orphan
# reports it.
deny contains {"msg": message, "file": fact.file(companion)} if {
	_left
	some [companion, noun] in _companions
	not _gone(companion)
	message := _leftover(noun)
}

# What was renamed and came alone.
deny contains {"msg": message, "file": fact.text(["artifact", "path"])} if {
	from := input.artifact.renamed_from
	missing := [noun | some [companion, noun] in _companions; _gone(companion)]
	count(missing) > 0
	message := sprintf("was renamed from %q without its companions: it has no %s", [from, concat(", no ", missing)])
}

_left if {
	not _there
	not _listed
}

_listed if input.ledger.listed in {"once", "often"}

_there if input.artifact.kind in {"file", "symlink", "submodule", "directory", "special", "oversized", "pointer", "misnamed", "misplaced"}

_gone(companion) if input[companion].state == "absent"

# Each as input names it and as a reader does.
_companions := [["manifest", "manifest"], ["vaulttime", "VaultTime record"], ["test", "test"]]

_leftover(noun) := sprintf("its artifact was renamed to %q without its companions: this %s is still here", [to, noun]) if {
	to := input.artifact.renamed_to
} else := sprintf("its artifact is gone: this %s is left over", [noun])
