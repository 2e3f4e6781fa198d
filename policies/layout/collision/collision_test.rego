package codexlock.layout.collision_test

import data.codexlock.layout.collision
import data.codexlock.lib.sample

test_zt_6_1_passes if collision.deny == set() with input as sample.repository

test_zt_6_1_every_collision_is_found if {
	collision.deny == {
		{"msg": "collides with \"a/Logo.png\" (only the case differs): on some systems they are one file", "file": "a/logo.png"},
		{"msg": "collides with \"a/x\" (only characters that some systems ignore differ): on some systems they are one file", "file": "a/x."},
		{"msg": "collides with \"a/e\" (only the Unicode normalisation differs): on some systems they are one file", "file": "a/f"},
	} with input as sample.whole({"/repository/collisions": [
		{"path": "a/logo.png", "other": "a/Logo.png", "kind": "case"},
		{"path": "a/x.", "other": "a/x", "kind": "ignored"},
		{"path": "a/f", "other": "a/e", "kind": "unicode"},
	]})
}

test_zt_6_1_what_is_not_listed_is_counted if {
	collision.deny == {{"msg": "5 more paths collide on some systems", "file": "Codex-Lock.json"}} with input as sample.whole({"/repository/more_collisions": 5})
}

test_zt_6_1_missing_facts_are_found if {
	every pointer in {"/repository", "/repository/collisions"} {
		collision.deny == {{"msg": "nothing proves that no two paths collide"}} with input as sample.without(sample.repository, pointer)
	}
	collision.deny == {{
		"msg": "collides with \"\" (no system-independent difference): on some systems they are one file",
		"file": "Codex-Lock.json",
	}} with input as sample.whole({"/repository/collisions": [{}]})
}
