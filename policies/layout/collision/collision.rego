# METADATA
# scope: package
# title: No two names are one file
# description: "No two paths of the tree and the ledger, and no two folders above an artifact, differ only in case, in how their characters are composed or in what some systems ignore: on such a system they are one file or folder, and nobody can say which of the two."
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

deny contains {"msg": message, "file": "Codex-Lock.json"} if {
	more := input.repository.more_collisions
	more != 0
	message := sprintf("there are %v more names that some systems take for one file", [more])
}

deny contains {"msg": "nothing proves that every name is one file"} if not _measured

_measured if is_array(input.repository.collisions)

_difference(collision) := "differ in case only" if {
	collision.kind == "case"
} else := "differ only in how their characters are composed" if {
	collision.kind == "unicode"
} else := "differ only in characters that some systems ignore" if {
	collision.kind == "ignored"
} else := "differ in nothing that every system tells apart"
