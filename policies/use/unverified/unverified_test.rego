package codexlock.use.unverified_test

import data.codexlock.lib.sample
import data.codexlock.use.unverified

_guide := "https://github.com/codexlock/codexlock/blob/main/docs/guides/use.md#which-uses-are-not-verified"

_silent if {
	unverified.deny == set()
	unverified.warn == set()
}

test_zt_7_1_passes if {
	_silent with input as sample.repository
	_silent with input as sample.used([{"verified": "at_use"}])
	_silent with input as sample.used([{"verified": "earlier"}])
	_silent with input as sample.patched(sample.used([{}]), {"/repository/use_checks/uses": "verified"})
}

test_zt_7_1_a_use_in_a_job_that_the_change_edits_is_denied if {
	facts := sample.used([{"job_change": "modified"}])
	unverified.deny == {{
		"msg": "1 use in job \"deploy\" is not verified: line 21 executes scripts/deploy.sh; this change edits the job",
		"file": ".github/workflows/deploy.yml",
		"line": 21,
		"column": 14,
		"term": "deploy",
		"fix": sprintf("verify it where it is used: codexlock run -- scripts/deploy.sh; or before it: codexlock verify scripts/deploy.sh (%s)", [_guide]),
		"statement": "deploy\nexecute exact scripts/deploy.sh",
	}} with input as facts
	unverified.warn == set() with input as facts
}

test_zt_7_1_a_use_that_the_change_adds_is_denied if {
	added := sample.used([{"job_change": "added", "before": "absent"}])
	_messages(unverified.deny) == {"1 use in job \"deploy\" is not verified: line 21 executes scripts/deploy.sh; this change adds the job"} with input as added
	elsewhere := sample.used([{"before": "absent"}])
	_messages(unverified.deny) == {"1 use in job \"deploy\" is not verified: line 21 executes scripts/deploy.sh; this change adds the use"} with input as elsewhere
}

# The file is not edited, so it is the artifact that is new.
test_zt_7_1_a_use_of_a_new_artifact_is_a_warning if {
	facts := _unedited({"before": "absent"})
	unverified.deny == set() with input as facts
	count(unverified.warn) == 1 with input as facts
}

test_zt_7_1_a_file_that_the_change_does_not_edit_is_reported_where_everything_is_judged if {
	facts := _unedited({})
	_silent with input as facts
	count(unverified.warn) == 1 with input as sample.patched(facts, {"/repository/scope": "all"})
	unverified.deny == set() with input as sample.patched(facts, {"/repository/scope": "all"})
}

_unedited(change) := sample.patched(sample.used([change]), {"/repository/use_files/0/change": "unchanged"})

test_zt_7_1_a_use_that_was_there_before_is_a_warning if {
	facts := sample.used([{}])
	unverified.deny == set() with input as facts
	_messages(unverified.warn) == {"1 use in job \"deploy\" is not verified: line 21 executes scripts/deploy.sh"} with input as facts
}

test_zt_7_1_an_uncertain_use_is_a_warning if {
	every how in {"suffix", "glob", "folder", "token"} {
		facts := sample.used([{"how": how, "job_change": "added", "before": "absent", "path": "scripts/*.sh"}])
		unverified.deny == set() with input as facts
		_messages(unverified.warn) == {"1 use in job \"deploy\" is not verified: line 21 may execute scripts/*.sh"} with input as facts
		sample.fixes(unverified.warn) == {sprintf("verify it where it is used: codexlock run -- PATH; or before it: codexlock verify PATH (%s)", [_guide])} with input as facts
	}
}

