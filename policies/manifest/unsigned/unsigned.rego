# METADATA
# scope: package
# title: The record signs the manifest
# description: "The record's manifest_sha256 is the digest of X.manifest.json, so that the proof covers the manifest too. A record that has it must match, and a record that had it in the base commit keeps it. With require_proof: true and records: 2 in the base commit's configuration, every new or changed record has it."
# schemas:
#   - input: schema.facts
# custom:
#   requirement: P4
#   severity: deny
#   problem: Record does not sign the manifest
#   kind: manifest
#   fix: "find out who changed it: git log -p -- {file}; do not attest {artifact} until you know"
package codexlock.manifest.unsigned

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": _file} if {
	not _signed
	not _tolerated
	not _plain
}

deny contains {"msg": _message, "file": _file, "fix": _upgrade} if {
	not _signed
	not _tolerated
	_plain
}

warn contains {"msg": _message, "file": _file, "fix": _upgrade} if {
	not _signed
	_tolerated
}

_signed if input.checks.manifest_signed == "match"

# The record does not have the digest, and nothing requires it yet: records: 1, and
# the manifest is that of the base commit or came with its record.
_signed if {
	_digest_absent
	input.settings.sign_companions == false
	not _edited_alone
}

_signed if subject.no_content

# manifest.missing and manifest.schema report a manifest that cannot be read.
_signed if input.manifest.state in document.unread

# vaulttime.proof reports a record of another artifact, whose digests are not about this one.
_signed if input.checks.path == "differs"

# vaulttime.missing and vaulttime.schema report a record that cannot be read.
_signed if input.vaulttime.state in document.unread

# The record does not have the digest, and need not have it: it never had, and either
# the configuration does not require it, or record and manifest are unchanged.
_tolerated if {
	_digest_absent
	input.settings.sign_companions == false
}

_tolerated if {
	_digest_absent
	input.settings.require_proof == false
}

_tolerated if {
	_digest_absent
	input.base.record_text == "same"
	input.base.manifest == "same"
}

_digest_absent if {
	input.checks.manifest_signed == "absent"
	object.get(input, ["base", "manifest_sha256"], "absent") == "absent"
}

_upgrade := "attest it, which signs the manifest: codexlock attest {artifact}"

# The record never had the digest, and nobody edited the manifest.
_plain if {
	_digest_absent
	not _edited_alone
}

_edited_alone if {
	input.base.record_text == "same"
	not input.base.manifest == "same"
}

_message := "manifest differs from the one that the record signs: it was changed after the attestation" if {
	input.checks.manifest_signed == "differs"
} else := "record no longer signs the manifest: it has no manifest_sha256, and the base commit's record has one" if {
	input.checks.manifest_signed == "absent"
	input.base.manifest_sha256 == "present"
} else := "record does not sign the manifest: it has no manifest_sha256, and the base commit's record, which cannot be read, may have had one" if {
	input.checks.manifest_signed == "absent"
	input.base.manifest_sha256 == "unknown"
} else := "manifest was changed, and the record does not sign it: it has no manifest_sha256" if {
	_edited_alone
} else := "record does not sign the manifest: it has no manifest_sha256" if {
	input.checks.manifest_signed == "absent"
} else := "nothing proves that the manifest is the one that was attested"

_file := fact.file("vaulttime") if {
	input.checks.manifest_signed == "absent"
	not _edited_alone
} else := fact.file("manifest")
