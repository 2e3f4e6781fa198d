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

# judged has the facts about an artifact's scripts: its own, if it is a script, under
# "artifact", and its test's under "test". Rules read the path of a script only to
# report a finding: an evaluation that does not read it can be reused for other paths.
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

# file is the path of a script of judged.
file("artifact") := fact.text(["artifact", "path"])

file("test") := fact.file("test")

# readable has the scripts of judged that Bash parses: script.syntax reports the
# others, script.shebang reports scripts of another language. Each name has its own
# rule, as above: OPA reads a value as a whole when a rule stores it under a computed
# key, and then no two scripts are alike.
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

# unparsed states that only the first line of a script is known.
unparsed(facts) if facts.state in {"invalid", "unread"}

# place is the position of a use in a script.
place(use) := {"line": object.get(use, "line", 1), "column": object.get(use, "column", 1)}

# tolerated states that a finding about a file is a warning: it is a test that was
# written by hand in a repository without a configuration, as its records may be.
tolerated(file) if {
	input.settings.configured == false
	file == fact.file("test")
}

_foreign(facts) if facts.state == "other"

_no_script if input.artifact.script == "no"

# test.missing reports a test that does not exist.
_no_test if input.test.state in document.missing
