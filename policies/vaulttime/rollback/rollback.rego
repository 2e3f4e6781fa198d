# METADATA
# scope: package
# title: The VaultTime record does not go back in time
# description: "A record is not older than the one of the same artifact in the base commit: an old record, once valid, cannot be brought back."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.3
#   severity: deny
#   fix: "take the record of the base commit, or attest it again: codexlock attest {artifact}"
package codexlock.vaulttime.rollback

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/timestamp"} if not _proved

_proved if input.checks.rollback == "forward"

_proved if input.checks.rollback == "new"

_proved if subject.no_content

_proved if input.vaulttime.state in document.unread

_message := sprintf("timestamp is %s, earlier than %s in the base commit", [
	fact.text(["vaulttime", "timestamp"]),
	fact.text(["base", "timestamp"]),
]) if {
	input.checks.rollback == "back"
} else := sprintf("timestamp is %s, and nothing proves that it is not older than the base commit's", [fact.text(["vaulttime", "timestamp"])])
