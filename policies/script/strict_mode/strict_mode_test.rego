package codexlock.script.strict_mode_test

import data.codexlock.lib.sample
import data.codexlock.script.strict_mode

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_1_1_passes if {
	strict_mode.deny == set() with input as sample.artifact
	strict_mode.deny == set() with input as own({})
}

test_zt_1_1_every_other_beginning_is_found if {
	strict_mode.deny == {{
		"msg": "set -euo pipefail is not its first command",
		"file": "assets/sources/model.bin",
		"line": 7,
	}} with input as own({"strict_mode": "later", "first_command": 7})
	strict_mode.deny == {{
		"msg": "has no set -euo pipefail, want it as the first command",
		"file": "assets/sources/model.bin.test",
		"line": 2,
		"insert": "set -euo pipefail",
	}} with input as beside({"strict_mode": "absent"})
}

# The line is inserted only where the rule knows that nothing runs before it, under Bash.
test_zt_1_1_the_line_is_inserted_only_where_it_is_safe if {
	inserted := {"line": 2, "insert": "set -euo pipefail"}
	_places(strict_mode.deny) == {inserted} with input as own({"strict_mode": "absent"})
	_places(strict_mode.deny) == {{"line": 2}} with input as own({"strict_mode": "later"})
	_places(strict_mode.deny) == {{"line": 2}} with input as own({"strict_mode": "absent", "shebang": "other"})
	_places(strict_mode.deny) == {{"line": 1}} with input as own({"strict_mode": "absent", "first_command": 1})
	_places(strict_mode.deny) == {{"line": 2}} with input as sample.without(own({"strict_mode": "absent"}), "/script/shebang")
	_places(strict_mode.deny) == {{"line": 1}} with input as sample.without(own({"strict_mode": "absent"}), "/script/first_command")
	_places(strict_mode.deny) == {{"line": 2}} with input as sample.without(own({"strict_mode": "absent"}), "/script/strict_mode")
}

_places(findings) := {object.remove(finding, {"msg", "file"}) | some finding in findings}

test_zt_1_1_missing_facts_are_found if {
	every pointer, line in {"/test/script": 1, "/test/script/strict_mode": 2} {
		strict_mode.deny == {{
			"msg": "nothing proves that it stops at the first error",
			"file": "assets/sources/model.bin.test",
			"line": line,
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		strict_mode.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		strict_mode.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_others_report_what_cannot_be_read if {
	every state in {"invalid", "unread", "other"} {
		strict_mode.deny == set() with input as beside({"state": state, "strict_mode": "absent"})
	}
}

test_zt_1_1_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"strict_mode": "absent"}), {"/settings/configured": false})
	strict_mode.deny == set() with input as facts
	count(strict_mode.warn) == 1 with input as facts
	itself := sample.patched(own({"strict_mode": "absent"}), {"/settings/configured": false})
	count(strict_mode.deny) == 1 with input as itself
	strict_mode.warn == set() with input as itself
}
