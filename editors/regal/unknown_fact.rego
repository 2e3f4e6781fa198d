# METADATA
# description: A fact that a rule reads is in schemas/facts.json
# related_resources:
#   - description: how an editor uses this rule
#     ref: https://github.com/codexlock/codexlock/blob/main/docs/guides/policy-owners.md
# schemas:
#   - input: schema.regal.ast
package custom.regal.rules.codexlock["unknown-fact"]

import data.regal.ast
import data.regal.result

# Only rules whose METADATA name the schema are checked, as opa check does. What is read is found
# at its first part that is no fact: what it is inside of exists.
report contains violation if {
	_described

	some value in _reads
	some i in numbers.range(1, count(value) - 1)

	value[i].type == "string"

	not _path(value, i) in _facts

	_known(value, i - 1)

	violation := result.fail(rego.metadata.chain(), result.location(value[i]))
}

# A reference to input, and object.get with one and a path, which no compiler checks.
_reads contains value if {
	value := ast.found.refs[_][_].value

	_of_input(value)
}

_reads contains value if {
	some call in ast.found.calls[_]

	[part.value | some part in call[0].value] == ["object", "get"]

	_of_input(call[1].value)

	value := array.concat(call[1].value, _keys(call[2]))
}

_of_input(value) if {
	value[0].type == "var"
	value[0].value == "input"
}

_keys(term) := term.value if {
	term.type == "array"
} else := [term]

_described if {
	some annotation in input["package"].annotations
	some schema in annotation.schemas

	schema.path == ["input"]
	schema.schema == ["schema", "facts"]
}

# The document itself is known.
_known(_, 0)

# So is a fact. An object has no items: what is behind a key that only the evaluation knows is
# not followed.
_known(value, i) if _path(value, i) in _facts

_path(value, i) := concat("/", [_segment(part) | some part in array.slice(value, 1, i + 1)])

# A number and a variable are any item of a list.
_segment(part) := part.value if {
	part.type == "string"
} else := "*"

