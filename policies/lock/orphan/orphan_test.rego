package codexlock.lock.orphan_test

import data.codexlock.lib.sample
import data.codexlock.lock.orphan

test_zt_3_3_passes if {
	orphan.deny == set() with input as sample.artifact
	orphan.deny == set() with input as sample.removed
}

test_zt_3_3_an_entry_without_a_file_is_found if {
	orphan.deny == {{
		"msg": "is listed in Codex-Lock.json, but the file does not exist",
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/0",
	}} with input as sample.orphan
}

test_zt_3_3_missing_facts_are_found if {
	every pointer in {"/artifact", "/artifact/kind"} {
		orphan.deny == {{
			"msg": "nothing proves that the file exists, or that its entry in Codex-Lock.json was removed too",
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0",
		}} with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/checks", "/checks/tolerance"} {
		orphan.deny == {{
			"msg": "nothing proves that the file exists, or that its entry in Codex-Lock.json was removed too",
			"file": "Codex-Lock.json",
			"pointer": "",
		}} with input as sample.without(sample.removed, pointer)
	}
}

test_layout_irregular_reports_what_is_no_file if {
	every kind in sample.irregular {
		orphan.deny == set() with input as sample.changed({"/artifact/kind": kind})
	}
}

test_a_misnamed_artifact_may_be_removed if {
	orphan.deny == set() with input as sample.patched(
		sample.misnamed,
		{"/artifact/kind": "absent", "/artifact/change": "removed"},
	)
}

test_zt_3_3_no_entry_proves_nothing_of_a_file if {
	count(orphan.deny) == 1 with input as sample.without(sample.removed, "/artifact/kind")
}
