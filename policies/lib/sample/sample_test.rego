# METADATA
# scope: package
# title: Samples
# description: Facts that every rule passes, for tests to change one thing in.
package codexlock.lib.sample

digest := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

other := "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

settings := {
	"require_proof": true,
	"sign_companions": true,
	"keyless": "deny",
	"lfs": "oid",
	"minimum_level": "a-plus",
	"configured": true,
	"run_tests": "never",
	"layout": "git",
}

# script is one that does nothing that it must not.
script := {
	"state": "parsed",
	"shebang": "bash",
	"first_line": "#!/usr/bin/env bash",
	"first_command": 2,
	"strict_mode": "first",
	"posix": "yes",
	"usage": "handled",
	"config": [],
	"privileges": [],
	"repeats": [],
	"references": [],
	"network": [],
	"opaque": [],
	"hashes": "yes",
	"signs": "yes",
	"behaves": "yes",
	"shellcheck": {"state": "passed", "findings": []},
}

# content is a text in which nothing stands that must not.
content := {"state": "text", "placeholders": [], "secrets": []}

# artifact is one that is attested, with everything beside it.
artifact := {
	"effective_time": "2026-11-23T12:00:00Z",
	"settings": settings,
	"artifact": {
		"path": "assets/sources/model.bin",
		"change": "modified",
		"kind": "file",
		"mode": "100644",
		"area": "sources",
		"script": "no",
		"critical": "yes",
		"sha256": digest,
		"size": 4,
		"proof": "content",
	},
	"ledger": {
		"path": "Codex-Lock.json",
		"state": "valid",
		"problems": [],
		"entry": {
			"pointer": "/artifacts/0",
			"sha256": digest,
			"drift_tolerance": "0.0",
			"trust_domain": "runtime-core",
			"verified_at": "2026-11-23T00:00:00Z",
		},
		"listed": "once",
		"entries": ["/artifacts/0"],
	},
	"manifest": {
		"path": "assets/sources/model.bin.manifest.json",
		"state": "valid",
		"problems": [],
		"told": ["creator", "generated_at", "inputs", "outputs", "toolchain.name", "toolchain.version"],
		"artifact": "model.bin",
		"sha256": digest,
		"creator": "team@example.com",
		"generated_at": "2026-11-22T00:00:00Z",
		"toolchain": {"name": "trainer", "version": "4.2"},
		"inputs": [{"pointer": "/inputs/0", "path": "assets/sources/labels.csv", "sha256": other, "state": "match"}],
		"outputs": [],
		"network": [],
	},
	"vaulttime": {
		"path": "assets/sources/model.bin.vaulttime.json",
		"state": "valid",
		"problems": [],
		"sha256": digest,
		"timestamp": "2026-11-23T00:00:00Z",
		"trust_domain": "runtime-core",
		"ttl_hours": 24,
		"expires_at": "2026-11-24T00:00:00Z",
		"artifact": "assets/sources/model.bin",
		"key_id": "0f3a0f3a0f3a0f3a",
		"chain": [],
		"attested_at": "2026-11-23T00:00:00Z",
	},
	"test": {
		"path": "assets/sources/model.bin.test",
		"state": "valid",
		"problems": [],
		"mode": "100755",
		"run": "not_asked",
		"script": script,
		"content": content,
	},
	"content": content,
	"domain": {
		"name": "runtime-core",
		"state": "known",
		"key_id": "0f3a0f3a0f3a0f3a",
		"max_ttl_hours": 24,
		"paths": "inside",
		"network": [],
	},
	"base": {
		"sha256": other,
		"verified_at": "2026-11-22T00:00:00Z",
		"timestamp": "2026-11-22T00:00:00Z",
		"trust_domain": "runtime-core",
		"attested_at": "2026-11-22T00:00:00Z",
		"record_state": "valid",
		"proof": "present",
		"manifest_sha256": "present",
		"test_sha256": "present",
		"attested": "present",
		"content": "differs",
		"mode": "same",
		"manifest": "differs",
		"test": "same",
		"record_text": "differs",
		"record": "later",
	},
	"checks": {
		"ledger": "match",
		"manifest": "match",
		"vaulttime": "match",
		"named": "match",
		"signature": "valid",
		"key_id": "match",
		"epoch": "current",
		"proof": "valid",
		"path": "match",
		"time": "current",
		"ttl": "within",
		"tolerance": "zero",
		"domain": "match",
		"rollback": "forward",
		"verified_at": "attested",
		"inputs": "match",
		"outputs": "none",
		"manifest_signed": "match",
		"test_signed": "match",
		"continuity": "continued",
		"lfs": "absent",
	},
}

