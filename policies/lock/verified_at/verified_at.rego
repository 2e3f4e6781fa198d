# METADATA
# scope: package
# title: verified_at changes only with an attestation
# description: An entry's verified_at is the base commit's, or new, or later together with a later VaultTime record. A date that changes alone claims a verification that did not happen.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.4
#   severity: deny
#   problem: verified_at changed without an attestation
#   cause: vaulttime.rollback
#   fix: "find out who changed it: git log -p -- {file}; restore the date, which only an attestation or a renewal sets"
package codexlock.lock.verified_at

import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": ledger.file, "pointer": ledger.in_entry("verified_at")} if {
	not _attested
	not _ahead
	not _rolled_back
}

# The entry came with an older record: vaulttime.rollback leads, with the first step.
deny contains {
	"msg": _message,
	"file": ledger.file,
	"pointer": ledger.in_entry("verified_at"),
	"fix": "restore the newer record, or attest the artifact, which sets the date of the entry too: codexlock attest {artifact}",
} if {
	not _attested
	_rolled_back
}

deny contains {
	"msg": _message,
	"file": ledger.file,
	"pointer": ledger.in_entry("verified_at"),
	"fix": "correct the clock of the machine that attests, then attest: codexlock attest {artifact}",
} if {
	not _attested
	_ahead
}

_rolled_back if {
	input.checks.verified_at == "back"
	input.checks.rollback == "back"
}

_ahead if input.checks.verified_at == "future"

_attested if input.checks.verified_at == "kept"

_attested if input.checks.verified_at == "attested"

_attested if input.checks.verified_at == "new"

_attested if subject.no_content

_attested if ledger.no_entry

_message := sprintf("verified_at is %s, was %s, and no later VaultTime record came with it", [_now, _was]) if {
	input.checks.verified_at == "alone"
} else := sprintf("verified_at is %s, earlier than %s in the base commit", [_now, _was]) if {
	input.checks.verified_at == "back"
} else := sprintf("verified_at is %s, more than five minutes after %s", [_now, fact.text(["effective_time"])]) if {
	input.checks.verified_at == "future"
} else := sprintf("verified_at is %s, and nothing proves that an attestation set it", [_now])

_now := fact.text(["ledger", "entry", "verified_at"])

_was := fact.text(["base", "verified_at"])
