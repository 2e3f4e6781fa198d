package codexlock.layout.consumed_test

import data.codexlock.layout.consumed
import data.codexlock.lib.sample

test_zt_6_3_passes if {
	consumed.deny == set() with input as sample.artifact
	consumed.deny == set() with input as sample.changed({"/artifact/area": "incoming", "/ledger/listed": "never"})
	consumed.deny == set() with input as sample.changed({"/artifact/area": "incoming", "/ledger/state": "absent"})
}

test_zt_6_3_a_listed_file_is_found if {
	every name in {"incoming", "quarantine"} {
		area := sprintf("assets/%s/", [name])
		path := concat("", [area, "model.bin"])
		consumed.deny == {{
			"msg": sprintf("%q is listed as trusted, but %s holds unverified files", [path, area]),
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/path",
		}} with input as sample.changed({"/artifact/path": path, "/artifact/area": name})
	}
}

test_zt_6_3_an_input_is_found if {
	consumed.deny == {{
		"msg": "was made from \"assets/quarantine/labels.csv\", but assets/quarantine/ holds unverified files",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "/inputs/0",
	}} with input as sample.changed({"/manifest/inputs/0/path": "assets/quarantine/labels.csv"})
}

test_zt_6_3_a_script_is_found if {
	consumed.deny == {{
		"msg": "uses \"assets/incoming/raw.csv\", which is not verified",
		"file": "assets/sources/model.bin.test",
		"line": 4,
		"column": 5,
	}} with input as sample.changed({"/test/script/references": [{"text": "assets/incoming/raw.csv", "line": 4, "column": 5}]})
}

test_zt_6_3_missing_facts_are_found if {
	consumed.deny == {{
		"msg": "\"assets/sources/model.bin\" is listed as trusted, but assets/incoming/ holds unverified files",
		"file": "Codex-Lock.json",
		"pointer": "/artifacts/0/path",
	}} with input as sample.without(sample.artifact, "/artifact/area")
	consumed.deny == {{
		"msg": "\"assets/incoming/model.bin\" is listed as trusted, but assets/incoming/ holds unverified files",
		"file": "Codex-Lock.json",
		"pointer": "",
	}} with input as sample.without(sample.changed({"/artifact/path": "assets/incoming/model.bin", "/artifact/area": "incoming"}), "/ledger")
	consumed.deny == {{
		"msg": "was made from \"assets/incoming/\", but assets/incoming/ holds unverified files",
		"file": "assets/sources/model.bin.manifest.json",
		"pointer": "/inputs/0",
	}} with input as sample.without(sample.artifact, "/manifest/inputs/0/path")
}

test_zt_6_3_scripts_without_references_are_found if {
	every pointer in {"/test/script", "/test/script/references"} {
		consumed.deny == {{
			"msg": "nothing proves that it uses only verified files",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_layout_irregular_reports_a_name_that_means_several_files if {
	consumed.deny == set() with input as sample.patched(sample.misnamed, {"/artifact/path": "assets/incoming/model.bin "})
	consumed.deny == set() with input as sample.patched(sample.misplaced, {"/artifact/path": "assets/incoming"})
}
