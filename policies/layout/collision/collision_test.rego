package codexlock.layout.collision_test

import data.codexlock.layout.collision
import data.codexlock.lib.sample

test_zt_6_1_passes if collision.deny == set() with input as sample.repository

test_zt_6_1_every_collision_is_found if {
	collision.deny == {
		{"msg": "and \"a/Logo.png\" differ in case only: on some systems they are one file", "file": "a/logo.png"},
		{"msg": "and \"a/x\" differ only in characters that some systems ignore: on some systems they are one file", "file": "a/x."},
		{"msg": "and \"a/e\" differ only in how their characters are composed: on some systems they are one file", "file": "a/f"},
	} with input as sample.whole({"/repository/collisions": [
		{"path": "a/logo.png", "other": "a/Logo.png", "kind": "case"},
		{"path": "a/x.", "other": "a/x", "kind": "ignored"},
		{"path": "a/f", "other": "a/e", "kind": "unicode"},
	]})
}

test_zt_6_1_what_is_not_listed_is_counted if {
	collision.deny == {{"msg": "there are 5 more names that some systems take for one file", "file": "Codex-Lock.json"}} with input as sample.whole({"/repository/more_collisions": 5})
}

test_zt_6_1_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/collisions"} {
		collision.deny == {{"msg": "nothing proves that every name is one file"}} with input as sample.without(sample.repository, pointer)
	}
	collision.deny == {{
		"msg": "and \"\" differ in nothing that every system tells apart: on some systems they are one file",
		"file": "Codex-Lock.json",
	}} with input as sample.whole({"/repository/collisions": [{}]})
}
