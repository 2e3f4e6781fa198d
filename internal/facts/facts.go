// Package facts measures a repository: it collects all that a policy may know
// about one artifact, or about the change as a whole, into one document. It
// judges nothing: whatever it finds, it states, as closed enumerations wherever
// a comparison was made, and what that means is a rule's to say. No key and no
// computed MAC ever enters a fact, only the verdict of checking one.
package facts

import (
	"context"

	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/script"
)

// An Input is what a rule sees as `input`: one artifact (Artifact set), the
// whole change (Repository set), or what lets findings stand (Exceptions set). Its JSON form is schemas/facts.json. A pointer
// or a string that was not measured is absent, never empty.
type Input struct {
	EffectiveTime string        `json:"effective_time"` // RFC 3339, UTC, whole seconds; one for the run
	Settings      Settings      `json:"settings"`
	Artifact      *Artifact     `json:"artifact,omitempty"`
	Ledger        *Ledger       `json:"ledger,omitempty"`
	Manifest      *Manifest     `json:"manifest,omitempty"`
	VaultTime     *VaultTime    `json:"vaulttime,omitempty"`
	Test          *Test         `json:"test,omitempty"`
	Domain        *Domain       `json:"domain,omitempty"`
	Base          *Base         `json:"base,omitempty"`
	Checks        *Checks       `json:"checks,omitempty"`
	Script        *script.Facts `json:"script,omitempty"` // of the artifact, where it is a shell script
	// Content is what was looked for in the artifact's bytes; absent where they are
	// not here, as those of a Git LFS pointer.
	Content    *content.Facts `json:"content,omitempty"`
	Repository *Repository    `json:"repository,omitempty"`
	Exceptions *Exceptions    `json:"exceptions,omitempty"`
}

// Settings are the parts of the base commit's configuration that rules may read.
type Settings struct {
	RequireProof bool `json:"require_proof"`
	// SignCompanions is whether records carry manifest_sha256, test_sha256 and
	// attested_at: records: 2.
	SignCompanions bool   `json:"sign_companions"`
	Keyless        string `json:"keyless"`       // deny, proof
	LFS            string `json:"lfs"`           // oid, content
	MinimumLevel   string `json:"minimum_level"` // a-plus, tier-1, non-compliant
	Configured     bool   `json:"configured"`    // whether the base has a codexlock.yaml
	RunTests       string `json:"run_tests"`     // never; sandbox: this run executes the tests, for the configuration asks for it
	Layout         string `json:"layout"`        // git; strict: modes on the disk count too
}

// An Artifact is the file itself.
type Artifact struct {
	Path   string `json:"path"`
	Change string `json:"change"` // added, modified, removed, unchanged
	Kind   string `json:"kind"`   // file, symlink, submodule, directory, special, oversized, pointer (see Pointer), misnamed, misplaced, absent
	Mode   string `json:"mode,omitempty"`
	Area   string `json:"area,omitempty"`   // where the standard's layout has it: sources, incoming, quarantine, elsewhere
	SHA256 string `json:"sha256,omitempty"` // 64 lower-case hex; absent unless kind is file
	Size   *int64 `json:"size,omitempty"`   // bytes
	Proof  string `json:"proof,omitempty"`  // what SHA256 was taken from: content, lfs-oid
	// Script is whether the file is a shell script, yes or no; absent where it has
	// no content.
	Script string `json:"script,omitempty"`
	// Critical is whether the path is one of critical_paths, yes or no (ZT-9.1).
	Critical string `json:"critical,omitempty"`
	// DiskMode is the file's permission bits on the disk, four octal digits; only
	// where the layout is strict and the work tree is judged.
	DiskMode string `json:"disk_mode,omitempty"`
	// Stands is what stands here, of what is misplaced: a kind.
	Stands string `json:"stands,omitempty"`
	// Above is, of what is misplaced, what belongs below it: an artifact of the base,
	// a path that a ledger lists, or a folder of artifacts.include.
	Above string `json:"above,omitempty"`
	// RenamedFrom is the path at which the base has these bytes and the head has
	// nothing; RenamedTo, of what is removed, the new path at which the head has them.
	RenamedFrom string `json:"renamed_from,omitempty"`
	RenamedTo   string `json:"renamed_to,omitempty"`
	// Pointer is why a Git LFS pointer does not stand for its content, where Kind is
	// pointer: script (the rules about scripts and texts would apply to the content,
	// which is not here), content (the configuration wants it), malformed, unfiltered
	// (no attribute filter=lfs).
	Pointer string `json:"pointer,omitempty"`
	// CompanionOf is the artifact whose companion the name says that this is,
	// where there is no such artifact, and the ledger lists neither of them.
	CompanionOf string `json:"companion_of,omitempty"`
}

