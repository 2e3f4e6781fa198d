# METADATA
# scope: package
# title: The test passes
# description: |
#   If the base commit's configuration says run_tests: sandbox, the artifact's test is executed in the sandbox and passes twice. If other rules deny the artifact, its test is not executed, and that is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.3
#   severity: deny
#   problem: Test failed
#   fix: "run {artifact}.test to see why; then fix the artifact, or attest a test of your own: codexlock attest {artifact}.test"
package codexlock.test.failed

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("test")} if {
	not _settled
	not _unproved
}

warn contains {"msg": message, "file": fact.file("test")} if {
	not _settled
	_unproved
	message := sprintf("its test was not run: %s", [_detail])
}

_settled if input.test.run == "passed"

_settled if {
	input.test.run == "not_asked"
	input.settings.run_tests == "never"
}

_settled if subject.no_content

# test.missing reports it.
_settled if input.test.state in document.missing

_unproved if input.test.run == "unproved"

_message := sprintf("its test fails: it %s", [_detail]) if {
	input.test.run == "failed"
} else := sprintf("its test does not pass twice: %s", [_detail]) if {
	input.test.run == "differs"
} else := sprintf("its test does not pass: %s", [_detail]) if {
	input.test.run == "timeout"
} else := sprintf("its test was not run because it is not verified: %s", [_detail]) if {
	input.test.run == "refused"
} else := sprintf("its test could not be run: %s", [_detail]) if {
	input.test.run == "unavailable"
} else := "nothing proves that its test passes"

_detail := fact.text(["test", "run_detail"])