# The facts of schemas/facts.json; CODEXLOCK_UPDATE=1 go test . -run TestRegalKnowsTheFacts writes them.
_facts := {fact |
	some line in [
		`artifact artifact/above artifact/area artifact/change artifact/companion_of artifact/critical artifact/disk_mode`,
		`artifact/kind artifact/mode artifact/path artifact/pointer artifact/proof artifact/renamed_from artifact/renamed_to`,
		`artifact/script artifact/sha256 artifact/size artifact/stands base base/attested base/attested_at base/content`,
		`base/manifest base/manifest_sha256 base/mode base/proof base/record base/record_state base/record_text base/sha256`,
		`base/test base/test_sha256 base/timestamp base/trust_domain base/verified_at checks checks/continuity checks/domain`,
		`checks/entry_inputs checks/epoch checks/inputs checks/key_id checks/ledger checks/lfs checks/manifest`,
		`checks/manifest_signed checks/named checks/outputs checks/path checks/proof checks/rollback checks/signature`,
		`checks/test_signed checks/time checks/tolerance checks/ttl checks/vaulttime checks/verified_at content`,
		`content/placeholders content/placeholders/* content/placeholders/*/column content/placeholders/*/line`,
		`content/placeholders/*/word content/problem content/secrets content/secrets/* content/secrets/*/column`,
		`content/secrets/*/kind content/secrets/*/line content/state domain domain/key_id domain/max_ttl_hours domain/name`,
		`domain/network domain/network/* domain/paths domain/state effective_time exceptions exceptions/added`,
		`exceptions/added/baseline exceptions/added/file exceptions/added/list exceptions/added/list/*`,
		`exceptions/added/list/*/column exceptions/added/list/*/expires exceptions/added/list/*/line`,
		`exceptions/added/list/*/nearest exceptions/added/list/*/owner exceptions/added/list/*/pointer`,
		`exceptions/added/list/*/rule exceptions/added/list/*/selects exceptions/added/list/*/state exceptions/added/list/*/use`,
		`exceptions/added/never exceptions/added/never/* exceptions/added/never/*/line exceptions/added/never/*/path`,
		`exceptions/added/never/*/pointer exceptions/added/never/*/rule exceptions/added/rules exceptions/added/rules/*`,
		`exceptions/added/rules/*/column exceptions/added/rules/*/expires exceptions/added/rules/*/line`,
		`exceptions/added/rules/*/nearest exceptions/added/rules/*/owner exceptions/added/rules/*/pointer`,
		`exceptions/added/rules/*/rule exceptions/added/rules/*/selects exceptions/added/rules/*/state`,
		`exceptions/added/rules/*/use exceptions/baseline exceptions/baseline/entries exceptions/baseline/never`,
		`exceptions/baseline/never/* exceptions/baseline/never/*/line exceptions/baseline/never/*/path`,
		`exceptions/baseline/never/*/pointer exceptions/baseline/never/*/rule exceptions/baseline/path`,
		`exceptions/baseline/problems exceptions/baseline/problems/* exceptions/baseline/problems/*/column`,
		`exceptions/baseline/problems/*/line exceptions/baseline/problems/*/message exceptions/baseline/problems/*/pointer`,
		`exceptions/baseline/stale exceptions/baseline/stale/* exceptions/baseline/stale/*/line exceptions/baseline/stale/*/path`,
		`exceptions/baseline/stale/*/pointer exceptions/baseline/stale/*/rule exceptions/baseline/state exceptions/file`,
		`exceptions/judged exceptions/list exceptions/list/* exceptions/list/*/column exceptions/list/*/expires`,
		`exceptions/list/*/line exceptions/list/*/nearest exceptions/list/*/owner exceptions/list/*/pointer`,
		`exceptions/list/*/rule exceptions/list/*/selects exceptions/list/*/state exceptions/list/*/use exceptions/rules`,
		`exceptions/rules/* exceptions/rules/*/column exceptions/rules/*/expires exceptions/rules/*/line`,
		`exceptions/rules/*/nearest exceptions/rules/*/owner exceptions/rules/*/pointer exceptions/rules/*/rule`,
		`exceptions/rules/*/selects exceptions/rules/*/state exceptions/rules/*/use ledger ledger/also ledger/entries`,
		`ledger/entries/* ledger/entry ledger/entry/drift_tolerance ledger/entry/inputs ledger/entry/pointer ledger/entry/sha256`,
		`ledger/entry/trust_domain ledger/entry/verified_at ledger/listed ledger/path ledger/problems ledger/problems/*`,
		`ledger/problems/*/column ledger/problems/*/line ledger/problems/*/message ledger/problems/*/pointer ledger/state`,
		`manifest manifest/also manifest/artifact manifest/creator manifest/generated_at manifest/inputs manifest/inputs/*`,
		`manifest/inputs/*/change manifest/inputs/*/path manifest/inputs/*/pointer manifest/inputs/*/sha256`,
		`manifest/inputs/*/state manifest/lfs manifest/lfs/content_hashed manifest/lfs/oid manifest/lfs/size manifest/network`,
		`manifest/network/* manifest/outputs manifest/outputs/* manifest/outputs/*/change manifest/outputs/*/path`,
		`manifest/outputs/*/pointer manifest/outputs/*/sha256 manifest/outputs/*/state manifest/path manifest/problems`,
		`manifest/problems/* manifest/problems/*/column manifest/problems/*/line manifest/problems/*/message`,
		`manifest/problems/*/pointer manifest/sha256 manifest/state manifest/told manifest/told/* manifest/toolchain`,
		`manifest/toolchain/name manifest/toolchain/version renewal renewal/expires_at renewal/reason renewal/state`,
		`renewal/timestamp repository repository/artifacts repository/base repository/collisions repository/collisions/*`,
		`repository/collisions/*/kind repository/collisions/*/other repository/collisions/*/path repository/config`,
		`repository/edited_gate repository/gate_changes repository/gate_changes/* repository/gate_changes/*/change`,
		`repository/gate_changes/*/kind repository/gate_changes/*/path repository/gate_problems repository/gate_problems/*`,
		`repository/gate_problems/*/column repository/gate_problems/*/line repository/gate_problems/*/message`,
		`repository/gate_problems/*/path repository/head repository/key_checks repository/key_checks/age`,
		`repository/key_checks/listing repository/key_checks/sharing repository/key_checks/strength repository/keys`,
		`repository/keys/* repository/keys/*/domain repository/keys/*/id repository/keys/*/listed repository/keys/*/pointer`,
		`repository/keys/*/public_keys repository/keys/*/public_keys/* repository/keys/*/public_keys/*/age`,
		`repository/keys/*/public_keys/*/created_at repository/keys/*/public_keys/*/id repository/keys/*/public_keys/*/pointer`,
		`repository/keys/*/public_keys/*/state repository/keys/*/shared_with repository/keys/*/shared_with/*`,
		`repository/keys/*/strength repository/keys/*/variable repository/keys/*/weakness repository/ledger`,
		`repository/ledger/also repository/ledger/path repository/ledger/problems repository/ledger/problems/*`,
		`repository/ledger/problems/*/column repository/ledger/problems/*/line repository/ledger/problems/*/message`,
		`repository/ledger/problems/*/pointer repository/ledger/state repository/log repository/log/also repository/log/break`,
		`repository/log/chain repository/log/change repository/log/checkpoint repository/log/checkpoint/also`,
		`repository/log/checkpoint/before repository/log/checkpoint/covers repository/log/checkpoint/path`,
		`repository/log/checkpoint/problems repository/log/checkpoint/problems/* repository/log/checkpoint/problems/*/column`,
		`repository/log/checkpoint/problems/*/line repository/log/checkpoint/problems/*/message`,
		`repository/log/checkpoint/problems/*/pointer repository/log/checkpoint/signature repository/log/checkpoint/state`,
		`repository/log/history repository/log/lines repository/log/path repository/log/problems repository/log/problems/*`,
		`repository/log/problems/*/column repository/log/problems/*/line repository/log/problems/*/message`,
		`repository/log/problems/*/pointer repository/log/state repository/more_collisions repository/scope repository/script`,
		`repository/script/mode repository/script/origin repository/script/path repository/script/state repository/trusted_base`,
		`repository/unsafe_paths repository/unsafe_paths/* repository/unsafe_paths/*/path repository/unsafe_paths/*/pointer`,
		`repository/unsafe_paths/*/reason repository/use_checks repository/use_checks/files repository/use_checks/total`,
		`repository/use_checks/uses repository/use_checks/verified repository/use_checks/weakened repository/use_files`,
		`repository/use_files/* repository/use_files/*/change repository/use_files/*/hides repository/use_files/*/line`,
		`repository/use_files/*/names repository/use_files/*/path repository/use_files/*/problem repository/use_files/*/site`,
		`repository/use_files/*/state repository/uses repository/uses/* repository/uses/*/before repository/uses/*/by`,
		`repository/uses/*/column repository/uses/*/file repository/uses/*/how repository/uses/*/job repository/uses/*/job_change`,
		`repository/uses/*/kind repository/uses/*/line repository/uses/*/path repository/uses/*/site repository/uses/*/verified`,
		`script script/behaves script/config script/config/* script/config/*/column script/config/*/line script/config/*/text`,
		`script/first_command script/first_line script/hashes script/network script/network/* script/network/*/column`,
		`script/network/*/command script/network/*/host script/network/*/line script/opaque script/opaque/*`,
		`script/opaque/*/column script/opaque/*/line script/opaque/*/text script/posix script/posix_problem`,
		`script/posix_problem/column script/posix_problem/line script/posix_problem/message script/privileges script/privileges/*`,
		`script/privileges/*/column script/privileges/*/line script/privileges/*/text script/problem script/problem/column`,
		`script/problem/line script/problem/message script/references script/references/* script/references/*/column`,
		`script/references/*/line script/references/*/text script/repeats script/repeats/* script/repeats/*/column`,
		`script/repeats/*/line script/repeats/*/text script/shebang script/shellcheck script/shellcheck/findings`,
		`script/shellcheck/findings/* script/shellcheck/findings/*/code script/shellcheck/findings/*/column`,
		`script/shellcheck/findings/*/level script/shellcheck/findings/*/line script/shellcheck/findings/*/message`,
		`script/shellcheck/problem script/shellcheck/state script/signs script/state script/strict_mode script/usage settings`,
		`settings/configured settings/keyless settings/layout settings/lfs settings/minimum_level settings/require_proof`,
		`settings/run_tests settings/sign_companions settings/valid_until test test/also test/content test/content/placeholders`,
		`test/content/placeholders/* test/content/placeholders/*/column test/content/placeholders/*/line`,
		`test/content/placeholders/*/word test/content/problem test/content/secrets test/content/secrets/*`,
		`test/content/secrets/*/column test/content/secrets/*/kind test/content/secrets/*/line test/content/state test/mode`,
		`test/path test/problems test/problems/* test/problems/*/column test/problems/*/line test/problems/*/message`,
		`test/problems/*/pointer test/run test/run_detail test/script test/script/behaves test/script/config test/script/config/*`,
		`test/script/config/*/column test/script/config/*/line test/script/config/*/text test/script/first_command`,
		`test/script/first_line test/script/hashes test/script/network test/script/network/* test/script/network/*/column`,
		`test/script/network/*/command test/script/network/*/host test/script/network/*/line test/script/opaque`,
		`test/script/opaque/* test/script/opaque/*/column test/script/opaque/*/line test/script/opaque/*/text test/script/posix`,
		`test/script/posix_problem test/script/posix_problem/column test/script/posix_problem/line`,
		`test/script/posix_problem/message test/script/privileges test/script/privileges/* test/script/privileges/*/column`,
		`test/script/privileges/*/line test/script/privileges/*/text test/script/problem test/script/problem/column`,
		`test/script/problem/line test/script/problem/message test/script/references test/script/references/*`,
		`test/script/references/*/column test/script/references/*/line test/script/references/*/text test/script/repeats`,
		`test/script/repeats/* test/script/repeats/*/column test/script/repeats/*/line test/script/repeats/*/text`,
		`test/script/shebang test/script/shellcheck test/script/shellcheck/findings test/script/shellcheck/findings/*`,
		`test/script/shellcheck/findings/*/code test/script/shellcheck/findings/*/column test/script/shellcheck/findings/*/level`,
		`test/script/shellcheck/findings/*/line test/script/shellcheck/findings/*/message test/script/shellcheck/problem`,
		`test/script/shellcheck/state test/script/signs test/script/state test/script/strict_mode test/script/usage test/state`,
		`test/verifier vaulttime vaulttime/also vaulttime/artifact vaulttime/attested_at vaulttime/chain vaulttime/chain/*`,
		`vaulttime/chain/*/accepted vaulttime/chain/*/order vaulttime/chain/*/pointer vaulttime/chain/*/repeated`,
		`vaulttime/chain/*/signature vaulttime/chain/*/subject vaulttime/chain/*/trust_domain vaulttime/expires_at`,
		`vaulttime/key_id vaulttime/path vaulttime/problems vaulttime/problems/* vaulttime/problems/*/column`,
		`vaulttime/problems/*/line vaulttime/problems/*/message vaulttime/problems/*/pointer vaulttime/sha256 vaulttime/state`,
		`vaulttime/timestamp vaulttime/trust_domain vaulttime/ttl_hours`,
	]
	some fact in split(line, " ")
}
