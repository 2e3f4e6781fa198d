# METADATA
# scope: package
# title: The test is executable
# description: The artifact's test has mode 100755. Without a configuration, a finding in the test alone is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.3
#   severity: deny
#   problem: Test is not executable
#   fix: "make it executable: chmod +x, and in Git: git update-index --chmod=+x"
package codexlock.test.not_executable

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.script
import data.codexlock.lib.subject

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains {"msg": message, "file": fact.file("test")} if {
	not _executable
	message := sprintf("its test has mode %s, want 100755", [fact.text(["test", "mode"])])
}

_executable if input.test.mode == "100755"

_executable if subject.no_content

# test.missing reports it.
_executable if input.test.state in document.missing
