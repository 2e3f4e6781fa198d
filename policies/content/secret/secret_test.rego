package codexlock.content.secret_test

import data.codexlock.content.secret
import data.codexlock.lib.sample

_token := {"kind": "github-pat", "line": 4, "column": 2}

test_zt_9_2_passes if {
	secret.deny == set() with input as sample.artifact
	secret.deny == set() with input as sample.changed({"/content/state": "binary", "/test/content/state": "binary"})
	secret.deny == set() with input as sample.without(sample.changed({"/artifact/proof": "lfs-oid"}), "/content")
}

test_zt_9_2_a_secret_is_found if {
	sample.unhinted(secret.deny) == {{
		"msg": "contains what looks like a secret (github-pat)",
		"term": "github-pat",
		"file": "assets/sources/model.bin",
		"line": 4,
		"column": 2,
	}} with input as sample.changed({"/content/secrets": [_token], "/artifact/critical": "no"})
	sample.unhinted(secret.deny) == {{
		"msg": "contains what looks like a secret (unmeasured)",
		"term": "unmeasured",
		"file": "assets/sources/model.bin.test",
		"line": 1,
		"column": 1,
	}} with input as sample.changed({"/test/content/secrets": [{}], "/settings/configured": false})
}

test_zt_9_2_what_was_not_looked_through_is_found if {
	sample.unhinted(secret.deny) == {{
		"msg": "has too much of it: nothing proves that it contains no secret",
		"file": "assets/sources/model.bin",
	}} with input as sample.changed({"/content/state": "unread", "/content/problem": "has too much of it"})
}

test_zt_9_2_missing_facts_are_found if {
	every pointer in {"/content", "/content/state", "/content/secrets"} {
		sample.unhinted(secret.deny) == {{
			"msg": "was not searched: nothing proves that it contains no secret",
			"file": "assets/sources/model.bin",
		}} with input as sample.without(sample.artifact, pointer)
		sample.unhinted(secret.deny) == {{
			"msg": "was not searched: nothing proves that it contains no secret",
			"file": "assets/sources/model.bin.test",
		}} with input as sample.without(sample.artifact, sprintf("/test%s", [pointer]))
	}
	count(secret.deny) == 1 with input as sample.without(sample.changed({"/content/secrets": [_token]}), "/artifact/proof")
}

test_others_report_missing_content_and_no_test if {
	every facts in sample.silent {
		secret.deny == set() with input as facts
	}
	every state in {"absent", "irregular", "twice"} {
		secret.deny == set() with input as sample.without(sample.changed({"/test/state": state}), "/test/content")
	}
}

test_what_was_not_searched_has_its_own_next_step if {
	every fix in sample.fixes(secret.deny) {
		startswith(fix, "split the file")
	} with input as sample.changed({"/content/state": "unread"})
	count(sample.fixes(secret.deny)) == 1 with input as sample.changed({"/content/state": "unread"})
}
