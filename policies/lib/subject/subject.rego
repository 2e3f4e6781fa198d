# METADATA
# scope: package
# title: The subject of a rule
# description: What stands at the artifact's path, where that is no artifact whose content can be judged.
# schemas:
#   - input: schema.facts
package codexlock.lib.subject

# no_content states that there are no bytes to judge. What is irregular is
# layout.irregular's to report; what is gone and still listed, lock.orphan's.
no_content if input.artifact.kind in {"absent", "symlink", "submodule", "directory", "special", "oversized", "pointer", "misnamed", "misplaced"}

# A companion that is left behind is no artifact: layout.companions reports it.
no_content if input.artifact.companion_of
