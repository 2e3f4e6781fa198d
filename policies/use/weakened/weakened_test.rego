package codexlock.use.weakened_test

import data.codexlock.lib.sample
import data.codexlock.use.weakened

test_p5_passes if {
	weakened.deny == set() with input as sample.repository
	every change in {{}, {"before": "absent"}, {"before": "at_use", "verified": "at_use"}, {"before": "at_use", "verified": "earlier"}} {
		facts := sample.patched(sample.used([change]), {"/repository/use_checks/weakened": "no"})
		weakened.deny == set() with input as facts
	}
	weakened.deny == set() with input as sample.patched(sample.weakened([{"before": "at_use"}]), {"/repository/use_checks/weakened": "no"})
}

test_p5_a_removed_verification_is_denied if {
	every before in {"at_use", "earlier"} {
		weakened.deny == {{
			"msg": "1 use in job \"deploy\" is no longer verified: line 21 executes scripts/deploy.sh; in the base commit it is",
			"file": ".github/workflows/deploy.yml",
			"line": 21,
			"column": 14,
			"term": "deploy",
		}} with input as sample.weakened([{"before": before}])
	}
}

test_p5_every_kind_and_every_site_is_denied if {
	every change in {{"kind": "source"}, {"kind": "copy"}, {"kind": "load"}, {"site": "docker"}, {"how": "image"}} {
		count(weakened.deny) == 1 with input as sample.weakened([object.union({"before": "earlier"}, change)])
	}
}

test_p5_an_uncertain_use_is_not_denied if {
	every how in {"suffix", "glob", "folder", "token"} {
		weakened.deny == set() with input as sample.weakened([{"before": "earlier", "how": how}])
	}
}

test_p5_a_file_that_cannot_be_parsed_any_more_is_denied if {
	facts := sample.patched(sample.weakened([]), {"/repository/use_files": [{
		"path": ".github/workflows/deploy.yml",
		"site": "workflows",
		"state": "unread",
		"problem": "no YAML",
		"line": 3,
		"names": "yes",
		"change": "modified",
		"hides": "yes",
	}]})
	weakened.deny == {{
		"msg": "cannot be parsed any more, and the base commit verifies a use in it: no YAML",
		"file": ".github/workflows/deploy.yml",
		"line": 3,
	}} with input as facts
	every name in {"path", "problem", "line", "hides"} {
		count(weakened.deny) == 1 with input as sample.without(facts, sprintf("/repository/use_files/0/%s", [name]))
	}
}

test_p5_missing_facts_are_found if {
	unproved := {{"msg": "nothing proves that every use that was verified still is"}}
	every pointer in {"/repository", "/repository/use_checks", "/repository/use_checks/weakened"} {
		weakened.deny == unproved with input as sample.without(sample.repository, pointer)
	}
	facts := sample.weakened([{"before": "earlier"}])
	weakened.deny == unproved with input as sample.without(facts, "/repository/uses")
	weakened.deny == unproved with input as sample.weakened([{}])
	every name in {"file", "line", "column", "site", "job", "kind", "path", "how", "verified"} {
		count(weakened.deny) == 1 with input as sample.without(facts, sprintf("/repository/uses/0/%s", [name]))
	}
}
