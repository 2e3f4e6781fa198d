# METADATA
# scope: package
# title: Facts in words
# description: |
#   Facts as text for messages. Every function here is total: a message that was
#   undefined would drop its denial without a word.
package codexlock.lib.fact

# text is the fact at a path below input.
text(path) := sprintf("%v", [object.get(input, path, "not measured")])

# digest is the SHA-256 at a path below input, in short.
digest(path) := short(text(path))

# short is a SHA-256 in short, enough to tell two apart.
short(full) := sprintf("%s…", [substring(full, 0, 12)]) if {
	count(full) == 64
} else := full

# file is where a companion is or is expected; name is its name in input, and the
# end of its file's name.
file(name) := path if {
	path := object.get(input, [name, "path"], "")
	path != ""
} else := sprintf("%s.%s", [text(["artifact", "path"]), _endings[name]])

_endings := {"manifest": "manifest.json", "vaulttime": "vaulttime.json", "test": "test"}
