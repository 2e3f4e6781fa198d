# METADATA
# scope: package
# title: A script contacts approved hosts only
# description: "Every host that a command of the artifact, if it is a shell script, or of its test contacts is approved by the manifest or by the trust domain in codexlock.yaml. Only \"*\" approves a host that cannot be determined statically. Without a configuration, a finding in the test alone is a warning."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-5.3
#   severity: deny
#   problem: Script contacts an unapproved host
#   fix: approve the host in the manifest (network) or in the trust domain of codexlock.yaml, or remove the command
package codexlock.script.network

import data.codexlock.lib.script

deny contains finding if {
	some finding in _findings
	not script.tolerated(finding.file)
}

warn contains finding if {
	some finding in _findings
	script.tolerated(finding.file)
}

_findings contains {"msg": message, "file": file, "line": place.line, "column": place.column} if {
	some whose, facts in script.readable
	some access in facts.network
	not _approved(access)
	place := script.place(access)
	message := _message(access)
	file := script.file(whose)
}

_findings contains {"msg": "nothing proves that it contacts approved hosts only", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.network)
}

_approved(_) if "*" in _hosts

_approved(access) if access.host in _hosts

_hosts := {host | some host in object.get(input, ["manifest", "network"], [])} | {host | some host in object.get(input, ["domain", "network"], [])}

_message(access) := sprintf("%s contacts %s, which neither the manifest nor the trust domain approves", [_command(access), access.host]) if {
	access.host
} else := sprintf("%s contacts a host that cannot be determined statically", [_command(access)])

_command(access) := object.get(access, "command", "a command")