// A Problem is one thing that is wrong with a document's form.
type Problem struct {
	Message string `json:"message"`
	Pointer string `json:"pointer"` // RFC 6901; "" is the whole document
	Line    int    `json:"line"`    // counts from 1
	Column  int    `json:"column"`  // counts from 1, in characters
}

// A Document is what every companion and the ledger have in common.
type Document struct {
	Path string `json:"path"` // where it is, or where it is expected
	// State is valid; absent; invalid (see Problems); irregular (a symlink,
	// submodule, directory or special file stands there); twice (it stands
	// beside the artifact and under assets/manifests/).
	State    string    `json:"state"`
	Also     string    `json:"also,omitempty"` // the second place, where State is twice
	Problems []Problem `json:"problems"`
}

// A Ledger is Codex-Lock.json as far as it concerns one artifact.
type Ledger struct {
	Document
	Entry *Entry `json:"entry,omitempty"`
	// Listed is how often it has an entry with this artifact's path: never, once, often.
	Listed string `json:"listed"`
	// Entries are the pointers of all entries with this artifact's path,
	// in the order of the file; more than one is a duplicate.
	Entries []string `json:"entries"`
}

// An Entry is an artifact's line of trust in a ledger (ZT-3.1).
type Entry struct {
	Pointer        string `json:"pointer"`
	SHA256         string `json:"sha256"`
	DriftTolerance string `json:"drift_tolerance"` // the number as it was written
	TrustDomain    string `json:"trust_domain"`
	VerifiedAt     string `json:"verified_at"`
}

// A Manifest is X.manifest.json (ZT-11.1).
type Manifest struct {
	Document
	// Told are the fields that say something: creator, generated_at, toolchain.name,
	// toolchain.version, inputs, outputs; toolchain.unstated: it is null.
	Told        []string     `json:"told"`
	Artifact    string       `json:"artifact,omitempty"`
	SHA256      string       `json:"sha256,omitempty"`
	Creator     string       `json:"creator,omitempty"`
	GeneratedAt string       `json:"generated_at,omitempty"`
	Toolchain   *Tool        `json:"toolchain,omitempty"`
	Inputs      *[]Reference `json:"inputs,omitempty"`
	Outputs     *[]Reference `json:"outputs,omitempty"`
	Network     []string     `json:"network"`
	// LFS is what extensions.lfs records of a Git LFS pointer.
	LFS *LFS `json:"lfs,omitempty"`
}

// An LFS is what a manifest records of a Git LFS pointer, as text, so that whatever
// was written there is shown.
type LFS struct {
	OID           string `json:"oid,omitempty"`
	Size          string `json:"size,omitempty"` // bytes, decimal
	ContentHashed string `json:"content_hashed"` // when it was attested: yes; no (its oid was accepted); unknown
}

// A Tool is what made an artifact.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A VaultTime is X.vaulttime.json (ZT-4.1) without its MAC.
type VaultTime struct {
	Document
	SHA256      string `json:"sha256,omitempty"`
	Timestamp   string `json:"timestamp,omitempty"`
	TrustDomain string `json:"trust_domain,omitempty"`
	TTLHours    *int64 `json:"ttl_hours,omitempty"`
	ExpiresAt   string `json:"expires_at,omitempty"` // Timestamp + TTLHours
	Artifact    string `json:"artifact,omitempty"`   // the record's own path, where it has one
	KeyID       string `json:"key_id,omitempty"`
	Chain       []Link `json:"chain"` // the domains that it came through, oldest first
	// AttestedAt is when its content was approved, where the record states it.
	AttestedAt string `json:"attested_at,omitempty"`
}

