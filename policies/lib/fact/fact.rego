# METADATA
# scope: package
# title: Facts as text
# description: |
#   Facts as text for messages. Every function here is total: an undefined message
#   would drop its denial silently.
package codexlock.lib.fact

# text is the fact at a path below input.
text(path) := sprintf("%v", [object.get(input, path, "not measured")])

# digest is the abbreviated SHA-256 at a path below input.
digest(path) := short(text(path))

# short is an abbreviated SHA-256, long enough to distinguish two.
short(full) := sprintf("%s…", [substring(full, 0, 12)]) if {
	count(full) == 64
} else := full

# file is the path at which a companion is or should be; name is its name in input.
file(name) := path if {
	path := object.get(input, [name, "path"], "")
	path != ""
} else := sprintf("%s.%s", [text(["artifact", "path"]), _endings[name]])

_endings := {"manifest": "manifest.json", "vaulttime": "vaulttime.json", "test": "test"}
