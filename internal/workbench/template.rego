# METADATA
# scope: package
# title: The artifact is not too large
# description: "Git keeps every version of a file for good: what is larger than 50 MiB belongs in Git LFS."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: owner
#   severity: deny
#   fix: "move it to Git LFS, and attest it again: git lfs track {artifact}"
package @PACKAGE@

# A finding is the absence of a proof: deny what is not shown to hold, so that a
# fact that is missing is found instead of passed.
deny contains {"msg": _message, "file": _path} if not _holds

# The condition is the line to edit. The facts that a rule can ask about are those
# of schemas/facts.json; codexlock facts PATH shows an artifact's.
_holds if input.artifact.size <= _most

_holds if input.artifact.proof == "lfs-oid"

# What is no file has no size, and is for the standard's rules to report.
_holds if input.artifact.kind in {
	"absent",
	"symlink",
	"submodule",
	"directory",
	"special",
	"oversized",
	"pointer",
	"misnamed",
	"misplaced",
}

_most := 52428800

# What a finding says must be there even where a fact is not.
_message := sprintf("its size is %v bytes, want at most %d", [_fact("size"), _most])

_path := _fact("path")

_fact(name) := object.get(input, ["artifact", name], "not measured")