// A Link is an earlier record of the artifact, as the record's chain holds it.
type Link struct {
	Pointer     string `json:"pointer"`
	TrustDomain string `json:"trust_domain"`
	Subject     string `json:"subject"`   // its path and digest and the record's: match, differs
	Order       string `json:"order"`     // its time and the next one's: forward (same or earlier), back
	Repeated    string `json:"repeated"`  // whether its domain stands in the chain, or the record, once more: yes, no
	Signature   string `json:"signature"` // its proof, over all the links before it: valid, invalid, no_key, revoked (valid, of a key that counts no more)
	// Accepted is whether the next domain accepts artifacts from this one: yes, no,
	// open (no configuration: any does).
	Accepted string `json:"accepted"`
}

// A Test is X.test.
type Test struct {
	Document
	Mode   string        `json:"mode,omitempty"`
	Script *script.Facts `json:"script,omitempty"` // what the script does
	// Content is what was looked for in its bytes.
	Content *content.Facts `json:"content,omitempty"`
	// Run is what came of executing it: not_asked; passed (twice, in the sandbox);
	// failed; differs (the second run did otherwise than the first); timeout;
	// refused (nothing vouches for its bytes); unavailable (the sandbox, or what it
	// tests); unproved (its artifact is not what is recorded and signed, or the
	// test cannot be run, as other rules say). But for passed, RunDetail says why.
	Run       string `json:"run"`
	RunDetail string `json:"run_detail,omitempty"`
}

// A Domain is the trust domain that the record names (the ledger entry, where
// there is no record).
type Domain struct {
	Name  string `json:"name"`
	State string `json:"state"` // known, unknown, open (no configuration: any name is one)
	// KeyID names the key that this run has for the domain; absent with no key.
	KeyID       string `json:"key_id,omitempty"`
	MaxTTLHours int64  `json:"max_ttl_hours"`
	// Paths is whether the artifact's path is one of the domain's: inside, outside,
	// open (the domain names none), claimed (it names none, and another domain names
	// this one), absent (no domain that is known).
	Paths string `json:"paths"`
	// Network are the hosts that the domain's scripts may reach; "*" is any.
	Network []string `json:"network"`
}

// A Base is the same artifact in the base commit; absent where it was not there.
type Base struct {
	SHA256      string `json:"sha256,omitempty"`
	VerifiedAt  string `json:"verified_at,omitempty"`  // its ledger entry's
	Timestamp   string `json:"timestamp,omitempty"`    // its record's
	TrustDomain string `json:"trust_domain,omitempty"` // its record's
	AttestedAt  string `json:"attested_at,omitempty"`  // its record's, where it has one
	// RecordState is that of its record: valid, absent, twice (it stands in two
	// places, and the fields below are those of either), unread (something stands
	// there that cannot be read, and may have had any field).
	RecordState string `json:"record_state"`
	// Proof and the next three are whether its record had the field: present,
	// absent, unknown (the record cannot be read and may have had it).
	Proof       string `json:"proof"`
	ManifestSum string `json:"manifest_sha256"`
	TestSum     string `json:"test_sha256"`
	Attested    string `json:"attested"`
	Content     string `json:"content"`     // its bytes and the head's: same, differs, gone, absent (not in the base)
	Mode        string `json:"mode"`        // its mode in Git and the head's: same, differs, absent (either is no file)
	Manifest    string `json:"manifest"`    // its manifest's bytes and the head's: same, differs, absent (either is not there)
	Test        string `json:"test"`        // its test's bytes and the head's: same, differs, absent (either is not there)
	RecordText  string `json:"record_text"` // its record's bytes and the head's: same, differs, absent (either is not there)
	// Record is when its record's content was approved, and the head's: same,
	// later, earlier, absent (either cannot be read).
	Record string `json:"record"`
}

