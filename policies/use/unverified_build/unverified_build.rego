# METADATA
# scope: package
# title: What a build executes is verified first
# description: "A Dockerfile, a Makefile, a Compose file or a pre-commit configuration that executes an artifact verifies it first. Which of these files are read is use.sites in the configuration."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.3
#   severity: warn
#   problem: Build executes an unverified artifact
#   fix: "verify it where it is used: codexlock run -- PATH"
#   subject: repository
#   optional: true
package codexlock.use.unverified_build

import data.codexlock.lib.uses

warn contains finding if {
	some jobs in _jobs
	some found in jobs
	finding := uses.finding(found, "not", "")
}

warn contains {"msg": "nothing proves that builds verify the artifacts that they execute"} if not uses.measured

_jobs[file][job] contains use if {
	not uses.all_verified
	some use in input.repository.uses
	uses.unverified(use)
	uses.build_use(use)
	not uses.data_use(use)
	file := uses.file(use)
	job := uses.job(use)
}
