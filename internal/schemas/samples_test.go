package schemas

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The standard's own documents, ZT-3.1 and ZT-4.1, with whole hashes and MACs.
const (
	standardLedger = `{
  "artifacts": [
    {
      "path": "assets/sources/model.bin",
      "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "drift_tolerance": 0.0,
      "trust_domain": "runtime-core",
      "verified_at": "2025-11-09T00:00:00Z"
    }
  ]
}
`
	standardVaultTime = `{
  "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "vaulttime": "88cd2108b5347d973cf39cdf9053d7dd42704876d8c9a9bd8e2d168259d3ddf7",
  "timestamp": "2025-11-09T00:00:00Z",
  "trust_domain": "runtime-core",
  "ttl_hours": 24
}
`
	standardIntegrity = `{"artifact":"model.bin","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","vaulttime":"88cd2108b5347d973cf39cdf9053d7dd42704876d8c9a9bd8e2d168259d3ddf7","verified_by":"ingest_archive.test.sh","verified_at":"2025-11-09T00:00:00Z","result":"PASS"}`
)

// designConfig is the file of the manual, with every setting that there is.
const designConfig = `version: 1
artifacts: {include: ["assets/sources/**", "scripts/**"], exclude: []}
critical_paths: ["**"]
require_proof: true
keyless: deny                  # or: proof
lfs: oid                       # or: content
run_tests: never               # or: sandbox
minimum_level: a-plus          # or: tier-1
trust_domains:
  runtime-core:
    paths: ["assets/sources/**"]
    key: env:VAULTTIME_KEY_RUNTIME_CORE
    public_keys: [{id: 0f3a0f3a0f3a0f3a, key: "ed25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", created_at: 2026-09-01T00:00:00Z, state: current}]
    max_ttl_hours: 24
    accepts_from: [ingest]
    network: []
policies: [policies/]
schemas: [schemas/]
baseline: codexlock-baseline.json
exceptions:
  - {rule: script.posix, paths: ["scripts/legacy/**"], reason: "…", owner: "@team", expires: 2026-12-31T00:00:00Z}
audit: {domain: runtime-core}
`

var (
	hash  = strings.Repeat("0123456789abcdef", 4)
	proof = strings.Repeat("A", 85) + "Q=="
)

// wholeFacts are facts made of their schema: every property is there, each text is
// the first of its enumeration, and each list has one element.
func wholeFacts() string {
	var root map[string]any
	if err := json.Unmarshal(Source("facts"), &root); err != nil {
		panic(err)
	}
	patterns := map[string]string{"^[0-9a-f]{64}$": hash, "^[0-7]{4}$": "0644", "^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$": "2026-01-01T00:00:00Z"}
	var value func(schema map[string]any) any
	value = func(schema map[string]any) any {
		if ref, ok := schema["$ref"].(string); ok {
			return value(root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any))
		}
		if enum, ok := schema["enum"].([]any); ok {
			return enum[0]
		}
		switch schema["type"] {
		case "object":
			object := map[string]any{}
			properties, _ := schema["properties"].(map[string]any)
			for key, sub := range properties {
				object[key] = value(sub.(map[string]any))
			}
			return object
		case "array":
			return []any{value(schema["items"].(map[string]any))}
		case "integer":
			return 1
		case "boolean":
			return true
		case "string":
			if pattern, ok := schema["pattern"].(string); ok {
				return patterns[pattern]
			}
			return "x"
		}
		panic(fmt.Sprintf("no sample of %v", schema))
	}
	text, err := json.Marshal(value(root))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// samples are valid documents that use every property of their schemas. The