// Checks are the comparisons made, as closed enumerations. Each is "absent"
// where one of the two sides is missing or malformed.
type Checks struct {
	Ledger    string `json:"ledger"`    // artifact's digest and ledger entry's: match, differs, absent
	Manifest  string `json:"manifest"`  // artifact's digest and manifest's: match, differs, absent
	VaultTime string `json:"vaulttime"` // artifact's digest and record's: match, differs, absent
	Named     string `json:"named"`     // manifest's artifact and the path: match, differs, absent
	Signature string `json:"signature"` // the HMAC with the key of the domain that the record names: valid, invalid, no_key, absent
	KeyID     string `json:"key_id"`    // the record's key_id and those of our keys: match, differs, absent
	// Epoch is that of the key that the record names, or was made with: current;
	// retiring; revoked; unknown (the domain lists keys, and not this one);
	// unlisted (it lists none); absent (no key is named, and none of ours made it).
	Epoch     string `json:"epoch"`
	Proof     string `json:"proof"`     // the Ed25519 signature: valid, invalid, no_key (none to check it with), absent
	Path      string `json:"path"`      // the record's own path and the artifact's: match, differs, absent
	Time      string `json:"time"`      // current, expired, future, absent
	TTL       string `json:"ttl"`       // the record's ttl_hours and the domain's maximum: within, exceeds, absent
	Tolerance string `json:"tolerance"` // drift_tolerance: zero, nonzero, absent
	Domain    string `json:"domain"`    // record's and ledger entry's trust_domain: match, differs, absent
	// Rollback is how the record stands to the base's in time, by attested_at and
	// then by timestamp: forward (same or later); back; undated (the base's record
	// has attested_at, and this one does not); new (none in base); absent.
	Rollback string `json:"rollback"`
	// ManifestSigned and TestSigned compare the bytes of the manifest and of the
	// test with the digests in the record: match, differs, absent; own (the test
	// differs, and is an attested artifact itself).
	ManifestSigned string `json:"manifest_signed"`
	TestSigned     string `json:"test_signed"`
	// Continuity is whether the record goes on from where the base's left the
	// artifact: continued (its trust domain and chain, or accepted from there with
	// the chain); accepted (from there, and there is no chain to go on with); refused
	// (in a domain that accepts none from there); dropped (without the chain); new
	// (none in base); open (no configuration); absent (no domain is named).
	Continuity string `json:"continuity"`
	// VerifiedAt is how the ledger entry's verified_at stands to the base's: kept;
	// new (none in base); attested (later, and the record is later too); alone
	// (it moved and the record did not); back; future (more than five minutes
	// past the effective time); absent.
	VerifiedAt string `json:"verified_at"`
	// Inputs is the worst over the manifest's inputs: match, unrecorded, differs,
	// missing, unsafe, none (an empty list), absent.
	Inputs string `json:"inputs"`
	// Outputs says whether each of the manifest's outputs has a hash: recorded,
	// unrecorded, none (an empty list), absent.
	Outputs string `json:"outputs"`
	// LFS compares a Git LFS pointer with the oid and the size that its manifest
	// records: match, oid_differs, size_differs, absent (no pointer, or none recorded).
	LFS string `json:"lfs"`
}

// A Reference is one input or output of a manifest and how it compares with the tree.
type Reference struct {
	Pointer string `json:"pointer"`
	Path    string `json:"path"`
	SHA256  string `json:"sha256,omitempty"` // absent: it is a plain path
	// State is match, differs, unrecorded (the file is there, and no hash is recorded),
	// missing, unsafe (not a path inside the repository).
	State string `json:"state"`
	// Change is how the file differs between base and head, where that was asked:
	// added, modified, removed, unchanged.
	Change string `json:"change,omitempty"`
}

// A Repository is the change as a whole.
type Repository struct {
	Scope       string       `json:"scope"`          // changed, all, paths
	Base        string       `json:"base,omitempty"` // commit
	Head        string       `json:"head,omitempty"` // commit; absent: the work tree
	Artifacts   int          `json:"artifacts"`      // how many are evaluated
	Ledger      Document     `json:"ledger"`
	UnsafePaths []UnsafePath `json:"unsafe_paths"` // of ledger entries
	TrustedBase string       `json:"trusted_base"` // commit, head (a first push), ancestor (the commit itself cannot be used)
	GateChanges []GateChange `json:"gate_changes"`
	// EditedGate is whether the gate can be used once the change is merged: unedited,
	// usable, unusable, unchecked.
	EditedGate   string        `json:"edited_gate"`
	GateProblems []GateProblem `json:"gate_problems"`
	Collisions   []Collision   `json:"collisions"`
	// MoreCollisions is how many there are beside those that are listed.
	MoreCollisions int         `json:"more_collisions,omitempty"`
	Config         string      `json:"config,omitempty"` // where the base's configuration stands; absent: none
	Keys           []DomainKey `json:"keys"`
	KeyChecks      *KeyChecks  `json:"key_checks,omitempty"`
	Script         GateScript  `json:"script"`
	Log            Log         `json:"log"`
}

