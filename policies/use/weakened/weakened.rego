# METADATA
# scope: package
# title: A use that was verified stays verified
# description: "A change neither removes nor weakens the verification of a use that the base commit verifies: it does not make the verification conditional, ignore its failure, move it behind the use or to another job, give it other rules or keys, or change files after it. It leaves the file in a form that can be parsed."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P5
#   severity: deny
#   problem: Verification of a use was removed
#   fix: "find out who changed it: git log -p -- {file}; then restore the verification that the base commit has"
#   subject: repository
package codexlock.use.weakened

import data.codexlock.lib.uses

# No baseline covers these findings: they have no statement.
deny contains finding if {
	some jobs in _jobs
	some found in jobs
	finding := object.remove(uses.finding(found, "no longer", "; in the base commit it is"), ["fix", "statement"])
}

deny contains {"msg": message, "file": path, "line": line} if {
	not _kept
	some file in input.repository.use_files
	not file.hides == "no"
	path := object.get(file, "path", "codexlock.yaml")
	line := object.get(file, "line", 1)
	message := sprintf("cannot be parsed any more, and the base commit verifies a use in it: %s", [object.get(file, "problem", "no reason was measured")])
}

deny contains {"msg": "nothing proves that every use that was verified still is"} if not _measured

_jobs[file][job] contains use if {
	not _kept
	some use in input.repository.uses
	uses.weakened(use)
	file := uses.file(use)
	job := uses.job(use)
}

_kept if input.repository.use_checks.weakened == "no"

_measured if _kept

_measured if {
	input.repository.use_checks.weakened == "yes"
	some use in input.repository.uses
	uses.lost(use)
}

_measured if {
	input.repository.use_checks.weakened == "yes"
	some file in input.repository.use_files
	not file.hides == "no"
}