// manual's configuration joins them in its JSON form.
func samples() map[Kind][]string {
	config, err := ParseYAML(Config, []byte(designConfig))
	if err != nil {
		panic(err)
	}
	return map[Kind][]string{
		Ledger: {
			standardLedger, `{"artifacts":[]}`,
			`{"artifacts":[{"path":"a","sha256":"` + hash + `","drift_tolerance":1e-400,"trust_domain":"a","verified_at":"2024-02-29T23:59:59Z","extensions":{"a":{"b":[1,null,"x"]}}}]}`,
		},
		VaultTime: {
			standardVaultTime,
			`{"sha256":"` + hash + `","vaulttime":"` + hash + `","timestamp":"2026-01-01T00:00:00Z","trust_domain":"a.b_c-d","ttl_hours":1000000,` +
				`"path":"assets/é","key_id":"0123456789abcdef","chain":[{"sha256":"` + hash + `","vaulttime":"` + hash +
				`","timestamp":"2026-01-01T00:00:00Z","trust_domain":"x","ttl_hours":1,"path":"p","key_id":"0123456789abcdef","prev":"` + hash + `","proof":"` + proof + `","manifest_sha256":"` + hash + `","test_sha256":"` + hash + `","attested_at":"2026-01-01T00:00:00Z"}],` +
				`"manifest_sha256":"` + hash + `","test_sha256":"` + hash + `","attested_at":"2026-01-01T00:00:00Z",` +
				`"proof":"` + proof + `","extensions":{}}`,
		},
		Manifest: {
			`{"sha256":"` + hash + `"}`,
			`{"artifact":"a/b","sha256":"` + hash + `","creator":"me","generated_at":"2026-01-01T00:00:00Z","toolchain":{"name":"go","version":"1.26"},` +
				`"inputs":[{"path":"in","sha256":"` + hash + `"}],"outputs":[],"network":["example.org"],"extensions":{"x":1}}`,
			`{"sha256":"` + hash + `","toolchain":null,"inputs":["in",{"path":"in","sha256":"` + hash + `"}],"outputs":["out"]}`,
		},
		"quarantine": {
			`{"schema":"codexlock.quarantine/v1","id":"20261123T000000Z-0123456789abcdef","quarantined_at":"2026-11-23T00:00:00Z","by":"ingest","path":"assets/incoming/\\xff","target":"assets/sources/\\xff","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","size":4,"mode":"0644","reason":"why","findings":[{"rule":"layout.irregular","requirement":"ZT-6.1","file":"x","line":1,"column":1,"message":"m","fix":"f"}],"findings_left_out":0,"files":[{"name":"9f.bin","path":"x"}]}`,
		},
		"status": {
			`{"schema":"codexlock.status/v1","effective_time":"2026-01-01T00:00:00Z","artifacts":1,"expired":0,"unrecorded":0,"valid_until":"2026-01-01T12:00:00Z","renewal_slack_seconds":43200,"minimum_level":"a-plus","domains":[{"name":"default","artifacts":1,"expired":0,"unrecorded":0,"valid_until":"2026-01-01T12:00:00Z","max_ttl_hours":24,"expiries":[{"at":"2026-01-01T12:00:00Z","paths":["x"]}],"keys":[{"id":"0f3a0f3a0f3a0f3a","state":"current","created_at":"2025-12-01T00:00:00Z","age_days":31,"rotation_due":"2026-03-01T00:00:00Z","records":1}]}]}`,
			`{"schema":"codexlock.status/v1","effective_time":"2026-01-01T00:00:00Z","artifacts":0,"expired":0,"unrecorded":0,"renewal_slack_seconds":0,"minimum_level":"tier-1","domains":[]}`,
		},
		"release": {
			`{"schema":"codexlock.release/v1","id":"20261123T000000Z-0123456789abcdef","released_at":"2026-11-23T00:00:00Z","released_by":"someone","reason":"why","path":"assets/sources/x","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","trust_domain":"default","key_id":"0123456789abcdef"}`,
		},
		"integrity": {
			standardIntegrity,
			`{"artifact":"a","sha256":"","vaulttime":"","verified_by":"ci","verified_at":"2026-01-01T00:00:00Z","result":"FAIL","seq":0,"prev":"` + hash + `","level":"tier-1","trust_domain":"default"}`,
		},
		Config: {config.text, `{"version":1}`},
		"report": {
			`{"schema":"codexlock.report/v1","conclusion":"failure","level":"non-compliant","scope":"changed","base":"a","head":"b","effective_time":"2026-11-23T00:00:00Z",` +
				`"policy":{"source":"base","digest":"sha256:` + hash + `","rules":47,"answers":141},"counts":{"artifacts":3,"trusted":2,"deny":1,"warn":0,"excepted":0},` +
				`"artifacts":[{"path":"a","change":"modified","sha256":"` + hash + `","trust_domain":"d","level":"non-compliant","proof":"content"}],` +
				`"findings":[{"rule":"lock.drift","severity":"deny","requirement":"ZT-3.3","artifact":"a","file":"Codex-Lock.json","line":7,"column":17,"message":"m","fix":"f","fingerprint":"0123456789abcdef0123456789abcdef","excepted":false},` +
				`{"rule":"script.shellcheck","term":"SC2086","severity":"warn","requirement":"ZT-10.1","artifact":"a","file":"a","line":7,"column":17,"message":"m","fix":"f",` +
				`"effective_on":"2027-01-01T00:00:00Z","fingerprint":"0123456789abcdef0123456789abcdef","excepted":true,` +
				`"exception":{"by":"exception","reason":"r","owner":"@o","expires":"2026-12-31T00:00:00Z"}}],` +
				`"preview":{"state":"done","problem":"p","edits":["codexlock.yaml"],"artifacts":1,"before":"trusted","after":"denied",` +
				`"findings":{"appear":1,"vanish":0,"change":0},"rules":{"added":["a"],"removed":["b"],"changed":["c"]},` +
				`"by_rule":[{"rule":"a","appear":1,"vanish":0,"change":0}],"conclusions":[{"path":"a","before":"absent","after":"denied"}],"more":1}}`,
		},
		"facts": {wholeFacts()},
		"proof": {
			`{"schema":"codexlock.proof/v1","entry":"{}","index":0,"hashes":[],"checkpoint":"n"}`,
			`{"schema":"codexlock.proof/v1","entry":"{}","index":1,"hashes":["` + strings.Repeat("A", 43) + `="],"checkpoint":"n"}`,
		},
		"baseline": {
			`{"version":1,"findings":[]}`,
			`{"version":1,"findings":[{"path":"a","rule":"script.shellcheck:SC2086","sha256":"` + hash + `","fingerprint":"0123456789abcdef0123456789abcdef"}]}`,
		},
	}
}
