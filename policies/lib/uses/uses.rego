# METADATA
# scope: package
# title: Uses
# description: The uses of artifacts in workflows and other files, and the findings about them.
# schemas:
#   - input: schema.facts
package codexlock.lib.uses

# all_verified states that no use is unverified.
all_verified if input.repository.use_checks.uses in {"absent", "verified"}

# measured states that the facts contain the uses that are not verified.
measured if all_verified

measured if {
	input.repository.use_checks.uses == "unverified"
	count(input.repository.uses) > 0
}

# unverified states that nothing verifies a use, and that use.weakened does not report it.
# Where a change is judged, it answers for the files that it edits and for new artifacts.
unverified(use) if {
	not _verified(use)
	not weakened(use)
	not _elsewhere(use)
}

# unchanged are the files with uses that the change does not edit.
unchanged contains file.path if {
	some file in input.repository.use_files
	file.change == "unchanged"
}

# existing states that the base has a use too.
existing(use) if use.before in {"none", "at_use", "earlier"}

# lost states that a use was verified in the base and is not verified any more.
lost(use) if {
	use.before in _verifications
	not _verified(use)
}

# weakened states the same of a use that is certain.
weakened(use) if {
	lost(use)
	not uncertain(use)
}

# uncertain states that it is not known whether the file that is used is the artifact.
uncertain(use) if use.how in {"suffix", "glob", "folder", "token"}

# certainty is "certain" or "uncertain".
certainty(use) := "uncertain" if {
	uncertain(use)
} else := "certain"

# data_use states that a use reads or copies an artifact, and does not execute it.
data_use(use) if use.kind in {"copy", "load"}

# build_use states that a use is in another file than a workflow or an action.
build_use(use) if use.site in {"docker", "make", "compose", "pre-commit"}

# file is the path of the file with a use.
file(use) := object.get(use, "file", "codexlock.yaml")

# job is the name of the job, stage, target, service or hook with a use, or "".
job(use) := object.get(use, "job", "")

# finding is one finding about the uses in a job. Its position is that of the first one.
# Its statement, which a baseline names, consists of the job and all of its uses, so that
# no entry covers a use that is added later. state is "not" or "no longer"; reason is the
# end of the message.
finding(found, state, reason) := object.union(_term(first), {
	"msg": sprintf("%s: %s%s", [_summary(first, count(ordered), state), _list(ordered), reason]),
	"file": file(first),
	"line": object.get(first, "line", 1),
	"column": object.get(first, "column", 1),
	"fix": _fix(first),
	"statement": concat("\n", array.concat([job(first)], sort({_statement(use) | some use in found}))),
}) if {
	ordered := [entry[2] | some entry in sort([[object.get(use, "line", 1), object.get(use, "column", 1), use] | some use in found])]
	first := ordered[0]
}

_verifications := {"at_use", "earlier"}

_elsewhere(use) if {
	input.repository.scope == "changed"
	existing(use)
	file(use) in unchanged
}

_verified(use) if use.verified in _verifications

_summary(use, 1, state) := sprintf("1 use%s is %s verified", [_where(use), state])

_summary(use, n, state) := sprintf("%d uses%s are %s verified", [n, _where(use), state]) if n > 1

_where(use) := sprintf(" in %s %q", [object.get(_nouns, object.get(use, "site", ""), "job"), job(use)]) if {
	job(use) != ""
} else := ""

_nouns := {"docker": "stage", "make": "target", "compose": "service", "pre-commit": "hook"}

# _most is the largest number of uses that a message lists.
_most := 5

_list(ordered) := sprintf("%s and %d more", [concat(", ", _texts(array.slice(ordered, 0, _most))), count(ordered) - _most]) if {
	count(ordered) > _most
} else := concat(", ", _texts(ordered))

_texts(ordered) := [sprintf("line %d %s %s", [object.get(use, "line", 1), _verb(use), _path(use)]) | some use in ordered]

_verb(use) := sprintf("may %s", [_kind(use)]) if {
	uncertain(use)
} else := object.get(_verbs, _kind(use), "executes")

_verbs := {"source": "sources", "copy": "copies", "load": "loads"}

_kind(use) := object.get(use, "kind", "execute")

_path(use) := object.get(use, "path", "an artifact")

_statement(use) := concat(" ", [_kind(use), object.get(use, "how", "exact"), _path(use)])

# _term is the job as the term of a finding, if its name can be one.
_term(use) := {"term": job(use)} if {
	regex.match(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`, job(use))
} else := {}

_fix(use) := sprintf(object.get(_fixes, _kind(use), _fixes.execute), [name, _guide]) if {
	name := _typed(use)
}

_fixes := {
	"execute": "verify it where it is used: codexlock run -- %s; or before it: codexlock verify %[1]s (%[2]s)",
	"source": "verify it before it is sourced: codexlock verify %s (%s)",
	"copy": "copy what was verified: codexlock copy %s DEST (%s)",
	"load": "read what was verified: codexlock open %s (%s)",
}

_guide := "https://github.com/codexlock/codexlock/blob/main/docs/guides/use.md#which-uses-are-not-verified"

# _typed is the path of a use for a command that a person types, or PATH if it is not the
# path of one file or a shell would read anything else in it.
_typed(use) := _path(use) if {
	not uncertain(use)
	regex.match(`^[A-Za-z0-9_.][A-Za-z0-9_./@%+=:,-]*$`, _path(use))
} else := "PATH"
