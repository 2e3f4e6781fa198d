# METADATA
# scope: package
# title: The subject of a rule
# description: Whether the artifact's path has content that can be judged.
# schemas:
#   - input: schema.facts
package codexlock.lib.subject

# no_content states that there are no bytes to judge. layout.irregular reports anything
# but a regular file, lock.orphan a listed file that does not exist.
no_content if input.artifact.kind in {"absent", "symlink", "submodule", "directory", "special", "oversized", "pointer", "misnamed", "misplaced"}

# An orphaned companion is not an artifact: layout.companions reports it.
no_content if input.artifact.companion_of
