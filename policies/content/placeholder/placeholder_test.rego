package codexlock.content.placeholder_test

import data.codexlock.content.placeholder
import data.codexlock.lib.sample

_word := {"word": "TODO", "line": 4, "column": 2}

test_zt_9_1_passes if {
	placeholder.deny == set() with input as sample.artifact
	placeholder.warn == set() with input as sample.artifact
	placeholder.deny == set() with input as sample.changed({"/content/state": "binary", "/test/content/state": "binary"})
	placeholder.deny == set() with input as sample.changed({"/artifact/critical": "no", "/content/placeholders": [_word]})
	placeholder.deny == set() with input as sample.changed({"/artifact/critical": "no", "/content/state": "unread"})
	placeholder.deny == set() with input as sample.without(sample.changed({"/artifact/proof": "lfs-oid"}), "/content")
}

test_zt_9_1_a_word_is_found if {
	sample.unhinted(placeholder.deny) == {{
		"msg": "contains the placeholder TODO",
		"file": "assets/sources/model.bin",
		"line": 4,
		"column": 2,
	}} with input as sample.changed({"/content/placeholders": [_word]})
	sample.unhinted(placeholder.deny) == {{
		"msg": "contains the placeholder (unknown)",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as sample.changed({"/test/content/placeholders": [{}]})
}

test_zt_9_1_what_was_not_looked_through_is_found if {
	sample.unhinted(placeholder.deny) == {{
		"msg": "has too much of it: nothing proves that it contains no placeholder",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({"/content/state": "unread", "/content/problem": "has too much of it"})
}

test_zt_9_1_missing_facts_are_found if {
	every pointer in {"/content", "/content/state", "/content/placeholders"} {
		sample.unhinted(placeholder.deny) == {{
			"msg": "was not searched: nothing proves that it contains no placeholder",
			"file": "assets/sources/model.bin",
		}} with input as sample.without(sample.artifact, pointer)
		sample.unhinted(placeholder.deny) == {{
			"msg": "was not searched: nothing proves that it contains no placeholder",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, sprintf("/test%s", [pointer]))
	}
	every pointer in {"/artifact/critical", "/artifact/proof"} {
		count(placeholder.deny) == 1 with input as sample.without(sample.changed({"/content/placeholders": [_word]}), pointer)
	}
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		placeholder.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		placeholder.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/content")
	}
}

test_zt_9_1_without_a_configuration_a_test_is_warned_of if {
	facts := sample.changed({"/test/content/placeholders": [_word], "/settings/configured": false})
	placeholder.deny == set() with input as facts
	count(placeholder.warn) == 1 with input as facts
	itself := sample.changed({"/content/placeholders": [_word], "/settings/configured": false})
	count(placeholder.deny) == 1 with input as itself
	placeholder.warn == set() with input as itself
}

test_what_was_not_searched_has_its_own_next_step if {
	every fix in sample.fixes(placeholder.deny) {
		startswith(fix, "split the file")
	} with input as sample.changed({"/content/state": "unread"})
	count(sample.fixes(placeholder.deny)) == 1 with input as sample.changed({"/content/state": "unread"})
}
