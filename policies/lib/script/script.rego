# METADATA
# scope: package
# title: Scripts
# description: The shell scripts that a rule about scripts judges.
# schemas:
#   - input: schema.facts
package codexlock.lib.script

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

# judged are what is known of an artifact's scripts, by whose they are: its own,
# where it is one, and its test's. Their files are only asked for where there is
# something to report: what no rule reads, it need not be asked about again.
judged["artifact"] := facts if {
	not subject.no_content
	not _no_script
	facts := object.get(input, "script", {})
}

judged["test"] := facts if {
	not subject.no_content
	not _no_test
	facts := object.get(input, ["test", "script"], {})
}

# file is the file of a script.
file("artifact") := fact.text(["artifact", "path"])

file("test") := fact.file("test")

# readable are those that say something: script.syntax reports what Bash does not
# parse, script.shebang what is a script of another language. One rule for each, as
# above: a value that a rule puts into an object by a key that it computes is read as
# a whole, and then no two scripts are alike.
readable["artifact"] := facts if {
	facts := judged.artifact
	not unparsed(facts)
	not _foreign(facts)
}

readable["test"] := facts if {
	facts := judged.test
	not unparsed(facts)
	not _foreign(facts)
}

# unparsed states that nothing more than its first line is known of a script.
unparsed(facts) if facts.state in {"invalid", "unread"}

# place is where a use stands in a script.
place(use) := {"line": object.get(use, "line", 1), "column": object.get(use, "column", 1)}

# tolerated states that a finding about a file is a warning: it is a test that was
# written by hand in a repository without a configuration, as its records may be.
tolerated(file) if {
	input.settings.configured == false
	file == fact.file("test")
}

_foreign(facts) if facts.state == "other"

_no_script if input.artifact.script == "no"

# test.missing reports it.
_no_test if input.test.state in document.elsewhere
