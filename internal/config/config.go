// Package config reads codexlock.yaml: which files are artifacts, the trust domains, and
// how strict the gate is. It judges nothing. The caller must pass the configuration of
// the base commit, never that of the change.
package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Paths are the possible paths of a repository's configuration; the first that exists is
// used.
var Paths = []artifact.Path{"codexlock.yaml", ".github/codexlock.yaml"}

// DefaultKeyEnv is the environment variable with the VaultTime key of every domain that
// does not name another one.
const DefaultKeyEnv = "VAULTTIME_KEY"

// EnvScheme is the scheme of keys that environment variables hold.
const EnvScheme = "env"

// DefaultKey is where the key of a domain is kept that does not say where.
var DefaultKey = KeyPlace{Scheme: EnvScheme, Name: DefaultKeyEnv}

// DefaultTTLHours is the standard's time to live in hours, and the maximum of a domain
// that states none.
const DefaultTTLHours = 24

// DefaultDirectory is the directory of owners' rules that is used without being named in
// the configuration, if it exists.
const DefaultDirectory = "policies/"

// A Config is a validated codexlock.yaml, or the defaults of a repository without one.
type Config struct {
	File          artifact.Path // where it was read; "" for the defaults
	Include       []string      // doublestar patterns
	Exclude       []string
	CriticalPaths []string
	RequireProof  bool
	Records       int64  // the version of the records to write: 1 or 2; 0 (not stated) means 1
	Renewals      string // tree, ref: where renewed records are written and read; "" (not stated) means tree
	Keyless       string // deny, proof
	LFS           string // oid, content
	RunTests      string // never, sandbox
	MinimumLevel  artifact.Level
	Domains       map[string]Domain      // nil: any name is a domain, with the default key
	Policies      []string               // directories in the repository, each ending in "/"
	PoliciesNamed bool                   // the file names them, so each must exist
	Bundles       []bundle.Ref           // bundles of rules, each pinned by digest
	PolicyKeys    []string               // PEM texts; if not empty, one of the keys must have signed each bundle
	Schemas       []string               // directories of additional JSON Schemas
	Root          string                 // the repository's top folder, in a trust file of internal/use
	Interpreters  map[string]Interpreter // by name; nil: those of the system
	AuditDomain   string                 // the domain whose key signs the audit log; "": not named
	UseSites      []string               // where uses of artifacts are looked for: workflows, docker, make, compose, pre-commit
	Exceptions    []Exception
	Rules         []RuleSetting     // by code
	Baseline      artifact.Path     // the file with the recorded findings; "" for none
	Document      *schemas.Document // with the position of every value; nil for the defaults
}

// A Domain is a trust domain (ZT-4, P4).
type Domain struct {
	Paths       []string // doublestar patterns of the artifacts that belong to it
	Key         KeyPlace
	PublicKeys  []PublicKey
	MaxTTLHours int64
	AcceptsFrom []string
	Network     []string
}

// SignsCompanions reports whether records carry manifest_sha256, test_sha256 and
// attested_at: the configuration says records: 2.
func (c Config) SignsCompanions() bool { return c.Records == 2 }

// RenewsInRef reports whether renewed records are in a ref, off the branch: the
// configuration says renewals: ref.
func (c Config) RenewsInRef() bool { return c.Renewals == "ref" }

// A KeyPlace is where a key is kept, written SCHEME:NAME. The schemes are those of the
// providers in internal/keys.
type KeyPlace struct{ Scheme, Name string }

// String returns what messages call the place: the name of an environment variable, or
// SCHEME:NAME.
func (p KeyPlace) String() string {
	if p.Scheme == EnvScheme {
		return p.Name
	}
	return p.Scheme + ":" + p.Name
}

// Variable returns the environment variable that X.test reads the key from: a key that
// no variable holds is in VAULTTIME_KEY there.
func (p KeyPlace) Variable() string {
	if p.Scheme == EnvScheme {
		return p.Name
	}
	return DefaultKeyEnv
}

