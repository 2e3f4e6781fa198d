# METADATA
# scope: package
# title: An artifact is a regular file with a portable name
# description: "Symlinks, submodules, folders and special files are never artifacts, nor is a file too large to be hashed or one whose name means different files on different systems or none on Windows (a device such as CON or nul.txt, any of <>:|?* or a quotation mark, a dot or space at the end of a part): what is verified would not be what is used. The folders above an artifact are folders: below a symlink, a submodule or a file in their place nothing is verified."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-6.1
#   severity: deny
#   problem: Not a regular, portable file
#   kind: record
#   fix: replace it with a regular file that has a portable name, or exclude it from the artifacts; if a folder of artifacts was replaced, restore the folder
#   excepted: never
package codexlock.layout.irregular

import data.codexlock.lib.fact

deny contains _message if not _regular

_regular if input.artifact.kind == "file"

# It was removed; lock.orphan reports its remains.
_regular if input.artifact.kind == "absent"

_message := sprintf("is a %s, want a folder: %q belongs below it", [_noun, fact.text(["artifact", "above"])]) if {
	input.artifact.kind == "misplaced"
} else := object.get(_pointers, object.get(input, ["artifact", "pointer"], ""), "is a Git LFS pointer, want its content") if {
	_kind == "pointer"
} else := object.get(_messages, _kind, "nothing proves that it is a regular file")

_kind := object.get(input, ["artifact", "kind"], "")

_noun := object.get(_nouns, object.get(input, ["artifact", "stands"], ""), "file of an unknown kind")

_nouns := {
	"file": "file",
	"oversized": "file",
	"symlink": "symlink",
	"submodule": "submodule",
	"special": "special file",
}

_messages := {
	"symlink": "is a symlink, want a regular file",
	"submodule": "is a submodule, want a regular file",
	"directory": "is a folder, want a regular file",
	"special": "is a special file (a device, socket or pipe), want a regular file",
	"oversized": "is larger than what is hashed, want a regular file of a size that is",
	"misnamed": "its name means different files on different systems or hides what it is, want a plain one",
}

_pointers := {
	"script": "could not verify: is a Git LFS pointer to what may be a script or a text, want the file itself in Git",
	"content": "could not verify: is a Git LFS pointer, and the configuration wants the content (lfs: content)",
	"malformed": "is like a Git LFS pointer and has not its canonical form, want one that git lfs writes",
	"unfiltered": "is a Git LFS pointer without the attribute filter=lfs, so Git hands out the pointer itself",
}
