package codexlock.use.unverified_build_test

import data.codexlock.lib.sample
import data.codexlock.use.unverified_build

test_zt_9_3_passes if {
	unverified_build.warn == set() with input as sample.repository
	every change in {{"verified": "at_use"}, {"verified": "earlier"}} {
		unverified_build.warn == set() with input as sample.used([object.union({"site": "docker"}, change)])
	}
}

test_zt_9_3_every_site_is_found if {
	every case in [
		["docker", "build", "stage"],
		["make", "deploy", "target"],
		["compose", "web", "service"],
		["pre-commit", "lint", "hook"],
	] {
		facts := sample.used([{"site": case[0], "job": case[1], "job_change": "modified"}])
		message := sprintf("1 use in %s %q is not verified: line 21 executes scripts/deploy.sh", [case[2], case[1]])
		{finding.msg | some finding in unverified_build.warn} == {message} with input as facts
	}
}

test_others_report_other_uses if {
	every change in {{}, {"site": "docker", "kind": "copy"}, {"site": "docker", "before": "at_use"}} {
		unverified_build.warn == set() with input as sample.used([change])
	}
}

test_zt_9_3_missing_facts_are_found if {
	unproved := {{"msg": "nothing proves that builds verify the artifacts that they execute"}}
	every pointer in {"/repository", "/repository/use_checks", "/repository/use_checks/uses"} {
		unverified_build.warn == unproved with input as sample.without(sample.repository, pointer)
	}
	unverified_build.warn == unproved with input as sample.without(sample.used([{}]), "/repository/uses")
}
