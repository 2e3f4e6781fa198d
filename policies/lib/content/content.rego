# METADATA
# scope: package
# title: Contents
# description: The texts that a rule about content judges.
# schemas:
#   - input: schema.facts
package codexlock.lib.content

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

# judged has the facts about the texts of an artifact: its own under "artifact", its
# test's under "test". The content behind a Git LFS pointer is not measured.
judged["artifact"] := facts if {
	not subject.no_content
	not input.artifact.proof == "lfs-oid"
	facts := object.get(input, "content", {})
}

judged["test"] := facts if {
	not subject.no_content
	not _no_test
	facts := object.get(input, ["test", "content"], {})
}

# file is the path of a text of judged.
file("artifact") := fact.text(["artifact", "path"])

file("test") := fact.file("test")

# searched are the names in judged of texts that were searched to their end, and of
# binary files.
searched contains whose if {
	some whose, facts in judged
	facts.state in {"text", "binary"}
}

# test.missing reports a test that does not exist.
_no_test if input.test.state in document.missing
