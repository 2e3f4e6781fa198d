# METADATA
# scope: package
# title: No drift is tolerated
# description: "The entry's drift_tolerance is 0.0: a hash is equal or it is not."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-3.5
#   severity: deny
#   problem: Ledger tolerates drift
#   kind: record
#   fix: "set it to 0.0, or attest the artifact: codexlock attest {artifact}"
package codexlock.lock.tolerance

import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": ledger.file, "pointer": ledger.in_entry("drift_tolerance")} if not _zero

_zero if input.checks.tolerance == "zero"

_zero if subject.no_content

_zero if ledger.no_entry

_message := sprintf("drift_tolerance is %s, want 0.0", [fact.text(["ledger", "entry", "drift_tolerance"])])