# repository is a change with nothing amiss.
repository := {
	"effective_time": "2026-11-23T12:00:00Z",
	"settings": settings,
	"repository": {
		"scope": "changed",
		"base": "1111111111111111111111111111111111111111",
		"head": "2222222222222222222222222222222222222222",
		"artifacts": 1,
		"ledger": {"path": "Codex-Lock.json", "state": "valid", "problems": []},
		"unsafe_paths": [],
		"trusted_base": "commit",
		"gate_changes": [],
		"edited_gate": "unedited",
		"gate_problems": [],
		"collisions": [],
		"config": "codexlock.yaml",
		"keys": [{
			"domain": "runtime-core",
			"pointer": "/trust_domains/runtime-core",
			"variable": "VAULTTIME_KEY",
			"id": "0f3a0f3a0f3a0f3a",
			"strength": "strong",
			"listed": "current",
			"shared_with": [],
			"public_keys": [{
				"pointer": "/trust_domains/runtime-core/public_keys/0",
				"id": "0f3a0f3a0f3a0f3a",
				"state": "current",
				"created_at": "2026-11-01T00:00:00Z",
				"age": "fresh",
			}],
		}],
		"script": {"path": "ingest_archive.test.sh", "state": "present", "mode": "100755", "origin": "init"},
		"log": {
			"path": "MANIFEST.integrity.json",
			"state": "valid",
			"problems": [],
			"change": "modified",
			"history": "extends",
			"chain": "intact",
			"lines": 2,
			"checkpoint": {
				"path": "MANIFEST.integrity.checkpoint",
				"state": "valid",
				"problems": [],
				"signature": "valid",
				"covers": "match",
				"before": "present",
			},
		},
		"uses": [object.union(use, {"verified": "at_use"})],
		"use_files": [_workflow],
		"use_checks": {"uses": "verified", "weakened": "no", "files": "parsed", "total": 1, "verified": 1},
	},
}

# use is one of a script in a workflow that nothing verifies, as in the base.
use := {
	"file": ".github/workflows/deploy.yml",
	"line": 21,
	"column": 14,
	"site": "workflows",
	"job": "deploy",
	"job_change": "unchanged",
	"kind": "execute",
	"path": "scripts/deploy.sh",
	"how": "exact",
	"verified": "none",
	"before": "none",
}

# used is the repository with uses, each of them changed.
used(changes) := whole({
	"/repository/uses": [object.union(use, change) | some change in changes],
	"/repository/use_checks/uses": "unverified",
})

_workflow := {
	"path": use.file,
	"site": use.site,
	"state": "parsed",
	"names": "yes",
	"change": "modified",
	"hides": "no",
}

# weakened is the same, with a use that was verified in the base.
weakened(changes) := patched(used(changes), {"/repository/use_checks/weakened": "yes"})

# settled are exceptions and a baseline that are all needed.
settled := {
	"effective_time": "2026-11-23T12:00:00Z",
	"settings": settings,
	"exceptions": {
		"file": "codexlock.yaml",
		"judged": "all",
		"list": [{
			"pointer": "/exceptions/0",
			"rule": "script.posix",
			"owner": "@team",
			"expires": "2026-12-31T00:00:00Z",
			"state": "current",
			"selects": "rules",
			"use": "used",
		}],
		"rules": [{
			"pointer": "/rules/script.posix",
			"rule": "script.posix",
			"owner": "@team",
			"expires": "2026-12-31T00:00:00Z",
			"state": "current",
			"selects": "rules",
			"use": "used",
		}],
		"baseline": {
			"path": "codexlock-baseline.json",
			"state": "valid",
			"problems": [],
			"entries": 1,
			"stale": [],
			"never": [],
		},
		"added": {"file": "codexlock.yaml", "baseline": "codexlock-baseline.json", "list": [], "rules": [], "never": []},
	},
}

