package ruleset

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	opabundle "github.com/open-policy-agent/opa/v1/bundle"

	"github.com/codexlock/codexlock/internal/bundle/archive"
	"github.com/codexlock/codexlock/internal/policykey"
)

// signaturesName is the file with a bundle's signature.
const signaturesName = ".signatures.json"

// defaultPlugin is how OPA names its own way of signing; "" means the same.
const defaultPlugin = "_default"

// The hints for a signature that is missing or not trusted.
const (
	hintSign   = "sign it, publish it and pin its new digest: opa build -b DIRECTORY --signing-key KEY.pem --signing-alg EdDSA"
	hintSigned = "check that policy_keys of the base configuration lists the public key that signed it, and that the bundle was not changed since"
)

// FromBundle reads the modules of an unpacked OPA bundle. If there are keys, one of them must
// have signed every file. It refuses a bundle with anything besides modules (data documents,
// compiled rules, a patch, an older Rego), because the rules would be evaluated without it.
// It parses only the manifest. name is the bundle's name for messages, and file the prefix
// of its modules' names.
func FromBundle(name, file string, entries []archive.Entry, keys []policykey.Key) (Source, error) {
	refuse := func(hint, format string, args ...any) (Source, error) {
		return Source{}, &Error{File: file, Message: fmt.Sprintf(format, args...), Next: hint}
	}
	if fault := notOnlyModules(entries); fault != "" {
		return refuse("a bundle for Codexlock holds Rego modules, and constants as rules: opa build -b DIRECTORY", "%s", fault)
	}
	if len(keys) > 0 && !slices.ContainsFunc(entries, isSignature) {
		return refuse(hintSign, "the bundle is not signed, and policy_keys asks for a signature")
	}
	if err := signedBy(entries, keys); err != nil {
		return refuse(hintSigned, "%v", err)
	}
	roots, err := rootsOf(entries)
	if err != nil {
		return refuse("write the modules in Rego v1 (opa fmt --write --rego-v1) and the bundle with opa build -b DIRECTORY", "%v", err)
	}
	s := Source{Name: name, Roots: roots}
	for _, e := range entries {
		if strings.HasSuffix(e.Name, ".rego") {
			s.Modules = append(s.Modules, Module{Name: file + "/" + e.Name, Text: e.Data})
		}
	}
	slices.SortFunc(s.Modules, func(a, b Module) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// rootsOf reads the manifest: which packages the bundle may declare, nil for all,
// as where there is no manifest.
func rootsOf(entries []archive.Entry) ([]string, error) {
	at := slices.IndexFunc(entries, func(e archive.Entry) bool { return e.Name == opabundle.ManifestExt })
	if at < 0 {
		return nil, nil
	}
	var m opabundle.Manifest
	if err := json.Unmarshal(entries[at].Data, &m); err != nil {
		return nil, fmt.Errorf("the manifest cannot be read: %w", err)
	}
	if m.RegoVersion != nil && *m.RegoVersion != 1 {
		return nil, fmt.Errorf("the manifest says Rego v%d, want v1", *m.RegoVersion)
	}
	for _, name := range slices.Sorted(maps.Keys(m.FileRegoVersions)) {
		if v := m.FileRegoVersions[name]; v != 1 {
			return nil, fmt.Errorf("the manifest says Rego v%d for %s, want v1", v, name)
		}
	}
	if len(m.WasmResolvers) > 0 {
		return nil, errors.New("the manifest asks for compiled rules")
	}
	m.Init() // no roots: the one above all
	return *m.Roots, nil
}

// permits reports whether a bundle with these roots may declare a package.
func permits(roots []string, path []string) bool {
	for _, r := range roots {
		if opabundle.RootPathsContain([]string{strings.Trim(r, "/")}, strings.Join(path, "/")) {
			return true
		}
	}
	return roots == nil
}

// notOnlyModules returns the name of a file that is neither a rule nor expected, or "".
func notOnlyModules(entries []archive.Entry) string {
	for _, e := range entries {
		switch base := path.Base(e.Name); {
		case base == "patch.json":
			return "the bundle is a delta bundle: " + e.Name + " changes one that is not here"
		case base == opabundle.WasmFile, base == opabundle.PlanFile, base == opabundle.PlanProtoFile:
			return "the bundle holds compiled rules: " + e.Name
		case base == opabundle.ManifestProtoExt, base == opabundle.ManifestExt && base != e.Name, base == signaturesName && base != e.Name:
			return "the bundle has a manifest or signature that is not .manifest or .signatures.json in its root: " + e.Name
		case opabundle.IsYAMLDataFile(e.Name), base == "data.json" && !isEmptyObject(e.Data):
			return "the bundle holds documents of data, which rules here do not see: " + e.Name
		}
	}
	return ""
}

// isEmptyObject is what opa build writes where there is no data.
func isEmptyObject(text []byte) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(text, &object) == nil && object != nil && len(object) == 0
}

func isSignature(e archive.Entry) bool { return e.Name == signaturesName }

// signedBy compares every file with the list that one of the keys signed. It ignores the
// token's key id, which its writer chose.
func signedBy(entries []archive.Entry, keys []policykey.Key) error {
	if len(keys) == 0 {
		return nil
	}
	var signatures opabundle.SignaturesConfig
	if err := json.Unmarshal(entries[slices.IndexFunc(entries, isSignature)].Data, &signatures); err != nil {
		return fmt.Errorf("%s cannot be read: %w", signaturesName, err)
	}
	if n := len(signatures.Signatures); n != 1 {
		return fmt.Errorf("%s has %d signatures, want one", signaturesName, n)
	}
	if signatures.Plugin != "" && signatures.Plugin != defaultPlugin {
		return fmt.Errorf("%s asks for the plugin %q to check it, and there are no plugins", signaturesName, signatures.Plugin)
	}
	algorithm, err := tokenAlgorithm(signatures.Signatures[0])
	if err != nil {
		return err
	}
	reason := fmt.Errorf("none of them checks signatures by %q", algorithm)
	for _, k := range keys {
		if !k.Checks(algorithm) {
			continue
		}
		const id = "policy_keys"
		config := opabundle.NewVerificationConfig(map[string]*opabundle.KeyConfig{id: {Key: k.PEM(), Algorithm: algorithm}}, id, "", nil)
		files, err := (&opabundle.DefaultVerifier{}).VerifyBundleSignature(signatures, config)
		if err == nil {
			return sameFiles(entries, files)
		}
		reason = err
	}
	return fmt.Errorf("the bundle is not signed by any of the %d policy_keys: %w", len(keys), reason)
}

// sameFiles compares the bundle's files with the signed list: the same files, with hashes for
// which no collisions are known.
func sameFiles(entries []archive.Entry, signed map[string]opabundle.FileInfo) error {
	for _, e := range entries {
		if isSignature(e) {
			continue
		}
		switch opabundle.HashingAlgorithm(signed[e.Name].Algorithm) {
		case opabundle.MD5, opabundle.SHA1, opabundle.SHA224, opabundle.SHA512224:
			return fmt.Errorf("%s lists %s by %s, want SHA-256 or SHA-512", signaturesName, e.Name, signed[e.Name].Algorithm)
		}
		if err := opabundle.VerifyBundleFile(e.Name, *bytes.NewBuffer(e.Data), signed); err != nil {
			return err
		}
	}
	if len(signed) > 0 {
		return fmt.Errorf("%s lists %s, which is not in the bundle", signaturesName, slices.Sorted(maps.Keys(signed))[0])
	}
	return nil
}

// tokenAlgorithm reads what a compact JWS (RFC 7515) says that it is signed with.
func tokenAlgorithm(token string) (string, error) {
	head, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return "", fmt.Errorf("%s: the signature's header is not base64url: %w", signaturesName, err)
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return "", fmt.Errorf("%s: the signature's header is not JSON: %w", signaturesName, err)
	}
	return header.Algorithm, nil
}
