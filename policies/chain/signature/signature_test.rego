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
		sample.unhinted(signature.deny) == {_finding(message)} with input as _with({"signature": state})
	}
}

test_p4_missing_facts_are_found if {
	every pointer in {"/vaulttime", "/vaulttime/chain"} {
		sample.unhinted(signature.deny) == {{
			"msg": "nothing proves that the links of its attestation chain are signed",
			"file": "assets/sources/model.bin.vaulttime.json",
		}} with input as sample.without(sample.artifact, pointer)
	}
	sample.unhinted(signature.deny) == {_finding("nothing proves that trust domain \"ingest\" signed")} with input as sample.without(
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

test_only_a_link_that_does_not_fit_is_looked_into if {
	every link, fix in {
		"revoked": "have that trust domain attest the artifact again with its current key",
		"no_key": "add that domain's public key to codexlock.yaml: codexlock keys public",
	} {
		sample.fixes(signature.deny) == {fix} with input as sample.changed({"/vaulttime/chain": [{"signature": link, "trust_domain": "ingest", "pointer": "/chain/0"}]})
	}
	sample.fixes(signature.deny) == set() with input as sample.changed({"/vaulttime/chain": [{"signature": "invalid", "trust_domain": "ingest", "pointer": "/chain/0"}]})
}
