package codexlock.use.unread_test

import data.codexlock.lib.sample
import data.codexlock.use.unread

_file := {
	"path": ".github/workflows/deploy.yml",
	"site": "workflows",
	"state": "unread",
	"problem": "mapping values are not allowed here",
	"line": 7,
	"names": "yes",
	"change": "modified",
	"hides": "no",
}

_files(change) := sample.whole({
	"/repository/use_files": [object.union(_file, change)],
	"/repository/use_checks/files": "unread",
})

test_zt_7_1_passes if {
	unread.warn == set() with input as sample.repository
	unread.warn == set() with input as _files({"names": "no"})
	unread.warn == set() with input as _files({"state": "parsed"})
	unread.warn == set() with input as _files({"hides": "yes"})
	unread.warn == set() with input as _files({"change": "unchanged"})
	count(unread.warn) == 1 with input as sample.patched(_files({"change": "unchanged"}), {"/repository/scope": "all"})
}

test_zt_7_1_a_file_that_names_an_artifact_is_found if {
	unread.warn == {{
		"msg": "names an artifact and cannot be parsed, so that its uses are not known: mapping values are not allowed here",
		"file": ".github/workflows/deploy.yml",
		"line": 7,
	}} with input as _files({})
}

test_zt_7_1_missing_facts_are_found if {
	unproved := {{"msg": "nothing proves that the files that use artifacts can be parsed"}}
	every pointer in {"/repository", "/repository/use_checks", "/repository/use_checks/files"} {
		unread.warn == unproved with input as sample.without(sample.repository, pointer)
	}
	unread.warn == unproved with input as sample.without(_files({}), "/repository/use_files")
	every name in {"path", "state", "problem", "line", "names", "hides", "change"} {
		count(unread.warn) == 1 with input as sample.without(_files({}), sprintf("/repository/use_files/0/%s", [name]))
	}
}
