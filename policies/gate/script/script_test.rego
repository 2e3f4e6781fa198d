package codexlock.gate.script_test

import data.codexlock.gate.script
import data.codexlock.lib.sample

test_zt_12_passes if {
	every origin in {"init", "attested"} {
		script.deny == set() with input as sample.whole({"/repository/script/origin": origin})
		script.warn == set() with input as sample.whole({"/repository/script/origin": origin})
	}
}

_finding(message) := {"msg": message, "file": "ingest_archive.test.sh"}

test_zt_12_a_missing_script_is_found if {
	absent := sample.whole({"/repository/script": {"path": "ingest_archive.test.sh", "state": "absent", "origin": "absent"}})
	script.deny == set() with input as absent
	sample.unhinted(script.warn) == {_finding("is missing: want the script that verifies the whole repository")} with input as absent
}

test_zt_12_every_other_script_is_found if {
	every case in [
		[{"/repository/script/mode": "100644"}, "has mode 100644, want 100755, because it is executed"],
		[{"/repository/script/origin": "other"}, "is neither what codexlock init writes nor attested: it proves nothing"],
		[{"/repository/script/state": "irregular", "/repository/script/origin": "other"}, "is not a regular file"],
	] {
		sample.unhinted(script.deny) == {_finding(case[1])} with input as sample.whole(case[0])
	}
}

test_zt_12_missing_facts_are_found if {
	unread := _finding("has mode not measured, want 100755, because it is executed")
	unproved := _finding("is neither what codexlock init writes nor attested: it proves nothing")
	every pointer in {"/repository", "/repository/script"} {
		sample.unhinted(script.deny) == {unread, unproved} with input as sample.without(sample.repository, pointer)
	}
	sample.unhinted(script.deny) == {unread} with input as sample.without(sample.repository, "/repository/script/mode")
	sample.unhinted(script.deny) == {unproved} with input as sample.without(sample.repository, "/repository/script/origin")
}

test_each_finding_has_its_own_next_step if {
	sample.fixes(script.warn) == {"write it: codexlock init"} with input as sample.whole({"/repository/script/state": "absent"})
	sample.fixes(script.deny) == {"make it executable: chmod +x {file}; in Git: git update-index --chmod=+x {file}"} with input as sample.whole({"/repository/script/mode": "100644"})
	sample.fixes(script.deny) == set() with input as sample.whole({"/repository/script/origin": "other"})
}
