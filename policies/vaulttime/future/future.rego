# METADATA
# scope: package
# title: The VaultTime record is not from the future
# description: A record's timestamp is at most five minutes after the time of the verification, to allow for differing clocks.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.3
#   severity: deny
#   problem: VaultTime record is from the future
#   kind: record
#   fix: "correct the clock of the machine that attests, then attest: codexlock attest {artifact}"
package codexlock.vaulttime.future

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/timestamp"} if not _proved

_proved if input.checks.time == "current"

# vaulttime.expired reports it.
_proved if input.checks.time == "expired"

_proved if input.checks.time == "expiring"

_proved if subject.no_content

_proved if input.vaulttime.state in document.unread

_message := sprintf("timestamp is %s, more than five minutes after %s", [
	fact.text(["vaulttime", "timestamp"]),
	fact.text(["effective_time"]),
]) if {
	input.checks.time == "future"
} else := sprintf("nothing proves that its VaultTime record was made before %s", [fact.text(["effective_time"])])
