package codexlock.chain.domain_test

import data.codexlock.chain.domain
import data.codexlock.lib.sample

_link := {
	"pointer": "/chain/0",
	"trust_domain": "ingest",
	"subject": "match",
	"order": "forward",
	"repeated": "no",
	"signature": "valid",
	"accepted": "yes",
}

_with(change) := sample.changed({"/vaulttime/chain": [object.union(_link, change)]})

test_p4_passes if {
	domain.deny == set() with input as sample.artifact
	domain.deny == set() with input as _with({})
	domain.deny == set() with input as _with({"accepted": "open"})
}

test_p4_a_domain_that_does_not_accept_is_found if {
	domain.deny == {{
		"msg": "trust domain \"runtime-core\" does not accept artifacts from \"ingest\"",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/chain/0/trust_domain",
	}} with input as _with({"accepted": "no"})
	domain.deny == {{
		"msg": "trust domain \"staging\" does not accept artifacts from \"ingest\"",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/chain/0/trust_domain",
	}} with input as sample.changed({"/vaulttime/chain": [
		object.union(_link, {"accepted": "no"}),
		object.union(_link, {"pointer": "/chain/1", "trust_domain": "staging"}),
	]})
}

test_p4_another_domain_than_before_is_found if {
	refused := sample.changed({"/checks/continuity": "refused", "/base/trust_domain": "ingest"})
	finding := {
		"msg": "trust domain \"runtime-core\" does not accept artifacts from \"ingest\", its trust domain in the base commit",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/trust_domain",
	}
	domain.deny == {finding} with input as refused

	# The record cannot be read, and the ledger names the domain.
	every facts in {sample.patched(facts, {"/checks/continuity": "refused"}) | some facts in sample.unread("vaulttime")} {
		domain.deny == {{
			"msg": "trust domain \"runtime-core\" does not accept artifacts from \"runtime-core\", its trust domain in the base commit",
			"file": "Codex-Lock.json",
			"pointer": "/artifacts/0/trust_domain",
		}} with input as facts
	}

	# trust.unknown_domain, vaulttime.proof and chain.broken report these.
	domain.deny == set() with input as sample.patched(refused, {"/domain/state": "unknown"})
	every proof in {"invalid", "no_key"} {
		domain.deny == set() with input as sample.patched(refused, {"/checks/proof": proof})
	}
	domain.deny == set() with input as sample.changed({"/checks/continuity": "dropped"})
}

test_p4_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/continuity"} {
		domain.deny == {{
			"msg": "nothing proves that its trust domain is that of the base commit, or accepts from there",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/trust_domain",
		}} with input as sample.without(sample.artifact, pointer)
	}
	every pointer in {"/vaulttime", "/vaulttime/chain"} {
		domain.deny == {{
			"msg": "nothing proves that every trust domain it passed through accepts it",
			"file": "assets/sources/model.bin.vaulttime.json",
		}} with input as sample.without(sample.artifact, pointer)
	}
	domain.deny == {{
		"msg": "trust domain \"runtime-core\" does not accept artifacts from \"ingest\"",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/chain/0/trust_domain",
	}} with input as sample.without(_with({}), "/vaulttime/chain/0/accepted")
}

test_others_report_a_record_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		domain.deny == set() with input as facts
		domain.deny == set() with input as sample.without(facts, "/vaulttime/chain")
	}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		domain.deny == set() with input as facts
		domain.deny == set() with input as sample.patched(facts, {"/vaulttime": {"chain": [{}]}})
	}
}

test_others_report_another_domain_of_what_is_no_file if {
	every facts in sample.silent {
		domain.deny == set() with input as sample.patched(facts, {"/checks/continuity": "refused"})
	}
}
