package @PACKAGE@_test

import data.@PACKAGE@
import data.@SAMPLE@

_finding(size) := {{
	"msg": sprintf("its size is %v bytes, want at most 52428800", [size]),
	"file": "assets/sources/model.bin",
}}

test_passes if {
	@RULE@.deny == set() with input as sample.artifact
	@RULE@.deny == set() with input as sample.changed({"/artifact/size": 52428800})
	@RULE@.deny == set() with input as sample.changed({"/artifact/size": 52428801, "/artifact/proof": "lfs-oid"})
}

test_a_large_artifact_is_found if {
	@RULE@.deny == _finding(52428801) with input as sample.changed({"/artifact/size": 52428801})
}

test_missing_facts_are_found if {
	@RULE@.deny == _finding("not measured") with input as sample.without(sample.artifact, "/artifact/size")
	count(@RULE@.deny) == 1 with input as {}
}

test_others_report_what_is_no_file if {
	every facts in sample.silent {
		@RULE@.deny == set() with input as facts
	}
}
