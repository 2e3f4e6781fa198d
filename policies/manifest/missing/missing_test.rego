package codexlock.manifest.missing_test

import data.codexlock.lib.sample
import data.codexlock.manifest.missing

test_zt_11_1_passes if missing.deny == set() with input as sample.artifact

test_zt_11_1_a_missing_manifest_is_found if {
	sample.unhinted(missing.deny) == {{
		"msg": "has no manifest, want assets/sources/model.bin.manifest.json",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({"/manifest/state": "absent"})
}

test_zt_11_1_two_of_them_are_found if {
	sample.unhinted(missing.deny) == {{
		"msg": concat("", [
			"has two files for its manifest, assets/sources/model.bin.manifest.json and ",
			"assets/manifests/assets/sources/model.bin.manifest.json, want one",
		]),
		"file": "assets/sources/model.bin.manifest.json",
	}} with input as sample.changed({
		"/manifest/state": "twice",
		"/manifest/also": "assets/manifests/assets/sources/model.bin.manifest.json",
	})
}

test_zt_11_1_what_is_no_file_is_found if {
	sample.unhinted(missing.deny) == {{
		"msg": "assets/sources/model.bin.manifest.json is not a regular file, want its manifest there",
		"file": "assets/sources/model.bin.manifest.json",
	}} with input as sample.changed({"/manifest/state": "irregular"})
}

test_zt_11_1_missing_facts_are_found if {
	every pointer in {"/manifest", "/manifest/state"} {
		sample.unhinted(missing.deny) == {{
			"msg": "nothing proves that it has a manifest",
			"file": "assets/sources/model.bin",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(missing.deny) == {{"msg": "nothing proves that it has a manifest", "file": "not measured"}} with input as {}
}

test_manifest_schema_reports_an_invalid_one if {
	missing.deny == set() with input as sample.changed({"/manifest/state": "invalid"})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		missing.deny == set() with input as facts
	}
}

test_a_file_that_should_not_be_there_is_looked_into if {
	every state in {"twice", "irregular"} {
		every fix in sample.fixes(missing.deny) {
			startswith(fix, "find out who put this file there: git log -p")
		} with input as sample.changed({"/manifest/state": state})
		count(sample.fixes(missing.deny)) == 1 with input as sample.changed({"/manifest/state": state})
	}
	sample.fixes(missing.deny) == set() with input as sample.changed({"/manifest/state": "absent"})
}
