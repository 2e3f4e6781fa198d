# METADATA
# scope: package
# title: A trust domain has a key of its own
# description: No two trust domains of codexlock.yaml take their key from one environment variable, or have the same key.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P2
#   severity: deny
#   problem: Trust domains share a key
#   fix: "make a key for each domain (openssl rand -hex 32) and name a variable for each in codexlock.yaml: key: env:VAULTTIME_KEY_NAME"
#   subject: repository
package codexlock.trust.shared_key

import data.codexlock.lib.keys

deny contains {"msg": message, "file": keys.file, "pointer": object.get(key, "pointer", "")} if {
	not input.repository.key_checks.sharing == "apart"
	some key in input.repository.keys
	others := object.get(key, "shared_with", ["one that was not measured"])
	count(others) > 0
	message := sprintf("trust domain %q has the same key as %s", [keys.domain(key), concat(", ", others)])
}

deny contains {"msg": "nothing proves that each trust domain has a key of its own", "file": keys.file} if {
	not input.repository.key_checks.sharing == "apart"
	not keys.measured
}
