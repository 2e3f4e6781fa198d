# METADATA
# scope: package
# title: A key is rotated every 90 days
# description: The current key of a trust domain is less than 90 days old, by created_at of its public key in codexlock.yaml.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-14.4
#   severity: warn
#   problem: Key is due for rotation
#   fix: "rotate it: set its variable to a new key and the variable with the suffix _OLD to this one, then run codexlock keys rotate"
#   subject: repository
package codexlock.trust.rotation_due

import data.codexlock.lib.keys

warn contains {"msg": message, "file": keys.file, "pointer": pointer} if {
	not input.repository.key_checks.age == "fresh"
	some key in input.repository.keys
	some epoch in key.public_keys
	not object.get(epoch, "state", "current") in {"retiring", "revoked"}
	not epoch.age == "fresh"
	message := _message(key, epoch)
	pointer := object.get(epoch, "pointer", "")
}

warn contains {"msg": "nothing proves that the keys are rotated", "file": keys.file} if {
	not input.repository.key_checks.age == "fresh"
	not keys.measured
}

_message(key, epoch) := sprintf("key %s of trust domain %q was made at %s, 90 days ago or more", [
	object.get(epoch, "id", ""),
	keys.domain(key),
	object.get(epoch, "created_at", "a time that is not known"),
]) if {
	epoch.age == "due"
} else := sprintf("the age of key %s of trust domain %q is unknown: it has no created_at", [object.get(epoch, "id", ""), keys.domain(key)])