test_zt_7_1_one_finding_has_all_uses_of_a_job if {
	facts := sample.used([
		{"line": 30, "kind": "source", "path": "scripts/lib.sh"},
		{"line": 9, "path": "scripts/a.sh"},
		{"line": 100, "path": "scripts/c.sh", "job_change": "modified"},
		{"line": 31, "path": "scripts/c.sh", "job": "test"},
	])
	_messages(unverified.warn) == {
		"2 uses in job \"deploy\" are not verified: line 9 executes scripts/a.sh, line 30 sources scripts/lib.sh",
		"1 use in job \"test\" is not verified: line 31 executes scripts/c.sh",
	} with input as facts
	_messages(unverified.deny) == {"1 use in job \"deploy\" is not verified: line 100 executes scripts/c.sh; this change edits the job"} with input as facts
	{finding.line | some finding in unverified.warn} == {9, 31} with input as facts
}

test_zt_7_1_uncertain_uses_have_a_finding_of_their_own if {
	facts := sample.used([{}, {"how": "suffix", "line": 22}])
	{finding.statement | some finding in unverified.warn} == {"deploy\nexecute exact scripts/deploy.sh", "deploy\nexecute suffix scripts/deploy.sh"} with input as facts
	edited := sample.used([{"job_change": "modified"}, {"how": "suffix", "line": 22, "job_change": "modified"}])
	{finding.statement | some finding in unverified.deny} == {"deploy\nexecute exact scripts/deploy.sh"} with input as edited
}

test_zt_7_1_a_long_list_is_cut if {
	facts := sample.used([{"line": line} | some line in numbers.range(1, 7)])
	_messages(unverified.warn) == {"7 uses in job \"deploy\" are not verified: line 1 executes scripts/deploy.sh, line 2 executes scripts/deploy.sh, line 3 executes scripts/deploy.sh, line 4 executes scripts/deploy.sh, line 5 executes scripts/deploy.sh and 2 more"} with input as facts
}

test_zt_7_1_a_job_that_is_edited_and_has_a_new_use if {
	facts := sample.used([{"job_change": "added"}, {"line": 3, "job_change": "modified"}])
	_messages(unverified.deny) == {"2 uses in job \"deploy\" are not verified: line 3 executes scripts/deploy.sh, line 21 executes scripts/deploy.sh; this change edits the job"} with input as facts
}

test_a_name_that_is_no_term_is_only_in_the_message if {
	every name in {"a job", "", "-x", "größe"} {
		facts := sample.used([{"job": name}])
		count([finding | some finding in unverified.warn; not finding.term]) == 1 with input as facts
	}
	_messages(unverified.warn) == {"1 use is not verified: line 21 executes scripts/deploy.sh"} with input as sample.used([{"job": ""}])
}

test_a_hint_has_no_path_that_a_shell_expands if {
	every path in {"scripts/a b.sh", "-rf", "x;reboot", "$(id)", "{artifact}"} {
		facts := sample.used([{"path": path}])
		sample.fixes(unverified.warn) == {sprintf("verify it where it is used: codexlock run -- PATH; or before it: codexlock verify PATH (%s)", [_guide])} with input as facts
	}
}

test_others_report_other_uses if {
	every change in {
		{"site": "docker"},
		{"site": "make"},
		{"site": "compose"},
		{"site": "pre-commit"},
		{"kind": "copy"},
		{"kind": "load"},
		{"before": "earlier"},
		{"before": "at_use"},
	} {
		_silent with input as sample.used([object.union({"job_change": "modified"}, change)])
	}
}

test_zt_7_1_missing_facts_are_found if {
	unproved := {{"msg": "nothing proves that workflows verify the artifacts that they execute"}}
	every pointer in {"/repository", "/repository/use_checks", "/repository/use_checks/uses"} {
		unverified.deny == unproved with input as sample.without(sample.repository, pointer)
	}
	unverified.deny == unproved with input as sample.without(sample.used([{}]), "/repository/uses")
	facts := sample.used([{"job_change": "modified"}])
	every name in {"file", "line", "column", "site", "job", "job_change", "kind", "path", "how", "verified"} {
		count(unverified.deny) == 1 with input as sample.without(facts, sprintf("/repository/uses/0/%s", [name]))
	}
	count(unverified.deny) == 1 with input as sample.without(sample.used([{}]), "/repository/uses/0/before")
}

_messages(findings) := {finding.msg | some finding in findings}
