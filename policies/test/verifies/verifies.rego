# METADATA
# scope: package
# title: The test verifies its artifact
# description: "The artifact's test computes a SHA-256 and the VaultTime HMAC, or calls codexlock to do so, and checks the artifact's behaviour: it runs another program, or tests the file itself. A short test calls ingest_archive.test.sh --verify, which does all of this if codexlock init wrote it or it is an attested artifact. Without a configuration this is a warning, unless the test does none of this (an empty test, for example)."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-11.3
#   severity: deny
#   problem: Test does not verify its artifact
#   fix: remove the test and let codexlock write one (codexlock attest {artifact}), or add what is missing
package codexlock.test.verifies

import data.codexlock.lib.fact
import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not _tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	_tolerated(finding.file)
}

# _tolerated states that a finding is a warning: the test was written by hand in a
# repository without a configuration, and it verifies something.
_tolerated(file) if {
	script.tolerated(file)
	not _misled
	some name in ["hashes", "signs", "behaves"]
	script.readable.test[name] == "yes"
}

# _delegated states that the test calls a script that verifies everything.
_delegated if input.test.verifier in {"init", "attested"}

# _misled explains why the script that the test calls does not count.
_misled := {
	"outdated": "is what an earlier codexlock init wrote and cannot verify one artifact (remove it and run codexlock init)",
	"other": "is neither what codexlock init writes nor attested: it proves nothing",
	"absent": "is missing",
}[input.test.verifier] if {
	not _itself
}

# _itself states that the test verifies everything itself.
_itself if {
	every name in ["hashes", "signs", "behaves"] {
		script.readable.test[name] == "yes"
	}
}

_findings contains {"msg": message, "file": fact.file("test")} if {
	script.readable.test
	message := sprintf("its test calls ingest_archive.test.sh, which %s", [_misled])
}

_findings contains {"msg": message, "file": fact.file("test")} if {
	facts := script.readable.test
	not _delegated
	not _misled
	some name, what in {"hashes": "its SHA-256", "signs": "its VaultTime signature", "behaves": "how it behaves"}
	not facts[name] == "yes"
	message := _message(facts, name, what)
}

_message(facts, name, what) := sprintf("its test does not verify %s", [what]) if {
	facts[name] == "no"
} else := sprintf("nothing proves that its test verifies %s", [what])
