package codexlock.manifest.provenance_test

import data.codexlock.lib.sample
import data.codexlock.manifest.provenance

test_zt_11_1_passes if {
	provenance.deny == set() with input as sample.artifact
	provenance.deny == set() with input as sample.changed({"/manifest/inputs": [], "/checks/named": "absent"})
}

_finding(pointer, message) := {
	"msg": message,
	"file": "assets/sources/model.bin.manifest.json",
	"pointer": pointer,
}

_creator := _finding("/creator", "creator is missing, want who made the artifact")

_generated_at := _finding("/generated_at", "generated_at is missing, want when the artifact was made")

_toolchain_name := _finding("/toolchain", "toolchain.name is missing, want what the artifact was made with, or null")

_toolchain_version := _finding(
	"/toolchain",
	"toolchain.version is missing, want the version that the artifact was made with",
)

_inputs := _finding("/inputs", "inputs is missing, want what the artifact was made from, or []")

_outputs := _finding("/outputs", "outputs is missing, want what was made along with the artifact, or []")

test_zt_11_1_missing_fields_are_found if {
	cases := {
		"creator": {_creator},
		"generated_at": {_generated_at},
		"toolchain.name": {_toolchain_name},
		"toolchain.version": {_toolchain_version},
		"inputs": {_inputs},
		"outputs": {_outputs},
	}
	every field, findings in cases {
		told := [other | some other in sample.artifact.manifest.told; other != field]
		provenance.deny == findings with input as sample.changed({"/manifest/told": told})
	}
}

test_zt_11_1_a_toolchain_that_is_null_is_a_statement if {
	told := ["creator", "generated_at", "inputs", "outputs", "toolchain.unstated"]
	provenance.deny == set() with input as sample.changed({"/manifest/told": told})
	provenance.deny == {_creator} with input as sample.changed({"/manifest/told": array.slice(told, 1, 5)})
}

test_zt_11_1_missing_facts_are_found if {
	everything := {_creator, _generated_at, _toolchain_name, _toolchain_version, _inputs, _outputs}
	provenance.deny == everything with input as sample.without(sample.artifact, "/manifest/told")
	named := _finding("/artifact", "describes artifact \"not measured\", want \"assets/sources/model.bin\"")
	provenance.deny == everything | {named} with input as {"artifact": sample.artifact.artifact}
}

test_p4_another_artifact_s_manifest_is_found if {
	provenance.deny == {_finding("/artifact", "describes artifact \"other.bin\", want \"assets/sources/model.bin\"")} with input as sample.changed({
		"/manifest/artifact": "other.bin",
		"/checks/named": "differs",
	})
}

test_others_report_missing_content if {
	every facts in sample.silent {
		provenance.deny == set() with input as facts
	}
}

test_others_report_a_manifest_that_cannot_be_read if {
	every facts in sample.unread("manifest") {
		provenance.deny == set() with input as facts
	}
}
