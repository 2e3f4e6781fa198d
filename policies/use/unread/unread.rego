# METADATA
# scope: package
# title: A file that uses artifacts can be parsed
# description: "A workflow, or another file in which uses are looked for, is parsed to its end if it contains the path of an artifact. In a file that cannot be parsed nobody knows whether the artifact is verified before it is used."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-7.1
#   severity: warn
#   problem: File with uses cannot be parsed
#   fix: "correct the file, or write the commands in a form that can be parsed"
#   subject: repository
package codexlock.use.unread

warn contains {"msg": message, "file": path, "line": line} if {
	not _read
	some file in input.repository.use_files
	not file.state == "parsed"
	not file.hides == "yes" # use.weakened denies it
	not _elsewhere(file)
	not file.names == "no"
	path := object.get(file, "path", "codexlock.yaml")
	line := object.get(file, "line", 1)
	message := sprintf("names an artifact and cannot be parsed, so that its uses are not known: %s", [object.get(file, "problem", "no reason was measured")])
}

warn contains {"msg": "nothing proves that the files that use artifacts can be parsed"} if not _measured

_read if input.repository.use_checks.files == "parsed"

# Where a change is judged, it answers for the files that it edits.
_elsewhere(file) if {
	input.repository.scope == "changed"
	file.change == "unchanged"
}

_measured if _read

_measured if {
	input.repository.use_checks.files == "unread"
	count(input.repository.use_files) > 0
}
