# METADATA
# scope: package
# title: Data is verified before it is used
# description: "A workflow, an action or a build that copies an artifact or has a program read it verifies it first: with codexlock copy or open, or in an earlier step of the same job, after which nothing changes files."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-2.4
#   severity: warn
#   problem: Artifact is read without verification
#   fix: "read what was verified: codexlock open PATH, or codexlock copy PATH DEST"
#   subject: repository
#   optional: true
package codexlock.use.unverified_data

import data.codexlock.lib.uses

warn contains finding if {
	some jobs in _jobs
	some found in jobs
	finding := uses.finding(found, "not", "")
}

warn contains {"msg": "nothing proves that data is verified before it is used"} if not uses.measured

_jobs[file][job] contains use if {
	not uses.all_verified
	some use in input.repository.uses
	uses.unverified(use)
	uses.data_use(use)
	file := uses.file(use)
	job := uses.job(use)
}
