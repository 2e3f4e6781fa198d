package policy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	opabundle "github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader/filter"

	"github.com/codexlock/codexlock/internal/bundle"
)

// signaturesName is where OPA keeps a bundle's signature.
const signaturesName = ".signatures.json"

// defaultPlugin is how OPA names its own way of signing; "" means the same.
const defaultPlugin = "_default"

// The next steps after a signature that is not there, or not believed.
const (
	hintSign   = "sign it, publish it and pin its new digest: opa build -b DIRECTORY --signing-key KEY.pem --signing-alg EdDSA"
	hintSigned = "see that the public half of the key that signed it stands in policy_keys of the base configuration, and that nothing was changed since"
)

// FromBundle reads the modules of an unpacked OPA bundle as OPA itself reads
// them: its manifest, its roots, and its signature. Where there are keys, one of
// them must have signed every file; where there are none the pin alone counts. A
// bundle that would mean more to OPA than its modules say (documents of data,
// compiled rules, a patch) is refused, because it would be judged without them.
// name is the bundle's, for messages, and file the start of its modules' names.
func FromBundle(name, file string, entries []bundle.Entry, keys []bundle.PublicKey) (Source, error) {
	refuse := func(hint, format string, args ...any) (Source, error) {
		return Source{}, &PolicyError{File: file, Message: fmt.Sprintf(format, args...), Hint: hint}
	}
	if fault := notOnlyModules(entries); fault != "" {
		return refuse("a bundle for Codexlock holds Rego modules: opa build -b DIRECTORY", "%s", fault)
	}
	reader := opabundle.NewCustomReader(&memory{entries: entries}).WithCapabilities(capabilities()).
		WithRegoVersion(ast.RegoV1).WithSizeLimitBytes(bundle.MaxUnpackedBytes + 1)
	if len(keys) == 0 {
		reader = reader.WithSkipBundleVerification(true)
	} else {
		if !slices.ContainsFunc(entries, isSignature) {
			return refuse(hintSign, "the bundle is not signed, and policy_keys asks for a signature")
		}
		signedBy, err := verified(entries, keys)
		if err != nil {
			return refuse(hintSigned, "%v", err)
		}
		reader = reader.WithBundleVerificationConfig(signedBy)
	}
	read, err := reader.Read()
	var syntax ast.Errors
	if errors.As(err, &syntax) {
		var bad *PolicyError
		bad = firstOf(compileFaults(syntax))
		bad.File = file + bad.File
		return Source{}, bad
	}
	if err != nil {
		return refuse("", "OPA would not load the bundle: %v", err)
	}
	if len(read.Data) > 0 {
		return refuse("write it as a rule: constants := {…}", "the bundle holds documents of data, which rules here do not see")
	}
	s := Source{Name: name}
	for _, m := range read.Modules {
		version, err := read.RegoVersionForFile(m.RelativePath, ast.RegoV1)
		if err != nil || version != ast.RegoV1 {
			return refuse("rewrite it: opa fmt --write --rego-v1", "%s is Rego v0, want v1", m.Path)
		}
		s.Modules = append(s.Modules, Module{Name: file + m.Path, Text: m.Raw})
	}
	slices.SortFunc(s.Modules, func(a, b Module) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// notOnlyModules names a file by which a bundle is more than rules.
func notOnlyModules(entries []bundle.Entry) string {
	for _, e := range entries {
		switch base := path.Base(e.Name); {
		case base == "patch.json":
			return "the bundle is a delta bundle: " + e.Name + " changes one that is not here"
		case base == opabundle.WasmFile, base == opabundle.PlanFile, base == opabundle.PlanProtoFile:
			return "the bundle holds compiled rules: " + e.Name
		case opabundle.IsSignaturesFile(e.Name) && e.Name != signaturesName:
			return "the bundle has a signature that is not in its root: " + e.Name
		}
	}
	return ""
}

func isSignature(e bundle.Entry) bool { return e.Name == signaturesName }

// verified finds the key that signed the bundle and says so in OPA's words. The
// token's own key id chooses nothing: it is a name that its writer chose.
func verified(entries []bundle.Entry, keys []bundle.PublicKey) (*opabundle.VerificationConfig, error) {
	var signatures opabundle.SignaturesConfig
	if err := json.Unmarshal(entries[slices.IndexFunc(entries, isSignature)].Data, &signatures); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", signaturesName, err)
	}
	if n := len(signatures.Signatures); n != 1 {
		return nil, fmt.Errorf("%s has %d signatures, want one", signaturesName, n)
	}
	if signatures.Plugin != "" && signatures.Plugin != defaultPlugin {
		return nil, fmt.Errorf("%s asks for the plugin %q to check it, and there are no plugins", signaturesName, signatures.Plugin)
	}
	algorithm, err := tokenAlgorithm(signatures.Signatures[0])
	if err != nil {
		return nil, err
	}
	reason := fmt.Errorf("none of them checks signatures by %q", algorithm)
	for _, k := range keys {
		if !k.Checks(algorithm) {
			continue
		}
		const id = "policy_keys"
		config := opabundle.NewVerificationConfig(map[string]*opabundle.KeyConfig{id: {Key: k.PEM(), Algorithm: algorithm}}, id, "", nil)
		files, err := (&opabundle.DefaultVerifier{}).VerifyBundleSignature(signatures, config)
		if err != nil {
			reason = err
			continue
		}
		return config, soundHashes(files)
	}
	return nil, fmt.Errorf("the bundle is not signed by any of the %d policy_keys: %w", len(keys), reason)
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

// soundHashes refuses a list of hashes that two different files can have.
func soundHashes(files map[string]opabundle.FileInfo) error {
	for _, f := range files {
		switch opabundle.HashingAlgorithm(f.Algorithm) {
		case opabundle.SHA256, opabundle.SHA384, opabundle.SHA512, opabundle.SHA512256:
		default:
			return fmt.Errorf("%s lists %s by %q, want SHA-256 or SHA-512", signaturesName, f.Name, f.Algorithm)
		}
	}
	return nil
}

// memory hands unpacked entries to OPA's reader.
type memory struct {
	entries []bundle.Entry
	next    int
}

// NextFile implements OPA's DirectoryLoader.
func (m *memory) NextFile() (*opabundle.Descriptor, error) {
	if m.next == len(m.entries) {
		return nil, io.EOF
	}
	e := m.entries[m.next]
	m.next++
	return opabundle.NewDescriptor("/"+e.Name, "/"+e.Name, bytes.NewBuffer(e.Data)), nil // as opa build writes it
}

// WithFilter and the three below would make a loader read less, or more: this
// one has read everything.
func (m *memory) WithFilter(filter.LoaderFilter) opabundle.DirectoryLoader      { return m }
func (m *memory) WithPathFormat(opabundle.PathFormat) opabundle.DirectoryLoader { return m }
func (m *memory) WithSizeLimitBytes(int64) opabundle.DirectoryLoader            { return m }
func (m *memory) WithFollowSymlinks(bool) opabundle.DirectoryLoader             { return m }
