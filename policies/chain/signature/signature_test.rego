package codexlock.chain.signature_test

import data.codexlock.chain.signature
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
	signature.deny == set() with input as sample.artifact
	signature.deny == set() with input as _with({})
}

_finding(message) := {"msg": message, "file": "assets/sources/model.bin.vaulttime.json", "pointer": "/chain/0/proof"}

test_p4_every_other_signature_is_found if {
	messages := {
		"invalid": "the proof of trust domain \"ingest\" is not valid",
		"revoked": "trust domain \"ingest\" signed with a revoked key",
		"no_key": "could not verify: no key to check the proof of trust domain \"ingest\"",
	}
	every state, message in messages {
		signature.deny == {_finding(message)} with input as _with({"signature": state})
	}
}

test_p4_missing_facts_are_found if {
	every pointer in {"/vaulttime", "/vaulttime/chain"} {
		signature.deny == {{
			"msg": "nothing proves that the links of its attestation chain are signed",
			"file": "assets/sources/model.bin.vaulttime.json",
		}} with input as sample.without(sample.artifact, pointer)
	}
	signature.deny == {_finding("nothing proves that trust domain \"ingest\" signed")} with input as sample.without(
		_with({}),
		"/vaulttime/chain/0/signature",
	)
}

test_others_report_a_record_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		signature.deny == set() with input as facts
		signature.deny == set() with input as sample.without(facts, "/vaulttime/chain")
	}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		signature.deny == set() with input as facts
		signature.deny == set() with input as sample.patched(facts, {"/vaulttime": {"chain": [{}]}})
	}
}
