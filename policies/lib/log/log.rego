# METADATA
# scope: package
# title: The audit log
# description: What the rules about MANIFEST.integrity.json have in common.
# schemas:
#   - input: schema.facts
package codexlock.lib.log

# file is where the log is.
file := object.get(input, ["repository", "log", "path"], "MANIFEST.integrity.json")

# none states that there is nothing to judge: no log in the base or here, or none
# that this change touches.
none if {
	input.repository.log.state == "absent"
	input.repository.log.history == "absent"
}