// KeySource returns what messages call the place where the domain's key is kept.
func (d Domain) KeySource() string { return d.Key.String() }

// An Interpreter is a program that codexlock run executes scripts with.
type Interpreter struct {
	Path   string           `json:"path"`
	SHA256 *artifact.Digest `json:"sha256"` // nil: not pinned
}

// A PublicKey checks proofs in runs without the secret key.
type PublicKey struct {
	ID        string // 16 hex characters
	Key       string // ed25519:<base64>
	CreatedAt time.Time
	State     string // current, retiring, revoked
}

// An Exception suppresses the findings of a rule until a date; reports show them.
type Exception struct {
	Pointer string   // its position in the file
	Rule    string   // area, area.rule, or area.rule:term
	Paths   []string // doublestar patterns; none: everywhere
	Reason  string
	Owner   string
	Expires time.Time
}

// A RuleSetting turns an optional rule down until a date. The policy engine checks that
// the rule exists and is optional.
type RuleSetting struct {
	Pointer string // its position in the file
	Rule    string // area.rule
	Level   string // off, warn
	Reason  string
	Owner   string
	Expires time.Time
}

// file is the content of codexlock.yaml; its schema is schemas/config.json.
type file struct {
	Version   int64 `json:"version"`
	Artifacts *struct {
		Include []string `json:"include"`
		Exclude []string `json:"exclude"`
	} `json:"artifacts"`
	CriticalPaths []string               `json:"critical_paths"`
	RequireProof  *bool                  `json:"require_proof"`
	Records       int64                  `json:"records"`
	Renewals      string                 `json:"renewals"`
	Keyless       string                 `json:"keyless"`
	LFS           string                 `json:"lfs"`
	RunTests      string                 `json:"run_tests"`
	MinimumLevel  string                 `json:"minimum_level"`
	TrustDomains  map[string]fileDomain  `json:"trust_domains"`
	Policies      *[]string              `json:"policies"`
	PolicyKeys    []string               `json:"policy_keys"`
	Schemas       []string               `json:"schemas"`
	Exceptions    []fileException        `json:"exceptions"`
	Rules         map[string]fileRule    `json:"rules"`
	Baseline      string                 `json:"baseline"`
	Root          string                 `json:"root"`
	Interpreters  map[string]Interpreter `json:"interpreters"`
	Audit         struct {
		Domain string `json:"domain"`
	} `json:"audit"`
	Use *struct {
		Sites []string `json:"sites"`
	} `json:"use"`
}

type fileDomain struct {
	Paths      []string `json:"paths"`
	Key        string   `json:"key"`
	PublicKeys []struct {
		ID        string `json:"id"`
		Key       string `json:"key"`
		CreatedAt string `json:"created_at"`
		State     string `json:"state"`
	} `json:"public_keys"`
	MaxTTLHours *int64   `json:"max_ttl_hours"`
	AcceptsFrom []string `json:"accepts_from"`
	Network     []string `json:"network"`
}

type fileException struct {
	Rule    string   `json:"rule"`
	Paths   []string `json:"paths"`
	Reason  string   `json:"reason"`
	Owner   string   `json:"owner"`
	Expires string   `json:"expires"`
}

