package codexlock.script.shebang_test

import data.codexlock.lib.sample
import data.codexlock.script.shebang

# own is the artifact as a script itself.
own(change) := object.union(
	sample.patched(sample.artifact, {"/artifact/script": "yes"}),
	{"script": object.union(sample.script, change)},
)

# beside is the artifact with another test.
beside(change) := sample.changed({"/test/script": object.union(sample.script, change)})

test_zt_1_1_passes if {
	shebang.deny == set() with input as sample.artifact
	shebang.deny == set() with input as own({})
}

test_zt_1_1_every_other_first_line_is_found if {
	shebang.deny == {{
		"msg": "begins with \"#!/bin/sh\", want #!/usr/bin/env bash",
		"file": "assets/sources/model.bin",
		"line": 1,
	}} with input as own({"shebang": "other", "first_line": "#!/bin/sh"})
	shebang.deny == {{
		"msg": "has no first line that names a shell, want #!/usr/bin/env bash",
		"file": "assets/sources/model.bin.test",
		"line": 1,
	}} with input as beside({"shebang": "absent"})
	shebang.deny == {{
		"msg": "begins with \"#!/usr/bin/env python3\", want #!/usr/bin/env bash",
		"file": "assets/sources/model.bin.test",
		"line": 1,
	}} with input as beside({"state": "other", "shebang": "other", "first_line": "#!/usr/bin/env python3"})
}

test_script_syntax_reports_what_cannot_be_parsed if {
	every state in {"invalid", "unread"} {
		shebang.deny == set() with input as beside({"state": state, "shebang": "other"})
	}
}

test_zt_1_1_missing_facts_are_found if {
	every pointer in {"/test/script", "/test/script/shebang"} {
		shebang.deny == {{
			"msg": "nothing proves that it begins with #!/usr/bin/env bash",
			"file": "assets/sources/model.bin.test",
			"line": 1,
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		shebang.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		shebang.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/script")
	}
}

test_zt_1_1_without_a_configuration_a_test_is_warned_of if {
	facts := sample.patched(beside({"shebang": "absent"}), {"/settings/configured": false})
	shebang.deny == set() with input as facts
	count(shebang.warn) == 1 with input as facts
	itself := sample.patched(own({"shebang": "absent"}), {"/settings/configured": false})
	count(shebang.deny) == 1 with input as itself
	shebang.warn == set() with input as itself
}
