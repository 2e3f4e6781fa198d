# METADATA
# scope: package
# title: Record and ledger agree on the trust domain
# description: The trust_domain of X.vaulttime.json is that of the artifact's entry in Codex-Lock.json.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.1
#   severity: deny
#   problem: Record and ledger name different domains
#   kind: record
#   fix: "correct the domain in the ledger, or attest the artifact: codexlock attest {artifact}"
package codexlock.vaulttime.domain

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/trust_domain"} if not _proved

_proved if input.checks.domain == "match"

_proved if ledger.no_entry

_proved if subject.no_content

_proved if input.vaulttime.state in document.unread

_message := sprintf("trust_domain is %q, %s records %q", [
	fact.text(["vaulttime", "trust_domain"]),
	ledger.file,
	fact.text(["ledger", "entry", "trust_domain"]),
])
