package codexlock.manifest.schema_test

import data.codexlock.lib.sample
import data.codexlock.manifest.schema

test_zt_11_1_passes if schema.deny == set() with input as sample.artifact

test_zt_11_1_every_problem_is_found if {
	schema.deny == {
		{
			"msg": "sha256 is \"x\", want 64 lower-case hex characters",
			"file": "assets/sources/model.bin.manifest.json",
			"pointer": "/sha256",
		},
		{"msg": "is not JSON", "file": "assets/sources/model.bin.manifest.json", "line": 3, "column": 7},
	} with input as sample.changed({
		"/manifest/state": "invalid",
		"/manifest/problems": [
			{
				"message": "sha256 is \"x\", want 64 lower-case hex characters",
				"pointer": "/sha256",
				"line": 5,
				"column": 17,
			},
			{"message": "is not JSON", "pointer": "", "line": 3, "column": 7},
		],
	})
}

test_zt_11_1_missing_facts_are_found if {
	finding := {"msg": "nothing proves that it matches its schema", "file": "assets/sources/model.bin.manifest.json"}
	every pointer in {"/manifest", "/manifest/state"} {
		schema.deny == {finding} with input as sample.without(sample.artifact, pointer)
	}
	schema.deny == {finding} with input as sample.changed({"/manifest/state": "invalid"})
	schema.deny == {finding} with input as sample.without(sample.changed({"/manifest/state": "invalid"}), "/manifest/problems")
}

test_zt_11_1_a_problem_without_a_place_is_found if {
	schema.deny == {{"msg": "does not match its schema", "file": "assets/sources/model.bin.manifest.json", "line": 1, "column": 1}} with input as sample.changed({
		"/manifest/state": "invalid",
		"/manifest/problems": [{}],
	})
}

test_manifest_missing_reports_what_is_not_there if {
	every state in {"absent", "irregular", "twice"} {
		schema.deny == set() with input as sample.changed({"/manifest/state": state})
	}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		schema.deny == set() with input as facts
	}
}
