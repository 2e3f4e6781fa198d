# METADATA
# scope: package
# title: No unverified file is used
# description: "assets/incoming/ and assets/quarantine/ are written to and never read from: no ledger entry, no manifest input and no script names a file in them."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-6.3
#   severity: deny
#   problem: Unverified file is used
#   fix: ingest the file first (codexlock ingest), then refer to it in assets/sources/
#   excepted: never
package codexlock.layout.consumed

import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.script

deny contains {"msg": message, "file": ledger.file, "pointer": ledger.in_entry("path")} if {
	not _not_listed
	message := sprintf("%q is listed as trusted, but %s holds unverified files", [_path, _area(_path)])
}

deny contains {"msg": message, "file": fact.file("manifest"), "pointer": pointer} if {
	some reference in input.manifest.inputs
	path := object.get(reference, "path", "assets/incoming/")
	_unverified(path)
	pointer := object.get(reference, "pointer", "")
	message := sprintf("was made from %q, but %s holds unverified files", [path, _area(path)])
}

deny contains {"msg": message, "file": file, "line": place.line, "column": place.column} if {
	some whose, facts in script.readable
	some use in facts.references
	place := script.place(use)
	message := sprintf("uses %q, which is not verified", [object.get(use, "text", "a file")])
	file := script.file(whose)
}

deny contains {"msg": "nothing proves that it uses only verified files", "file": file} if {
	some whose, facts in script.readable
	not whose in _measured
	file := script.file(whose)
}

_measured contains whose if {
	some whose, facts in script.readable
	is_array(facts.references)
}

_path := object.get(input, ["artifact", "path"], "")

_not_listed if input.artifact.area in {"sources", "elsewhere"}

_not_listed if input.ledger.listed == "never"

# The ledger cannot be read, which lock.missing and lock.schema report.
_not_listed if input.ledger.state in {"absent", "invalid", "irregular"}

# A name that means different files: layout.irregular reports it.
_not_listed if input.artifact.kind == "misnamed"

# It replaces a folder of artifacts: layout.irregular reports it too.
_not_listed if input.artifact.kind == "misplaced"

_unverified(path) if startswith(path, "assets/incoming/")

_unverified(path) if startswith(path, "assets/quarantine/")

_area(path) := "assets/quarantine/" if {
	startswith(path, "assets/quarantine/")
} else := "assets/incoming/"
