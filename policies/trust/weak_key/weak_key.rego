# METADATA
# scope: package
# title: A key cannot be guessed
# description: A VaultTime key has at least 32 bytes, no surrounding white space and no control characters. Anybody can check a guess against a published record. Without a configuration this is a warning.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.2
#   severity: deny
#   problem: Key can be guessed
#   fix: make a key (openssl rand -hex 32), set the variable to it, and attest what the old key signed
#   subject: repository
package codexlock.trust.weak_key

import data.codexlock.lib.keys

deny contains finding if {
	input.repository.config
	some finding in _findings
}

deny contains {"msg": "nothing proves that no key can be guessed", "file": keys.file} if {
	not input.repository.key_checks.strength == "strong"
	not keys.measured
}

warn contains finding if {
	not input.repository.config
	some finding in _findings
}

# Where there is no key, vaulttime.unverifiable reports it.
_strong(key) if key.strength in {"strong", "absent"}

_findings contains {"msg": message, "file": keys.file, "pointer": object.get(key, "pointer", "")} if {
	not input.repository.key_checks.strength == "strong"
	some key in input.repository.keys
	not _strong(key)
	message := sprintf("the key in %s %s", [
		object.get(key, "variable", "the environment"),
		object.get(key, "weakness", "is not known to be one that cannot be guessed"),
	])
}
