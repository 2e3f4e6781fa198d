# METADATA
# scope: package
# title: No credential is in a file
# description: Neither the artifact nor its test contains what the rules of gitleaks recognise as a credential, a token or a key. The value is never printed. Binary files are not searched.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-9.2
#   severity: deny
#   problem: File contains a credential
#   excerpt: never
#   fix: "revoke it, because it stays in Git's history; read it from the environment instead, then attest: codexlock attest {artifact}"
package codexlock.content.secret

import data.codexlock.lib.content

deny contains {"msg": message, "term": kind, "file": file, "line": line, "column": column} if {
	some whose, facts in content.judged
	some found in facts.secrets
	kind := object.get(found, "kind", "unmeasured")
	line := object.get(found, "line", 1)
	column := object.get(found, "column", 1)
	message := sprintf("contains what looks like a secret (%s)", [kind])
	file := content.file(whose)
}

deny contains {"msg": message, "file": file, "fix": "split the file or shorten its lines, so that all of it can be searched"} if {
	some whose, facts in content.judged
	not whose in _searched
	message := sprintf("%s: nothing proves that it contains no secret", [object.get(facts, "problem", "was not searched")])
	file := content.file(whose)
}

_searched contains whose if {
	some whose in content.searched
	is_array(content.judged[whose].secrets)
}
