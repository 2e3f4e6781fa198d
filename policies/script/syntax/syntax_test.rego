package codexlock.script.syntax_test

import data.codexlock.lib.sample
import data.codexlock.script.syntax

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_1_4_passes if {
	syntax.deny == set() with input as sample.artifact
	syntax.deny == set() with input as own({})
	syntax.deny == set() with input as beside({"state": "other"})
}

_problem := {"message": "reached EOF without closing quote", "line": 3, "column": 6}

test_zt_1_4_what_cannot_be_parsed_is_found if {
	syntax.deny == {{
		"msg": "Bash does not parse it: reached EOF without closing quote",
		"file": "assets/sources/model.bin",
		"line": 3,
		"column": 6,
	}} with input as own({"state": "invalid", "problem": _problem})
	syntax.deny == {{
		"msg": "cannot be judged as a script: it holds a NUL byte, want text",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"state": "unread", "problem": {"message": "holds a NUL byte, want text"}})
	syntax.deny == {{
		"msg": "Bash does not parse it: is not known why",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as beside({"state": "invalid"})
}

unproved(file) := {{
	"msg": "nothing proves that it is a script that Bash parses",
	"file": file,
	"line": 1,
	"column": 1,
}}

test_zt_1_4_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/state"} {
		syntax.deny == unproved("assets/sources/model.bin.test") with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/script", "/script/state"} {
		syntax.deny == unproved("assets/sources/model.bin") with input as sample.without(own({}), pointer)
	}
	syntax.deny == unproved("assets/sources/model.bin") with input as sample.without(sample.artifact, "/artifact/script")
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		syntax.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		syntax.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_zt_1_4_without_a_configuration_it_is_found_too if {
	every state in {"invalid", "unread"} {
		count(syntax.deny) == 1 with input as sample.patched(beside({"state": state}), {"/settings/configured": false})
		count(syntax.deny) == 1 with input as sample.patched(own({"state": state}), {"/settings/configured": false})
	}
}
