package codexlock.lock.unsafe_path_test

import data.codexlock.lib.sample
import data.codexlock.lock.unsafe_path

test_zt_3_1_passes if unsafe_path.deny == set() with input as sample.repository

test_zt_3_1_every_unsafe_path_is_found if {
	unsafe_path.deny == {
		{"msg": "path \"../model.bin\" has a \"..\" part", "file": "Codex-Lock.json", "pointer": "/artifacts/0/path"},
		{"msg": "path \"\" is empty", "file": "Codex-Lock.json", "pointer": "/artifacts/2/path"},
	} with input as sample.whole({"/repository/unsafe_paths": [
		{"pointer": "/artifacts/0/path", "path": "../model.bin", "reason": "has a \"..\" part"},
		{"pointer": "/artifacts/2/path", "path": "", "reason": "is empty"},
	]})
}

test_zt_3_1_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/unsafe_paths"} {
		unsafe_path.deny == {{
			"msg": "nothing proves that its paths are inside the repository",
			"file": "Codex-Lock.json",
		}} with input as sample.without(sample.repository, pointer)
	}
	unsafe_path.deny == {{
		"msg": "path \"\" names no file inside the repository",
		"file": "Codex-Lock.json",
		"pointer": "",
	}} with input as sample.whole({"/repository/unsafe_paths": [{}]})
}
