# METADATA
# scope: package
# title: The key is the one that codexlock.yaml lists
# description: "Where a trust domain lists public keys, the key that this run has for it is the current one of them, with the same public half: what another key signs is not believed. With a retiring key alone this is a warning, for it signs nothing new."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.2
#   severity: deny
#   fix: "give this run the current key, or list this one in codexlock.yaml: codexlock keys public"
#   subject: repository
package codexlock.trust.unlisted_key

import data.codexlock.lib.keys

deny contains finding if {
	not input.repository.key_checks.listing == "listed"
	some key in input.repository.keys
	not object.get(key, "listed", "unmeasured") in {"current", "none", "absent", "retiring"}
	some finding in _finding(key)
}

deny contains {"msg": "nothing proves that the keys are those that codexlock.yaml lists", "file": keys.file} if {
	not input.repository.key_checks.listing == "listed"
	not keys.measured
}

warn contains finding if {
	not input.repository.key_checks.listing == "listed"
	some key in input.repository.keys
	key.listed == "retiring"
	some finding in _finding(key)
}

_finding(key) := {{
	"msg": sprintf("the key in %s, %s, %s", [
		object.get(key, "variable", "the environment"),
		object.get(key, "id", "with no id"),
		_standing(key),
	]),
	"file": keys.file,
	"pointer": object.get(key, "pointer", ""),
}}

_standing(key) := sprintf("is none that trust domain %q lists", [keys.domain(key)]) if {
	key.listed == "missing"
} else := sprintf("has another public key than trust domain %q lists under its id", [keys.domain(key)]) if {
	key.listed == "differs"
} else := sprintf("is a %s one of trust domain %q", [key.listed, keys.domain(key)]) if {
	key.listed in {"revoked", "retiring"}
} else := sprintf("is not known to be one that trust domain %q lists", [keys.domain(key)])
