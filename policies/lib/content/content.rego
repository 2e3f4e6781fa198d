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

# judged are what is known of the texts of an artifact, by whose they are: its own
# and its test's. The bytes that a Git LFS pointer stands for are not here.
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

# file is the file of a text.
file("artifact") := fact.text(["artifact", "path"])

file("test") := fact.file("test")

# searched are the texts that were looked through to their end, or are none.
searched contains whose if {
	some whose, facts in judged
	facts.state in {"text", "binary"}
}

# test.missing reports it.
_no_test if input.test.state in document.elsewhere
