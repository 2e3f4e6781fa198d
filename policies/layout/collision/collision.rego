# METADATA
# scope: package
# title: No two paths collide
# description: "No two paths of the tree and the ledger, and no two folders above an artifact, differ only in case, in Unicode normalisation or in characters that some systems ignore. On such a system they are one file or folder, and which of the two is undefined."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-6.1
#   severity: deny
#   problem: Two paths collide
#   fix: rename one of the two
#   subject: repository
#   excepted: never
package codexlock.layout.collision

deny contains {"msg": message, "file": path} if {
	some collision in input.repository.collisions
	path := object.get(collision, "path", "Codex-Lock.json")
	message := sprintf("collides with %q (%s): on some systems they are one file", [object.get(collision, "other", ""), _difference(collision)])
}

deny contains {"msg": message, "file": "Codex-Lock.json"} if {
	more := input.repository.more_collisions
	more != 0
	message := sprintf("%v more paths collide on some systems", [more])
}

deny contains {"msg": "nothing proves that no two paths collide"} if not _measured

_measured if is_array(input.repository.collisions)

_difference(collision) := "only the case differs" if {
	collision.kind == "case"
} else := "only the Unicode normalisation differs" if {
	collision.kind == "unicode"
} else := "only characters that some systems ignore differ" if {
	collision.kind == "ignored"
} else := "no system-independent difference"
