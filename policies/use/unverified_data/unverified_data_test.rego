package codexlock.use.unverified_data_test

import data.codexlock.lib.sample
import data.codexlock.use.unverified_data

_guide := "https://github.com/codexlock/codexlock/blob/main/docs/guides/use.md#which-uses-are-not-verified"

test_zt_2_4_passes if {
	unverified_data.warn == set() with input as sample.repository
	every change in {{"verified": "at_use"}, {"verified": "earlier"}} {
		unverified_data.warn == set() with input as sample.used([object.union({"kind": "load"}, change)])
	}
}

test_zt_2_4_every_kind_is_found if {
	every case in [
		["copy", "copies", "copy what was verified: codexlock copy scripts/deploy.sh DEST (%s)"],
		["load", "loads", "read what was verified: codexlock open scripts/deploy.sh (%s)"],
	] {
		facts := sample.used([{"kind": case[0], "job_change": "added"}])
		message := sprintf("1 use in job \"deploy\" is not verified: line 21 %s scripts/deploy.sh", [case[1]])
		{finding.msg | some finding in unverified_data.warn} == {message} with input as facts
		sample.fixes(unverified_data.warn) == {sprintf(case[2], [_guide])} with input as facts
	}
}

test_others_report_other_uses if {
	every change in {{}, {"kind": "source"}, {"kind": "copy", "before": "at_use"}} {
		unverified_data.warn == set() with input as sample.used([change])
	}
}

test_zt_2_4_missing_facts_are_found if {
	unproved := {{"msg": "nothing proves that data is verified before it is used"}}
	every pointer in {"/repository", "/repository/use_checks", "/repository/use_checks/uses"} {
		unverified_data.warn == unproved with input as sample.without(sample.repository, pointer)
	}
	unverified_data.warn == unproved with input as sample.without(sample.used([{}]), "/repository/uses")
}
