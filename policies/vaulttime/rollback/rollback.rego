# METADATA
# scope: package
# title: The VaultTime record does not go back in time
# description: "A record's content was not approved earlier than that of the base commit's record for the same artifact: old content cannot be restored with its old record, nor with a later renewal of that record. attested_at, which renewals keep, is compared first, then timestamp. A record without attested_at is compared by its timestamp. If the base commit's record has attested_at, its successor has it too."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.3
#   severity: deny
#   problem: VaultTime record goes back in time
#   kind: record
#   cause: vaulttime.rollback
#   fix: "find out who restored the older record: git log -p -- {file}; to return to this content on purpose, attest it: codexlock attest {artifact}"
package codexlock.vaulttime.rollback

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": _pointer} if not _proved

_proved if input.checks.rollback == "forward"

_proved if input.checks.rollback == "new"

_proved if subject.no_content

_proved if input.vaulttime.state in document.unread

_message := sprintf("its content was attested at %s, earlier than %s in the base commit; a renewal does not change that", [
	_attested,
	_attested_before,
]) if {
	_renewed
} else := sprintf("timestamp is %s, earlier than %s in the base commit", [
	fact.text(["vaulttime", "timestamp"]),
	object.get(input, ["base", "timestamp"], object.get(input, ["base", "verified_at"], "not measured")),
]) if {
	input.checks.rollback == "back"
} else := "record has no attested_at, and the base commit's record has one" if {
	input.checks.rollback == "undated"
} else := sprintf("timestamp is %s, and nothing proves that it is not older than the base commit's", [fact.text(["vaulttime", "timestamp"])])

# The old record was renewed, so that its timestamp alone does not show the rollback.
_renewed if {
	input.checks.rollback == "back"
	input.base.record == "earlier"
	input.vaulttime.attested_at
	not input.vaulttime.timestamp < input.base.timestamp
}

_attested := fact.text(["vaulttime", "attested_at"])

_attested_before := object.get(input, ["base", "attested_at"], fact.text(["base", "timestamp"]))

_pointer := "/attested_at" if {
	_renewed
} else := "" if {
	input.checks.rollback == "undated"
} else := "/timestamp"
