# METADATA
# scope: package
# title: What a workflow executes is verified first
# description: "A workflow or a composite action that executes or sources an artifact verifies it: with codexlock run, or in an earlier step of the same job, after which nothing changes files. A use that is not verified is denied if the change adds it or edits its job, and a warning if it was there before. Where a change is judged, only the files that it edits are looked at. A use of a file that may be another one is a warning."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-7.1
#   severity: deny
#   problem: Workflow executes an unverified artifact
#   fix: "verify it where it is used: codexlock run -- PATH; or before it: codexlock verify PATH"
#   subject: repository
package codexlock.use.unverified

import data.codexlock.lib.uses

deny contains finding if {
	some jobs in _denied
	some found in jobs
	finding := uses.finding(found, "not", _reason(found))
}

deny contains {"msg": "nothing proves that workflows verify the artifacts that they execute"} if not uses.measured

warn contains finding if {
	some jobs in _warned
	some groups in jobs
	some found in groups
	finding := uses.finding(found, "not", "")
}

_denied[file][job] contains use if {
	some use in _judged
	_new(use)
	file := uses.file(use)
	job := uses.job(use)
}

# Uses that are certain have a finding of their own, so that it is the same finding, for a
# baseline, when a change edits the job and it becomes a denial.
_warned[file][job][certainty] contains use if {
	some use in _judged
	not _new(use)
	file := uses.file(use)
	job := uses.job(use)
	certainty := uses.certainty(use)
}

# use.unverified_build and use.unverified_data report the others.
_judged contains use if {
	not uses.all_verified
	some use in input.repository.uses
	uses.unverified(use)
	not uses.build_use(use)
	not uses.data_use(use)
}

# The change has to verify what it adds and what it edits.
_new(use) if {
	not use.job_change == "unchanged"
	not uses.uncertain(use)
}

_new(use) if {
	not uses.existing(use)
	not uses.file(use) in uses.unchanged
	not uses.uncertain(use)
}

_reason(found) := "; this change adds the job" if {
	every use in found {
		use.job_change == "added"
	}
} else := "; this change edits the job" if {
	some use in found
	not use.job_change == "unchanged"
} else := "; this change adds the use"
