# METADATA
# scope: package
# title: The audit log
# description: What the rules about MANIFEST.integrity.json have in common.
# schemas:
#   - input: schema.facts
package codexlock.lib.log

# file is the path of the log.
file := object.get(input, ["repository", "log", "path"], "MANIFEST.integrity.json")

# none states that there is no log to judge: neither base nor head has one, or this
# change does not touch it.
none if {
	input.repository.log.state == "absent"
	input.repository.log.history == "absent"
}
