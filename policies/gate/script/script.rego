# METADATA
# scope: package
# title: The repository has the standard's verification script
# description: ingest_archive.test.sh in the repository's root verifies every artifact. It is executable, and is either the file that codexlock init writes or an attested artifact. If it is missing, that is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-12
#   severity: deny
#   problem: Verification script is missing or changed
#   fix: "restore what codexlock init writes, or attest one of your own: codexlock attest {file}"
#   subject: repository
#   excepted: never
package codexlock.gate.script

warn contains {
	"msg": "is missing: want the script that verifies the whole repository",
	"file": _file,
	"fix": "write it: codexlock init",
} if {
	input.repository.script.state == "absent"
}

deny contains {"msg": message, "file": _file, "fix": fix} if {
	not input.repository.script.state == "absent"
	not input.repository.script.state == "irregular"
	not input.repository.script.mode == "100755"
	message := sprintf("has mode %s, want 100755, because it is executed", [object.get(input, ["repository", "script", "mode"], "not measured")])
	fix := "make it executable: chmod +x {file}; in Git: git update-index --chmod=+x {file}"
}

deny contains {"msg": message, "file": _file} if {
	not input.repository.script.state == "absent"
	some message in _faults
}

_faults contains "is not a regular file" if input.repository.script.state == "irregular"

_faults contains "is neither what codexlock init writes nor attested: it proves nothing" if {
	not input.repository.script.state == "irregular"
	not _proved
}

_proved if input.repository.script.origin in {"init", "attested"}

_file := object.get(input, ["repository", "script", "path"], "ingest_archive.test.sh")
