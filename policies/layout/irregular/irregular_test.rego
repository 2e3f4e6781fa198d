package codexlock.layout.irregular_test

import data.codexlock.layout.irregular
import data.codexlock.lib.sample

test_zt_6_1_passes if {
	irregular.deny == set() with input as sample.artifact
	irregular.deny == set() with input as sample.removed
}

_messages := {
	"symlink": "is a symlink, want a regular file",
	"submodule": "is a submodule, want a regular file",
	"directory": "is a folder, want a regular file",
	"special": "is a special file (a device, socket or pipe), want a regular file",
	"oversized": "is larger than what is hashed, want a regular file of a size that is",
	"pointer": "is a Git LFS pointer, want its content",
	"misnamed": "its name means different files on different systems or hides what it is, want a plain one",
}

test_zt_6_1_what_is_no_regular_file_is_found if {
	object.keys(_messages) == sample.irregular
	every kind, message in _messages {
		irregular.deny == {message} with input as sample.changed({"/artifact/kind": kind})
	}
	irregular.deny == {_messages.misnamed} with input as sample.misnamed
}

test_zt_6_1_what_stands_above_an_artifact_and_is_no_folder_is_found if {
	every stands, noun in {
		"file": "file",
		"oversized": "file",
		"symlink": "symlink",
		"submodule": "submodule",
		"special": "special file",
		"else": "file of an unknown kind",
	} {
		irregular.deny == {sprintf("is a %s, want a folder: \"assets/sources\" belongs below it", [noun])} with input as sample.patched(sample.misplaced, {"/artifact/stands": stands})
	}
}

test_zt_9_2_a_pointer_that_does_not_stand_for_its_content_is_found if {
	every reason, words in {
		"script": "could not verify: is a Git LFS pointer to what may be a script",
		"content": "could not verify: is a Git LFS pointer, and the configuration",
		"malformed": "is like a Git LFS pointer",
		"unfiltered": "without the attribute filter=lfs",
	} {
		denials := irregular.deny with input as sample.changed({"/artifact/kind": "pointer", "/artifact/pointer": reason})
		count(denials) == 1
		contains(concat("", denials), words)
	}
}

test_zt_6_1_missing_facts_are_found if {
	every pointer in {"/artifact", "/artifact/kind"} {
		irregular.deny == {"nothing proves that it is a regular file"} with input as sample.without(
			sample.artifact,
			pointer,
		)
	}
}

test_lock_orphan_reports_what_is_left if {
	irregular.deny == set() with input as sample.orphan
}
