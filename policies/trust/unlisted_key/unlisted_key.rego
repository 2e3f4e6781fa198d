# METADATA
# scope: package
# title: The key is listed in codexlock.yaml
# description: "If a trust domain lists public keys, the key that this run has for it is the listed current key, with the same public key: signatures of another key are not trusted. With only a retiring key this is a warning, because that key signs nothing new."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.2
#   severity: deny
#   problem: Key is not listed
#   fix: "set the variable to the current key, or list this key in codexlock.yaml: codexlock keys public"
#   subject: repository
package codexlock.trust.unlisted_key

import data.codexlock.lib.keys

deny contains finding if {
	not input.repository.key_checks.listing == "listed"
	some key in input.repository.keys
	not object.get(key, "listed", "unmeasured") in {"current", "none", "absent", "retiring"}
	some finding in _finding(key)
}

deny contains {"msg": "nothing proves that the keys are listed in codexlock.yaml", "file": keys.file} if {
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
		_problem(key),
	]),
	"file": keys.file,
	"pointer": object.get(key, "pointer", ""),
}}

_problem(key) := sprintf("is not listed for trust domain %q", [keys.domain(key)]) if {
	key.listed == "missing"
} else := sprintf("differs from the public key that trust domain %q lists under its id", [keys.domain(key)]) if {
	key.listed == "differs"
} else := sprintf("is a %s one of trust domain %q", [key.listed, keys.domain(key)]) if {
	key.listed in {"revoked", "retiring"}
} else := sprintf("is not known to be listed for trust domain %q", [keys.domain(key)])
