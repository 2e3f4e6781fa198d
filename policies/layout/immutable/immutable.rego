# METADATA
# scope: package
# title: A merged source changes only with a new attestation
# description: Under assets/sources/, content that the base commit has changes only together with a later VaultTime record, a new manifest and a later verified_at. Its executable bit changes only together with a later record and verified_at. With --layout strict the file is read-only on the disk, mode 0444.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-6.2
#   severity: deny
#   problem: Merged source changed without an attestation
#   fix: "attest the new content: codexlock attest {artifact}"
#   excepted: never
package codexlock.layout.immutable

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.ledger
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/timestamp"} if not _kept

deny contains {
	"msg": _mode_message,
	"file": fact.text(["artifact", "path"]),
	"fix": "restore the mode, or attest it: codexlock attest {artifact}",
} if {
	not _mode_kept
}

deny contains {"msg": message, "file": fact.text(["artifact", "path"]), "fix": "make it read-only: chmod 0444 {artifact}"} if {
	not _read_only
	not subject.no_content
	message := sprintf("has mode %s on the disk, want 0444: merged sources are read-only", [fact.text(["artifact", "disk_mode"])])
}

_kept if subject.no_content

_kept if input.artifact.area in {"incoming", "quarantine", "elsewhere"}

# The artifact is new, so it changed nothing.
_kept if input.artifact.change == "added"

_kept if input.base.content in {"same", "absent"}

_kept if {
	input.base.content == "differs"
	input.base.record in {"later", "absent"}
	input.base.manifest in {"differs", "absent"}
	input.checks.verified_at in {"attested", "new"}
}

# The ledger, the manifest or the record is for another content, which lock.drift,
# manifest.hash and vaulttime.hash report; or one of them cannot be read, which its
# own rules report; or the record or verified_at is older, which vaulttime.rollback
# and lock.verified_at report.
_kept if {
	input.base.content == "differs"
	_reported
}

_mode_kept if subject.no_content

_mode_kept if input.artifact.area in {"incoming", "quarantine", "elsewhere"}

_mode_kept if input.artifact.change == "added"

_mode_kept if input.base.mode in {"same", "absent"}

# New content is attested together with its mode.
_mode_kept if {
	input.base.mode == "differs"
	input.base.content == "differs"
}

_mode_kept if {
	input.base.mode == "differs"
	input.base.record in {"later", "absent"}
	input.checks.verified_at in {"attested", "new"}
}

_mode_kept if {
	input.base.mode == "differs"
	_reported
}

_mode_message := message if {
	input.base.mode == "differs"
	message := sprintf("its mode changed to %s without a later record and verified_at: the new mode is not attested", [fact.text([
		"artifact",
		"mode",
	])])
} else := "nothing proves that its mode is the merged one, or was attested again"

_reported if "differs" in {input.checks.ledger, input.checks.manifest, input.checks.vaulttime}

_reported if input.manifest.state in document.unread

_reported if input.vaulttime.state in document.unread

_reported if ledger.no_entry

_reported if input.checks.rollback == "back"

_reported if input.checks.verified_at in {"alone", "back", "future"}

# The record is another one, since vaulttime.hash would report it otherwise; two attestations in
# the same second have one timestamp, and nothing shows which came last.
_message := "its content changed and its record is not later: the timestamp is that of the base commit's record" if {
	input.base.record == "same"
} else := "its content changed and its verified_at is not later: it is the base commit's" if {
	input.checks.verified_at == "kept"
} else := "nothing proves that it is the merged content, or was attested again"

_read_only if input.settings.layout == "git"

_read_only if input.artifact.area in {"incoming", "quarantine", "elsewhere"}

_read_only if input.artifact.disk_mode == "0444"