# irregular are the kinds of what is no file.
irregular := {"symlink", "submodule", "directory", "special", "oversized", "pointer", "misnamed"}

# silent are artifacts that only the rules about their kind have anything to say
# of: irregular, removed, removed but still listed, misnamed or misplaced, so that
# nothing more was measured.
silent := _elsewhere | {changed({"/artifact/kind": kind, "/checks": nothing}) | some kind in irregular}

_elsewhere := {removed, orphan, misnamed, misplaced, left}

removed := changed({
	"/artifact": {"path": "assets/sources/model.bin", "change": "removed", "kind": "absent"},
	"/ledger": {"path": "Codex-Lock.json", "state": "valid", "problems": [], "listed": "never", "entries": []},
	"/manifest": object.union(absent("manifest.json"), {"network": []}),
	"/vaulttime": object.union(absent("vaulttime.json"), {"chain": []}),
	"/test": absent("test"),
	"/checks": nothing,
})

orphan := changed({
	"/artifact": {"path": "assets/sources/model.bin", "change": "removed", "kind": "absent"},
	"/manifest": object.union(absent("manifest.json"), {"network": []}),
	"/vaulttime": object.union(absent("vaulttime.json"), {"chain": []}),
	"/test": absent("test"),
	"/checks": object.union(nothing, {"tolerance": "zero", "verified_at": "kept"}),
})

# left is a companion whose artifact is not there.
left := changed({
	"/artifact/companion_of": "assets/sources/model",
	"/checks": nothing,
})

misnamed := {
	"effective_time": "2026-11-23T12:00:00Z",
	"settings": settings,
	"artifact": {"path": "assets/sources/model.bin ", "change": "added", "kind": "misnamed"},
	"checks": nothing,
}

# misplaced stands where a folder of artifacts belongs.
misplaced := {
	"effective_time": "2026-11-23T12:00:00Z",
	"settings": settings,
	"artifact": {
		"path": "assets",
		"change": "added",
		"kind": "misplaced",
		"stands": "symlink",
		"above": "assets/sources",
	},
	"checks": nothing,
}

absent(ending) := {
	"path": concat(".", ["assets/sources/model.bin", ending]),
	"state": "absent",
	"problems": [],
}

# unread are artifacts of which a companion cannot be read, so that nothing is known
# of what it says.
unread(companion) := {facts |
	some state in {"absent", "invalid", "irregular", "twice"}
	some proof in {"present", "absent"}
	facts := changed({
		sprintf("/%s", [companion]): object.union(
			{key: artifact[companion][key] | some key in {"path", "problems", "network", "chain"}},
			{"state": state},
		),
		"/checks": nothing,
		"/base/proof": proof,
	})
}

# nothing is what the checks say where no two sides were there.
nothing[check] := "absent" if some check, _ in artifact.checks

# changed is the artifact with the values at some pointers replaced.
changed(values) := patched(artifact, values)

# whole is the repository with the values at some pointers replaced.
whole(values) := patched(repository, values)

# without is a sample with one fact missing.
without(sample, pointer) := json.patch(sample, [{"op": "remove", "path": pointer}])

patched(sample, values) := json.patch(sample, [{"op": "add", "path": pointer, "value": value} |
	some pointer, value in values
])

# unhinted are findings without the fix that some of them have of their own.
unhinted(findings) := {object.remove(finding, ["fix"]) | some finding in findings}

# fixes are those that findings have of their own.
fixes(findings) := {finding.fix | some finding in findings}