// A Collision is a name that some systems take for another one's file.
type Collision struct {
	Path  string `json:"path"` // of a file, or of a folder
	Other string `json:"other"`
	// Kind is how they differ: case (in case only), unicode (in how characters are
	// composed), ignored (in characters that some systems ignore).
	Kind string `json:"kind"`
}

// KeyChecks are what holds of the keys of all trust domains together, so that rules
// read them one by one only where there is something to report.
type KeyChecks struct {
	Strength string `json:"strength"` // strong (each is, or this run does not have it), weak
	Sharing  string `json:"sharing"`  // apart (each domain has a key of its own), shared
	Listing  string `json:"listing"`  // listed (each is the current one, or no key is listed, or this run has none), unlisted
	Age      string `json:"age"`      // fresh (each that is neither retiring nor revoked), due
}

// A DomainKey is what holds of a trust domain's keys.
type DomainKey struct {
	Domain   string `json:"domain,omitempty"` // absent: any, for there is no configuration
	Pointer  string `json:"pointer"`          // of the domain in the configuration
	Variable string `json:"variable"`         // the environment variable that holds its key
	ID       string `json:"id,omitempty"`     // of the key that this run has
	Strength string `json:"strength"`         // strong, weak, absent (this run has no key)
	Weakness string `json:"weakness,omitempty"`
	// Listed is how the keys that this run has stand in public_keys: current (one is
	// the current one, with its public half); differs (listed with another public
	// half); retiring; revoked; missing (keys are listed, and none of these); none (no
	// key is listed); absent (this run has no key).
	Listed string `json:"listed"`
	// SharedWith are the other domains that have the same variable or the same key.
	SharedWith []string    `json:"shared_with"`
	PublicKeys []PublicKey `json:"public_keys"`
}

// A PublicKey is one epoch of a domain's key, as the configuration lists it.
type PublicKey struct {
	Pointer   string `json:"pointer"`
	ID        string `json:"id"`
	State     string `json:"state"`                // current, retiring, revoked
	CreatedAt string `json:"created_at,omitempty"` // RFC 3339
	Age       string `json:"age"`                  // fresh, due (90 days or older), unknown
}

// A GateScript is ingest_archive.test.sh, the standard's one command (ZT-12).
type GateScript struct {
	Path  string `json:"path"`
	State string `json:"state"` // present, absent, irregular
	Mode  string `json:"mode,omitempty"`
	// Origin is init (the bytes that codexlock init writes), attested (the ledger
	// lists it with its hash), other, absent (nothing is there).
	Origin string `json:"origin"`
}

// A Log is MANIFEST.integrity.json and its checkpoint (ZT-8).
type Log struct {
	Document
	Change     string     `json:"change"`  // added, modified, removed, unchanged: log and checkpoint between base and head
	History    string     `json:"history"` // extends (the base's, or new), rewritten, unread (the base's cannot be read), absent (there is none, or it was not asked)
	Chain      string     `json:"chain"`   // intact, broken, unchained, absent
	Break      int        `json:"break,omitempty"`
	Lines      int        `json:"lines"`
	Checkpoint Checkpoint `json:"checkpoint"`
}

// A Checkpoint is the signed note over the log.
type Checkpoint struct {
	Document
	Signature string `json:"signature"` // valid, invalid, no_key, absent
	Covers    string `json:"covers"`    // its size and root and the log's: match, differs, absent
	// Before is whether anything stands at its path in the base: present, absent.
	Before string `json:"before"`
}

// An UnsafePath is a ledger entry's path that names no file inside the repository.
type UnsafePath struct {
	Pointer string `json:"pointer"`
	Path    string `json:"path"`
	Reason  string `json:"reason"`
}

// A GateChange is a changed file that the gate itself is made of.
type GateChange struct {
	Path   string `json:"path"`
	Kind   string `json:"kind"`   // config, baseline, policy, schema, workflow
	Change string `json:"change"` // added, modified, removed
}

