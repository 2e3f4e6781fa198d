# METADATA
# scope: package
# title: No credential is written down
# description: Neither the artifact nor its test holds what the rules of gitleaks know as a credential, a token or a key. What was found is never shown. Binary files are left alone.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.2
#   severity: deny
#   fix: "revoke it, for it stands in the history of Git from now on; take it from the environment instead, and attest again: codexlock attest {artifact}"
package codexlock.content.secret

import data.codexlock.lib.content

deny contains {"msg": message, "term": kind, "file": file, "line": line, "column": column} if {
	some whose, facts in content.judged
	some found in facts.secrets
	kind := object.get(found, "kind", "unmeasured")
	line := object.get(found, "line", 1)
	column := object.get(found, "column", 1)
	message := sprintf("holds what looks like a secret (%s)", [kind])
	file := content.file(whose)
}

deny contains {"msg": message, "file": file} if {
	some whose, facts in content.judged
	not whose in _searched
	message := sprintf("%s: nothing proves that no secret stands in it", [object.get(facts, "problem", "was not looked through")])
	file := content.file(whose)
}

_searched contains whose if {
	some whose in content.searched
	is_array(content.judged[whose].secrets)
}
