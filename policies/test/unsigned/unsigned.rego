# METADATA
# scope: package
# title: The record signs the test
# description: "The record's test_sha256 is the digest of X.test, so that the proof covers the test too. A record that has it must match, unless the test is itself an attested artifact. A record that had it in the base commit keeps it. With require_proof: true and records: 2 in the base commit's configuration, every new or changed record has it."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   problem: Record does not sign the test
#   kind: test
#   fix: "find out who changed it: git log -p -- {file}; do not attest {artifact} until you know"
package codexlock.test.unsigned

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": _file} if {
	not _signed
	not _tolerated
	not _plain
}

deny contains {"msg": _message, "file": _file, "fix": _upgrade} if {
	not _signed
	not _tolerated
	_plain
}

warn contains {"msg": _message, "file": _file, "fix": _upgrade} if {
	not _signed
	_tolerated
}

_signed if input.checks.test_signed == "match"

# The test is an attested artifact itself: its own record signs it.
_signed if input.checks.test_signed == "own"

# The record does not have the digest, and nothing requires it yet: records: 1, and
# the test is that of the base commit or came with its record.
_signed if {
	_digest_absent
	input.settings.sign_companions == false
	not _edited_alone
}

_signed if subject.no_content

# test.missing reports a test that cannot be read.
_signed if input.test.state in document.unread

# vaulttime.proof reports a record of another artifact, whose digests are not about this one.
_signed if input.checks.path == "differs"

# vaulttime.missing and vaulttime.schema report a record that cannot be read.
_signed if input.vaulttime.state in document.unread

# The record does not have the digest, and need not have it: it never had, and either
# the configuration does not require it, or record and test are unchanged.
_tolerated if {
	_digest_absent
	input.settings.sign_companions == false
}

_tolerated if {
	_digest_absent
	input.settings.require_proof == false
}

_tolerated if {
	_digest_absent
	input.base.record_text == "same"
	input.base.test == "same"
}

_digest_absent if {
	input.checks.test_signed == "absent"
	object.get(input, ["base", "test_sha256"], "absent") == "absent"
}

_upgrade := "attest it, which signs the test: codexlock attest {artifact}"

# The record never had the digest, and nobody edited the test.
_plain if {
	_digest_absent
	not _edited_alone
}

_edited_alone if {
	input.base.record_text == "same"
	not input.base.test == "same"
}

_message := "test differs from the one that the record signs: it was changed after the attestation" if {
	input.checks.test_signed == "differs"
} else := "record no longer signs the test: it has no test_sha256, and the base commit's record has one" if {
	input.checks.test_signed == "absent"
	input.base.test_sha256 == "present"
} else := "record does not sign the test: it has no test_sha256, and the base commit's record, which cannot be read, may have had one" if {
	input.checks.test_signed == "absent"
	input.base.test_sha256 == "unknown"
} else := "test was changed, and the record does not sign it: it has no test_sha256" if {
	_edited_alone
} else := "record does not sign the test: it has no test_sha256" if {
	input.checks.test_signed == "absent"
} else := "nothing proves that the test is the one that was attested"

_file := fact.file("vaulttime") if {
	input.checks.test_signed == "absent"
	not _edited_alone
} else := fact.file("test")
