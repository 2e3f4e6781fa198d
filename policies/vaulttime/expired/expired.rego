# METADATA
# scope: package
# title: The VaultTime record has not expired
# description: A record is valid until its timestamp plus ttl_hours. After that, the artifact has to be verified and attested again. A run with --valid-for wants it to be valid for some time more.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ZT-4.3
#   severity: deny
#   problem: VaultTime record has expired
#   kind: expiry
#   fix: "renew it, which verifies it first: codexlock renew --expired {artifact}"
#   level: tier-1
#   cause: lock.drift
package codexlock.vaulttime.expired

import data.codexlock.lib.document
import data.codexlock.lib.fact
import data.codexlock.lib.hint
import data.codexlock.lib.subject

deny contains {"msg": _message, "file": fact.file("vaulttime"), "pointer": "/timestamp"} if {
	not _proved
	not _changed
	not _expiring
	not _other
}

# It is valid now, and not for as long as this run wants.
deny contains {
	"msg": _message,
	"file": fact.file("vaulttime"),
	"pointer": "/timestamp",
	"fix": "renew it, with a time that reaches so far: codexlock renew --within DURATION {artifact}",
} if {
	_expiring
}

# The change was attested longer ago than its record is valid.
deny contains {
	"msg": _message,
	"file": fact.file("vaulttime"),
	"pointer": "/timestamp",
	"fix": "a maintainer renews it on this branch, which verifies it first: codexlock renew --expired {artifact}",
} if {
	not _proved
	_changed
	not _off_branch
	not _expiring
	not _other
}

# The same where renewals are in the ref: renew verifies the default branch, not this one.
deny contains {
	"msg": _message,
	"file": fact.file("vaulttime"),
	"pointer": "/timestamp",
	"fix": "a maintainer reviews the change, and attests it again on its branch, or with the workflow Attest: codexlock attest {artifact}",
} if {
	not _proved
	_changed
	_off_branch
	not _expiring
	not _other
}

# The content changed, and nobody attested it: that it expired too is the same cause.
deny contains {
	"msg": _message,
	"file": fact.file("vaulttime"),
	"pointer": "/timestamp",
	"fix": "restore the file, or, if the change is intended, attest it: codexlock attest {artifact}",
} if {
	not _proved
	not _expiring
	_other
	not document.recorded
}

# The record is of other content, and it is the record that was changed.
deny contains {
	"msg": _message,
	"file": fact.file("vaulttime"),
	"pointer": "/timestamp",
	"fix": hint.changed,
} if {
	not _proved
	not _expiring
	_other
	document.recorded
}

_other if input.checks.vaulttime == "differs"

# renewals: ref.
_off_branch if input.renewal.state

_changed if input.artifact.change in {"added", "modified"}

_expiring if input.checks.time == "expiring"

_proved if input.checks.time == "current"

# vaulttime.future reports it.
_proved if input.checks.time == "future"

_proved if subject.no_content

_proved if input.vaulttime.state in document.unread

_message := sprintf("expired at %s, and it is %s", [
	fact.text(["vaulttime", "expires_at"]),
	fact.text(["effective_time"]),
]) if {
	input.checks.time == "expired"
} else := sprintf("expires at %s, want it to be valid until %s", [
	fact.text(["vaulttime", "expires_at"]),
	fact.text(["settings", "valid_until"]),
]) if {
	_expiring
} else := sprintf("nothing proves that its VaultTime record is valid at %s", [fact.text(["effective_time"])])
