# METADATA
# scope: package
# title: The ledger lists the artifact once
# description: Codex-Lock.json has one entry for each path. With two, different tools would use different entries.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.1
#   severity: deny
#   problem: Ledger lists the artifact twice
#   kind: record
#   fix: "keep the correct entry and remove the others, or remove all of them and attest: codexlock attest {artifact}"
package codexlock.lock.duplicate

import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": ledger.file, "pointer": _second} if not _once

_once if input.ledger.listed in {"never", "once"}

_once if subject.no_content

_message := sprintf("is listed %d times in %s, want once", [count(input.ledger.entries), ledger.file]) if {
	input.ledger.listed == "often"
} else := sprintf("nothing proves that it is listed once in %s", [ledger.file])

_second := object.get(input, ["ledger", "entries", 1], "")
