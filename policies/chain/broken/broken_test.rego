package codexlock.chain.broken_test

import data.codexlock.chain.broken
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
	broken.deny == set() with input as sample.artifact
	broken.deny == set() with input as _with({})
}

_finding(message) := {"msg": message, "file": "assets/sources/model.bin.vaulttime.json", "pointer": "/chain/0"}

test_p4_every_break_is_found if {
	messages := {
		"subject": {"differs": "link of trust domain \"ingest\" is of another artifact or content"},
		"order": {"back": "link of trust domain \"ingest\" is later than what comes after it"},
		"repeated": {"yes": "link of trust domain \"ingest\" stands in the chain more than once"},
	}
	every name, values in messages {
		every value, message in values {
			broken.deny == {_finding(message)} with input as _with({name: value})
		}
	}
}

test_p4_missing_facts_are_found if {
	every pointer in {"/vaulttime", "/vaulttime/chain"} {
		broken.deny == {{
			"msg": "nothing proves that its attestation chain is complete",
			"file": "assets/sources/model.bin.vaulttime.json",
		}} with input as sample.without(sample.artifact, pointer)
	}
	every fact, message in {
		"subject": "is of another artifact or content",
		"order": "is later than what comes after it",
		"repeated": "stands in the chain more than once",
	} {
		broken.deny == {_finding(sprintf("link of trust domain \"ingest\" %s", [message]))} with input as sample.without(
			_with({}),
			sprintf("/vaulttime/chain/0/%s", [fact]),
		)
	}
}

test_others_report_a_record_that_cannot_be_read if {
	every facts in sample.unread("vaulttime") {
		broken.deny == set() with input as facts
		broken.deny == set() with input as sample.without(facts, "/vaulttime/chain")
	}
}

test_others_report_missing_content if {
	every facts in sample.silent {
		broken.deny == set() with input as facts
		broken.deny == set() with input as sample.patched(facts, {"/vaulttime": {"chain": [{}]}})
	}
}

test_p4_a_dropped_chain_is_found if {
	dropped := sample.changed({"/checks/continuity": "dropped"})
	broken.deny == {{
		"msg": "its attestation chain is dropped: it does not begin with the one of the base commit's record",
		"file": "assets/sources/model.bin.vaulttime.json",
		"pointer": "/chain",
	}} with input as dropped

	# vaulttime.proof and chain.domain report these.
	every proof in {"invalid", "no_key"} {
		broken.deny == set() with input as sample.patched(dropped, {"/checks/proof": proof})
	}
	broken.deny == set() with input as sample.changed({"/checks/continuity": "refused"})
}

test_p4_continuity_missing_facts_are_found if {
	every pointer in {"/checks", "/checks/continuity"} {
		broken.deny == {{
			"msg": "nothing proves that its attestation chain continues the one of the base commit",
			"file": "assets/sources/model.bin.vaulttime.json",
			"pointer": "/chain",
		}} with input as sample.without(sample.artifact, pointer)
	}
}

test_others_report_a_dropped_chain_of_what_is_no_file_or_cannot_be_read if {
	every facts in sample.silent | sample.unread("vaulttime") {
		broken.deny == set() with input as sample.patched(facts, {"/checks/continuity": "dropped"})
	}
}