// A GateProblem is why an edited gate cannot be used.
type GateProblem struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`   // counts from 1
	Column  int    `json:"column"` // counts from 1
	Message string `json:"message"`
}

// Exceptions are what lets findings stand, and what became of it once everything
// else was judged.
type Exceptions struct {
	File     string      `json:"file,omitempty"` // the configuration; absent: there is none
	Judged   string      `json:"judged"`         // all; part (what is unused is not known)
	List     []Exception `json:"list"`
	Rules    []Exception `json:"rules"` // settings of optional rules
	Baseline Baseline    `json:"baseline"`
	Added    Additions   `json:"added"`
}

// Additions are the entries of the same kinds that the change adds or edits. They
// cover nothing of the change; here is what they would say once it is merged.
type Additions struct {
	File     string       `json:"file,omitempty"` // the head's configuration; absent: there is none, or it cannot be read
	List     []Exception  `json:"list"`
	Rules    []Exception  `json:"rules"`
	Baseline string       `json:"baseline,omitempty"` // the head's baseline
	Never    []StaleEntry `json:"never"`              // entries of the baseline from rules that are never excepted
}

// An Exception is one of the configuration's, or its setting of a rule.
type Exception struct {
	Pointer string `json:"pointer"`
	Rule    string `json:"rule"` // the selector, or a setting's code, as written
	Owner   string `json:"owner"`
	Expires string `json:"expires"` // RFC 3339, UTC
	State   string `json:"state"`   // current, expired
	// Selects is whether there is a rule that it selects: rules, nothing, refused
	// (only such as are never excepted, or are not optional), unsettled (nothing, in
	// a change that edits rules too).
	Selects string `json:"selects"`
	Nearest string `json:"nearest,omitempty"` // the rule or area that may have been meant, where it selects nothing
	Use     string `json:"use"`               // used, unused, unknown (not everything was judged)
	// Line and Column are of the value that says rule or, where it expired, until
	// when, in the head's configuration; absent for an entry of the base's.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// A Baseline is the file with the findings that were there before the gate.
type Baseline struct {
	Path     string       `json:"path,omitempty"`
	State    string       `json:"state"` // valid, absent, invalid, irregular, unnamed (the configuration names none)
	Problems []Problem    `json:"problems"`
	Entries  int          `json:"entries"`
	Stale    []StaleEntry `json:"stale"` // those that cover no finding, where everything was judged
	Never    []StaleEntry `json:"never"` // those from rules that are never excepted
}

// A StaleEntry is one of a baseline that covers nothing.
type StaleEntry struct {
	Pointer string `json:"pointer"`
	Line    int    `json:"line,omitempty"` // in the head's file, where the change adds it
	Rule    string `json:"rule"`
	Path    string `json:"path"`
}

// A Measurement is one input and the way back from a pointer into a file to the
// place where its value stands there.
type Measurement struct {
	Input Input
	// Locate finds the first character of the value at an RFC 6901 pointer;
	// ok is false where the file was not read or has no such value.
	Locate func(file, pointer string) (line, column int, ok bool)
	// Statement finds the statement at a place of a file that a finding is about.
	Statement func(ctx context.Context, at Place) (Statement, error)
	// Signature is the HMAC that the artifact's record holds, for the log of
	// verifications; no rule sees it.
	Signature string
	// Second measures what can only be measured once the rules have said whether the
	// artifact is attested: whether its test is an attested artifact itself, and what
	// comes of executing it. Input is without it until then. nil: nothing is left.
	Second SecondPhase
}

// A SecondPhase completes an input. attested is whether no rule about what was
// attested denies the artifact; judge says the same of another artifact.
type SecondPhase func(ctx context.Context, attested bool, judge Judge) (Input, error)

// A Judge reports whether no rule about what was attested denies an artifact.
type Judge func(ctx context.Context, m *Measurement) (attested bool, err error)

// A Place is where a finding stands in a file: at a value of a document, at a line
// and a column, or, with neither, in the whole file.
type Place struct {
	File         string
	Pointer      string
	Pointed      bool // there is a Pointer
	Line, Column int  // Line 0: there is none
}

// A Statement is the text at a place, for a baseline to name.
type Statement struct {
	SHA256 string // of the text; of no text, where no such file is there
	Kept   bool   // the whole file, or of the ledger the artifact's entry, is what it is in the base
}

// A Change is measured piece by piece, so that memory stays flat in the number
// of artifacts. Its methods may be called from several goroutines.
type Change interface {
	// Len is the number of artifacts under judgement, in the order of their paths.
	Len() int
	// Artifact measures the i-th artifact.
	Artifact(ctx context.Context, i int) (Measurement, error)
	// Repository measures the change as a whole.
	Repository(ctx context.Context) (Measurement, error)
}
