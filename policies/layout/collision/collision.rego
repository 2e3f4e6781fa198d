# METADATA
# scope: package
# title: No two names are one file
# description: "No two paths of the tree and the ledger differ only in case or in how their characters are composed: on some systems they are one file, and which of the two nobody can say."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-6.1
#   severity: deny
#   fix: rename one of the two
#   subject: repository
#   excepted: never
package codexlock.layout.collision

deny contains {"msg": message, "file": path} if {
	some collision in input.repository.collisions
	path := object.get(collision, "path", "Codex-Lock.json")
	message := sprintf("and %q %s: on some systems they are one file", [object.get(collision, "other", ""), _difference(collision)])
}

deny contains {"msg": "nothing proves that every name is one file"} if not _measured

_measured if is_array(input.repository.collisions)

_difference(collision) := "differ in case only" if {
	collision.kind == "case"
} else := "differ only in how their characters are composed" if {
	collision.kind == "unicode"
} else := "differ in nothing that every system tells apart"