type fileRule struct {
	Level   string `json:"level"`
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`
}

// Default is the configuration of a repository without the file: records written by hand
// to the standard pass, and the files that the ledger lists are the artifacts.
func Default() Config {
	return Config{
		Include:       []string{"assets/sources/**"},
		CriticalPaths: []string{"**"},
		Keyless:       "deny",
		LFS:           "oid",
		RunTests:      "never",
		MinimumLevel:  artifact.APlus,
		Policies:      []string{DefaultDirectory},
		UseSites:      []string{"workflows"},
	}
}

// An Error is a configuration that cannot be used.
type Error struct {
	File    string
	Line    int // counts from 1; 0: the whole file
	Column  int
	Message string
	hint    string
}

// Hint is the next step, or "".
func (e *Error) Hint() string { return e.hint }

// Usage reports that the user must correct the error (exit code 2).
func (e *Error) Usage() bool { return true }

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Problem returns an error about the value at an RFC 6901 pointer, with its position in
// the file and the next step.
func (c *Config) Problem(pointer, hint, format string, args ...any) *Error {
	e := &Error{File: c.File.String(), Message: fmt.Sprintf(format, args...), hint: hint}
	if at, ok := c.Document.Position(pointer); ok {
		e.Line, e.Column = at.Line, at.Column
	}
	return e
}

// Parse reads the text of a codexlock.yaml; name is the file's, for messages
// and for Config.File. Its error is an *Error.
func Parse(name artifact.Path, text []byte) (Config, error) {
	var f file
	doc, err := schemas.DecodeYAML(schemas.Config, text, &f)
	if err != nil {
		if bad, ok := err.(*schemas.Error); ok && len(bad.Problems) > 0 {
			p := bad.Problems[0]
			return Config{}, &Error{File: name.String(), Line: p.Position.Line, Column: p.Position.Column, Message: p.Message}
		}
		return Config{}, &Error{File: name.String(), Message: err.Error()}
	}
	r := reader{name: name, doc: doc}
	c := r.config(f)
	if r.err != nil {
		return Config{}, r.err
	}
	return c, nil
}

// A reader turns a file into a Config and keeps the first error.
type reader struct {
	name artifact.Path
	doc  *schemas.Document
	err  error
}

func (r *reader) fail(pointer, format string, args ...any) { r.hinted(pointer, "", format, args...) }

func (r *reader) hinted(pointer, hint, format string, args ...any) {
	if r.err != nil {
		return
	}
	e := &Error{File: r.name.String(), Message: fmt.Sprintf(format, args...), hint: hint}
	if at, ok := r.doc.Position(pointer); ok {
		e.Line, e.Column = at.Line, at.Column
	}
	r.err = e
}

func (r *reader) config(f file) Config {
	c := Default()
	c.File, c.Document, c.RequireProof = r.name, r.doc, true
	if f.Artifacts != nil {
		c.Include, c.Exclude = f.Artifacts.Include, f.Artifacts.Exclude
		r.patterns("/artifacts/include", c.Include)
		r.patterns("/artifacts/exclude", c.Exclude)
	}
	if f.CriticalPaths != nil {
		c.CriticalPaths = f.CriticalPaths
		r.patterns("/critical_paths", c.CriticalPaths)
	}
	if f.RequireProof != nil {
		c.RequireProof = *f.RequireProof
	}
	c.Records = f.Records
	c.Renewals = f.Renewals
	if f.Keyless != "" {
		c.Keyless = f.Keyless
	}
	if f.LFS != "" {
		c.LFS = f.LFS
	}
	if f.RunTests != "" {
		c.RunTests = f.RunTests
	}
	if f.MinimumLevel != "" {
		level, err := artifact.ParseLevel(f.MinimumLevel)
		if err != nil {
			r.fail("/minimum_level", "%v", err)
		}
		c.MinimumLevel = level
	}
	if f.Policies != nil {
		c.PoliciesNamed = true
		c.Policies, c.Bundles = r.policies("/policies", *f.Policies)
	}
	c.PolicyKeys = f.PolicyKeys
	c.Schemas = r.directories("/schemas", f.Schemas)
	if f.TrustDomains != nil {
		c.Domains = make(map[string]Domain, len(f.TrustDomains))
		for name, d := range f.TrustDomains {
			c.Domains[name] = r.domain("/trust_domains/"+name, d)
		}
	}
	if f.Baseline != "" {
		var err error
		if c.Baseline, err = artifact.ParsePath(f.Baseline); err != nil {
			r.fail("/baseline", "%v", err)
		}
	}
	c.Root, c.Interpreters = f.Root, f.Interpreters
	c.AuditDomain = f.Audit.Domain
	if _, known := c.Domains[c.AuditDomain]; c.AuditDomain != "" && !known {
		r.fail("/audit/domain", "audit.domain is %q, want one of trust_domains", c.AuditDomain)
	}
	if f.Use != nil && f.Use.Sites != nil {
		c.UseSites = f.Use.Sites
	}
	r.suppressions(f, &c)
	return c
}

// suppressions reads exceptions and the settings of optional rules.
func (r *reader) suppressions(f file, c *Config) {
	for i, e := range f.Exceptions {
		at := fmt.Sprintf("/exceptions/%d", i)
		r.patterns(at+"/paths", e.Paths)
		c.Exceptions = append(c.Exceptions, Exception{
			Pointer: at, Rule: e.Rule, Paths: e.Paths, Reason: e.Reason, Owner: e.Owner, Expires: r.time(at+"/expires", e.Expires),
		})
	}
	for _, code := range slices.Sorted(maps.Keys(f.Rules)) {
		s, at := f.Rules[code], "/rules/"+schemas.EscapePointer(code)
		c.Rules = append(c.Rules, RuleSetting{
			Pointer: at, Rule: code, Level: s.Level, Reason: s.Reason, Owner: s.Owner, Expires: r.time(at+"/expires", s.Expires),
		})
	}
}

func (r *reader) domain(at string, d fileDomain) Domain {
	out := Domain{
		Paths: d.Paths, Key: DefaultKey, MaxTTLHours: DefaultTTLHours,
		AcceptsFrom: d.AcceptsFrom, Network: d.Network,
	}
	r.patterns(at+"/paths", d.Paths)
	if d.Key != "" {
		out.Key.Scheme, out.Key.Name, _ = strings.Cut(d.Key, ":") // the schema says which there are
	}
	if d.MaxTTLHours != nil {
		out.MaxTTLHours = *d.MaxTTLHours
	}
	for i, k := range d.PublicKeys {
		at := fmt.Sprintf("%s/public_keys/%d", at, i)
		if _, err := vaulttime.ParsePublicKey(k.Key); err != nil {
			r.fail(at+"/key", "%v", err)
		}
		p := PublicKey{ID: k.ID, Key: k.Key, State: k.State}
		if k.CreatedAt != "" {
			p.CreatedAt = r.time(at+"/created_at", k.CreatedAt)
		}
		if p.State == "" {
			p.State = "current"
		}
		for _, other := range out.PublicKeys {
			// With two epochs, the permissions of one key would be undefined.
			if other.ID == p.ID || other.Key == p.Key {
				r.fail(at, "key %s is listed twice", p.ID)
			}
		}
		out.PublicKeys = append(out.PublicKeys, p)
	}
	return out
}

// A pattern is matched against every path. Each pair of braces doubles the time (measured:
// 14 pairs take 7 ms, 8 take 0.1 ms), and a preview matches the patterns of a change.
const (
	maxPatternBytes = 1024
	maxBraces       = 8
)

func (r *reader) patterns(at string, patterns []string) {
	for i, p := range patterns {
		if len(p) > maxPatternBytes || strings.Count(p, "{") > maxBraces {
			r.fail(fmt.Sprintf("%s/%d", at, i), "%.40q… is more than is matched, want at most %d bytes and %d pairs of braces", p, maxPatternBytes, maxBraces)
			continue
		}
		if !doublestar.ValidatePattern(p) || strings.HasPrefix(p, "/") {
			r.fail(fmt.Sprintf("%s/%d", at, i), "%q is not a pattern of paths relative to the repository's root, such as \"assets/sources/**\"", p)
		}
	}
}

func (r *reader) directories(at string, names []string) []string {
	var dirs []string
	for i, name := range names {
		dirs = append(dirs, r.directory(fmt.Sprintf("%s/%d", at, i), name))
	}
	return dirs
}

func (r *reader) directory(at, name string) string {
	p, err := artifact.ParsePath(strings.TrimSuffix(name, "/"))
	if err != nil {
		r.fail(at, "%v", err)
	}
	return p.String() + "/"
}

func (r *reader) time(at, s string) time.Time {
	t, err := vaulttime.ParseTime(s)
	if err != nil {
		r.fail(at, "%v", err)
	}
	return t.Time
}

// Matches reports whether the patterns make a path an artifact. Every path that the
// ledger lists is an artifact too.
func (c *Config) Matches(p string) bool {
	return MatchAny(c.Include, p) && !MatchAny(c.Exclude, p) && Untrusted(p) == ""
}

// Untrusted returns the folder above a path whose files may not be used; "" for none.
func Untrusted(p string) string {
	for _, dir := range untrusted {
		if strings.HasPrefix(p, dir) {
			return dir
		}
	}
	return ""
}

// untrusted are the folders whose files no pattern makes artifacts: nothing may use them
// (ZT-6.3), and layout.consumed denies a ledger that lists one.
var untrusted = []string{"assets/incoming/", "assets/quarantine/"}

// MatchAny reports whether any of the doublestar patterns matches the path.
// Parse validated the patterns.
func MatchAny(patterns []string, p string) bool {
	for _, pattern := range patterns {
		if doublestar.MatchUnvalidated(pattern, p) {
			return true
		}
	}
	return false
}

// IncludeFolders are the folders below which artifacts.include names artifacts: for
// each pattern the parts before the first wildcard, with the alternatives in braces
// expanded. For "**/*.sh" it is ".".
func (c *Config) IncludeFolders() []string {
	folders := map[string]bool{}
	for _, pattern := range c.Include {
		for _, p := range alternatives(pattern) {
			folder, _ := doublestar.SplitPattern(p)
			folders[folder] = true
		}
	}
	return slices.Sorted(maps.Keys(folders))
}

// maxAlternatives is the largest number of alternatives that one pattern expands to.
const maxAlternatives = 256

// alternatives expands the braces of a pattern; a pattern with more than maxAlternatives
// is not expanded.
func alternatives(pattern string) []string {
	done, open := []string{pattern}, true
	for open && len(done) <= maxAlternatives {
		open = false
		var next []string
		for _, p := range done {
			before, rest, found := strings.Cut(p, "{")
			inside, after, closed := strings.Cut(rest, "}")
			if !found || !closed || strings.ContainsAny(inside, `{\[`) || strings.ContainsAny(before, `\[`) {
				next = append(next, p)
				continue
			}
			open = true
			for alternative := range strings.SplitSeq(inside, ",") {
				next = append(next, before+alternative+after)
			}
		}
		done = next
	}
	return done
}

// Domain returns the trust domain with a name, and whether the configuration defines it.
// Without a configuration any name is a domain.
func (c *Config) Domain(name string) (d Domain, known bool) {
	if c.Domains == nil {
		return Domain{Key: DefaultKey, MaxTTLHours: DefaultTTLHours}, true
	}
	d, known = c.Domains[name]
	return d, known
}

// LogDomains are the trust domains whose key may sign the audit log: the one that
// audit.domain names, or else all of them. Without a configuration it is "", whose key
// is the default key.
func (c *Config) LogDomains() []string {
	if c.Domains == nil || c.AuditDomain != "" {
		return []string{c.AuditDomain}
	}
	return slices.Sorted(maps.Keys(c.Domains))
}

// DomainFor returns the name of the domain whose paths match the artifact: the first by
// name, or "" if none matches.
func (c *Config) DomainFor(p artifact.Path) string {
	found := ""
	for name, d := range c.Domains {
		if MatchAny(d.Paths, p.String()) && (found == "" || name < found) {
			found = name
		}
	}
	return found
}

// NamedByOther reports whether the paths of another domain than this one match a path.
func (c *Config) NamedByOther(domain, path string) bool {
	for name, d := range c.Domains {
		if name != domain && MatchAny(d.Paths, path) {
			return true
		}
	}
	return false
}

// DomainNames returns the names of the trust domains, sorted; "" alone without any, because
// every name is a domain then.
func (c Config) DomainNames() []string {
	if c.Domains == nil {
		return []string{""}
	}
	return slices.Sorted(maps.Keys(c.Domains))
}
