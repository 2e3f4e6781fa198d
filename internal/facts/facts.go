// Package facts defines the documents that rules see: all facts about one artifact, or about
// the whole change. The result of a comparison is a value of an enumeration; rules decide what
// it means. A fact never contains a key or a computed MAC, only the result of checking one.
// Package measure collects them.
package facts

import "context"

// An Input is what a rule sees as `input`: one artifact (Artifact set), the whole change
// (Repository set), or what lets findings stand (Exceptions set). Its JSON form is
// schemas/facts.json. A pointer or a string that was not measured is absent, never empty.
type Input struct {
	EffectiveTime string     `json:"effective_time"` // RFC 3339, UTC, whole seconds; one for the run
	Settings      Settings   `json:"settings"`
	Artifact      *Artifact  `json:"artifact,omitempty"`
	Ledger        *Ledger    `json:"ledger,omitempty"`
	Manifest      *Manifest  `json:"manifest,omitempty"`
	VaultTime     *VaultTime `json:"vaulttime,omitempty"`
	Renewal       *Renewal   `json:"renewal,omitempty"` // absent: renewals are in the tree
	Test          *Test      `json:"test,omitempty"`
	Domain        *Domain    `json:"domain,omitempty"`
	Base          *Base      `json:"base,omitempty"`
	Checks        *Checks    `json:"checks,omitempty"`
	Script        *Script    `json:"script,omitempty"` // of the artifact, where it is a shell script
	// Content is what was looked for in the artifact's bytes; absent where they are
	// not here, as those of a Git LFS pointer.
	Content    *Content    `json:"content,omitempty"`
	Repository *Repository `json:"repository,omitempty"`
	Exceptions *Exceptions `json:"exceptions,omitempty"`
}

// Settings are the parts of the base commit's configuration that rules may read.
type Settings struct {
	RequireProof bool `json:"require_proof"`
	// SignCompanions is whether records carry manifest_sha256, test_sha256 and
	// attested_at: records: 2.
	SignCompanions bool     `json:"sign_companions"`
	Keyless        Keyless  `json:"keyless"`
	LFS            LFSHash  `json:"lfs"`
	MinimumLevel   Level    `json:"minimum_level"` // that a change must reach
	Configured     bool     `json:"configured"`    // whether the base has a codexlock.yaml
	RunTests       RunTests `json:"run_tests"`
	Layout         Layout   `json:"layout"`
	// ValidUntil is until when this run wants records to be valid, RFC 3339; absent where
	// it is enough that they are at the effective time.
	ValidUntil string `json:"valid_until,omitempty"`
}

// An Artifact is the file itself.
type Artifact struct {
	Path   string     `json:"path"`
	Change FileChange `json:"change"`
	Kind   Kind       `json:"kind"`
	Mode   string     `json:"mode,omitempty"`
	Area   Area       `json:"area,omitempty"`
	SHA256 string     `json:"sha256,omitempty"` // 64 lower-case hex; absent unless kind is file
	Size   *int64     `json:"size,omitempty"`   // bytes
	Proof  HashSource `json:"proof,omitempty"`  // what SHA256 was taken from
	// Script is whether the file is a shell script, yes or no; absent where it has
	// no content.
	Script YesNo `json:"script,omitempty"`
	// Critical is whether the path is one of critical_paths, yes or no (ZT-9.1).
	Critical YesNo `json:"critical,omitempty"`
	// DiskMode is the file's permission bits on the disk, four octal digits; only
	// where the layout is strict and the work tree is judged.
	DiskMode string `json:"disk_mode,omitempty"`
	// Stands is what stands here, of what is misplaced.
	Stands StandsKind `json:"stands,omitempty"`
	// Above is, of what is misplaced, what belongs below it: an artifact of the base,
	// a path that a ledger lists, or a folder of artifacts.include.
	Above string `json:"above,omitempty"`
	// RenamedFrom is the path at which the base has these bytes and the head has
	// nothing; RenamedTo, of what is removed, the new path at which the head has them.
	RenamedFrom string `json:"renamed_from,omitempty"`
	RenamedTo   string `json:"renamed_to,omitempty"`
	// Pointer is set where Kind is pointer.
	Pointer PointerProblem `json:"pointer,omitempty"`
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
	Path     string        `json:"path"` // where it is, or where it is expected
	State    DocumentState `json:"state"`
	Also     string        `json:"also,omitempty"` // the second place, where State is twice
	Problems []Problem     `json:"problems"`
}

// A Ledger is Codex-Lock.json as far as it concerns one artifact.
type Ledger struct {
	Document
	Entry *Entry `json:"entry,omitempty"`
	// Listed is how often it has an entry with this artifact's path.
	Listed Times `json:"listed"`
	// Entries are the pointers of all entries with this artifact's path,
	// in the order of the file; more than one is a duplicate.
	Entries []string `json:"entries"`
}

// An Entry is an artifact's line of trust in a ledger (ZT-3.1).
type Entry struct {
	Pointer        string         `json:"pointer"`
	SHA256         string         `json:"sha256"`
	DriftTolerance string         `json:"drift_tolerance"` // the number as it was written
	TrustDomain    string         `json:"trust_domain"`
	VerifiedAt     string         `json:"verified_at"`
	Inputs         RecordedInputs `json:"inputs,omitempty"` // none, some: whether the manifest names any
}

// A Manifest is X.manifest.json (ZT-11.1).
type Manifest struct {
	Document
	// Told are the fields that say something.
	Told        []ManifestField `json:"told"`
	Artifact    string          `json:"artifact,omitempty"`
	SHA256      string          `json:"sha256,omitempty"`
	Creator     string          `json:"creator,omitempty"`
	GeneratedAt string          `json:"generated_at,omitempty"`
	Toolchain   *Tool           `json:"toolchain,omitempty"`
	Inputs      *[]Reference    `json:"inputs,omitempty"`
	Outputs     *[]Reference    `json:"outputs,omitempty"`
	Network     []string        `json:"network"`
	// LFS is what extensions.lfs records of a Git LFS pointer.
	LFS *LFS `json:"lfs,omitempty"`
}

// An LFS is what a manifest records of a Git LFS pointer, as text, so that whatever
// was written there is shown.
type LFS struct {
	OID           string       `json:"oid,omitempty"`
	Size          string       `json:"size,omitempty"` // bytes, decimal
	ContentHashed YesNoUnknown `json:"content_hashed"` // whether the content was hashed when it was attested; no: its oid was accepted
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

// A Renewal is what the ref of renewed records has of the artifact, and whether it counts
// in place of the record in the tree: then VaultTime and Checks are about it.
type Renewal struct {
	State  RenewalState `json:"state"`
	Reason string       `json:"reason,omitempty"` // why it does not count, where the state does not say all
	// Timestamp and ExpiresAt are the renewed record's; absent: none can be read.
	Timestamp string `json:"timestamp,omitempty"`
	ExpiresAt string `json:"expires_at,omitempty"`
}

// A Link is an earlier record of the artifact, as the record's chain holds it.
type Link struct {
	Pointer     string        `json:"pointer"`
	TrustDomain string        `json:"trust_domain"`
	Subject     LinkSubject   `json:"subject"` // its path and digest and the record's
	Order       LinkOrder     `json:"order"`
	Repeated    YesNo         `json:"repeated"` // whether its domain stands in the chain, or the record, once more
	Signature   LinkSignature `json:"signature"`
	// Accepted is whether the next domain accepts artifacts from this one.
	Accepted Acceptance `json:"accepted"`
}

// A Test is X.test.
type Test struct {
	Document
	Mode   string  `json:"mode,omitempty"`
	Script *Script `json:"script,omitempty"` // what the script does
	// Verifier is what verifies the artifact; absent where there is no script.
	Verifier TestVerifier `json:"verifier,omitempty"`
	// Content is what was looked for in its bytes.
	Content *Content `json:"content,omitempty"`
	// Run is what came of executing it. But for passed, RunDetail says why.
	Run       TestRun `json:"run"`
	RunDetail string  `json:"run_detail,omitempty"`
}

// A Domain is the trust domain that the record names (the ledger entry, where
// there is no record).
type Domain struct {
	Name  string      `json:"name"`
	State DomainState `json:"state"`
	// KeyID names the key that this run has for the domain; absent with no key.
	KeyID       string `json:"key_id,omitempty"`
	MaxTTLHours int64  `json:"max_ttl_hours"`
	// Paths is whether the artifact's path is one of the domain's.
	Paths DomainPaths `json:"paths"`
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
	// RecordState is that of its record.
	RecordState RecordState `json:"record_state"`
	// Proof and the next three are whether its record had the field.
	Proof       FieldState    `json:"proof"`
	ManifestSum FieldState    `json:"manifest_sha256"`
	TestSum     FieldState    `json:"test_sha256"`
	Attested    FieldState    `json:"attested"`
	Content     ContentChange `json:"content"`
	Mode        Sameness      `json:"mode"`        // its mode in Git
	Manifest    Sameness      `json:"manifest"`    // its manifest's bytes
	Test        Sameness      `json:"test"`        // its test's bytes
	RecordText  Sameness      `json:"record_text"` // its record's bytes
	// Record is when its record's content was approved, and the head's.
	Record RecordAge `json:"record"`
}

// Checks are the comparisons made, as closed enumerations. Each is "absent"
// where one of the two sides is missing or malformed.
type Checks struct {
	Ledger    Comparison `json:"ledger"`    // artifact's digest and ledger entry's
	Manifest  Comparison `json:"manifest"`  // artifact's digest and manifest's
	VaultTime Comparison `json:"vaulttime"` // artifact's digest and record's
	Named     Comparison `json:"named"`     // manifest's artifact and the path
	Signature Signature  `json:"signature"` // the HMAC with the key of the domain that the record names
	KeyID     Comparison `json:"key_id"`    // the record's key_id and those of our keys
	Epoch     KeyEpoch   `json:"epoch"`
	Proof     Signature  `json:"proof"` // the Ed25519 signature
	Path      Comparison `json:"path"`  // the record's own path and the artifact's
	Time      RecordTime `json:"time"`
	TTL       TTL        `json:"ttl"`
	Tolerance Tolerance  `json:"tolerance"`
	Domain    Comparison `json:"domain"` // record's and ledger entry's trust_domain
	Rollback  Rollback   `json:"rollback"`
	// ManifestSigned and TestSigned compare the bytes of the manifest and of the
	// test with the digests in the record.
	ManifestSigned Comparison `json:"manifest_signed"`
	TestSigned     TestSigned `json:"test_signed"`
	Continuity     Continuity `json:"continuity"`
	VerifiedAt     VerifiedAt `json:"verified_at"`
	// EntryInputs is whether the manifest names inputs where the ledger entry says so, and
	// none where it says that; "" where the entry says nothing, or the manifest cannot be
	// read.
	EntryInputs EntryInputs   `json:"entry_inputs,omitempty"`
	Inputs      InputsState   `json:"inputs"`
	Outputs     OutputsState  `json:"outputs"`
	LFS         LFSComparison `json:"lfs"`
}

// A Reference is one input or output of a manifest and how it compares with the tree.
type Reference struct {
	Pointer string         `json:"pointer"`
	Path    string         `json:"path"`
	SHA256  string         `json:"sha256,omitempty"` // absent: it is a plain path
	State   ReferenceState `json:"state"`
	// Change is how the file differs between base and head, where that was asked:
	// added, modified, removed, unchanged.
	Change FileChange `json:"change,omitempty"`
}

// A Repository is the change as a whole.
type Repository struct {
	Scope        Scope         `json:"scope"`
	Base         string        `json:"base,omitempty"` // commit
	Head         string        `json:"head,omitempty"` // commit; absent: the work tree
	Artifacts    int           `json:"artifacts"`      // how many are evaluated
	Ledger       Document      `json:"ledger"`
	UnsafePaths  []UnsafePath  `json:"unsafe_paths"` // of ledger entries
	TrustedBase  TrustedBase   `json:"trusted_base"`
	GateChanges  []GateChange  `json:"gate_changes"`
	EditedGate   EditedGate    `json:"edited_gate"`
	GateProblems []GateProblem `json:"gate_problems"`
	Collisions   []Collision   `json:"collisions"`
	// MoreCollisions is how many there are beside those that are listed.
	MoreCollisions int         `json:"more_collisions,omitempty"`
	Config         string      `json:"config,omitempty"` // where the base's configuration stands; absent: none
	Keys           []DomainKey `json:"keys"`
	KeyChecks      *KeyChecks  `json:"key_checks,omitempty"`
	Script         GateScript  `json:"script"`
	Log            Log         `json:"log"`
	// Uses are the places in the head that use an artifact, in the order of files and
	// lines, and UseFiles the files in which they were looked for. Where a change is
	// judged that touches neither such a file nor the list of artifacts, nothing is read
	// and both are empty.
	Uses     []ArtifactUse `json:"uses,omitempty"`
	UseFiles []UseFile     `json:"use_files,omitempty"`
	// UseChecks is what holds of them together.
	UseChecks *UseChecks `json:"use_checks,omitempty"`
}

// A Collision is a name that some systems take for another one's file.
type Collision struct {
	Path  string        `json:"path"` // of a file, or of a folder
	Other string        `json:"other"`
	Kind  CollisionKind `json:"kind"`
}

// KeyChecks are what holds of the keys of all trust domains together, so that rules
// read them one by one only where there is something to report.
type KeyChecks struct {
	Strength KeysStrength `json:"strength"`
	Sharing  KeysSharing  `json:"sharing"`
	Listing  KeysListing  `json:"listing"`
	Age      KeysAge      `json:"age"`
}

// A DomainKey is what holds of a trust domain's keys.
type DomainKey struct {
	Domain   string      `json:"domain,omitempty"` // absent: any, for there is no configuration
	Pointer  string      `json:"pointer"`          // of the domain in the configuration
	Variable string      `json:"variable"`         // the environment variable that holds its key
	ID       string      `json:"id,omitempty"`     // of the key that this run has
	Strength KeyStrength `json:"strength"`
	Weakness string      `json:"weakness,omitempty"`
	Listed   KeyListed   `json:"listed"`
	// SharedWith are the other domains that have the same variable or the same key.
	SharedWith []string    `json:"shared_with"`
	PublicKeys []PublicKey `json:"public_keys"`
}

// A PublicKey is one epoch of a domain's key, as the configuration lists it.
type PublicKey struct {
	Pointer   string         `json:"pointer"`
	ID        string         `json:"id"`
	State     PublicKeyState `json:"state"`
	CreatedAt string         `json:"created_at,omitempty"` // RFC 3339
	Age       PublicKeyAge   `json:"age"`
}

// A GateScript is ingest_archive.test.sh, the standard's one command (ZT-12).
type GateScript struct {
	Path   string           `json:"path"`
	State  GateScriptState  `json:"state"`
	Mode   string           `json:"mode,omitempty"`
	Origin GateScriptOrigin `json:"origin"`
}

// A Log is MANIFEST.integrity.json and its checkpoint (ZT-8).
type Log struct {
	Document
	Change     FileChange `json:"change"` // of the log and its checkpoint
	History    LogHistory `json:"history"`
	Chain      LogChain   `json:"chain"`
	Break      int        `json:"break,omitempty"`
	Lines      int        `json:"lines"`
	Checkpoint Checkpoint `json:"checkpoint"`
}

// A Checkpoint is the signed note over the log.
type Checkpoint struct {
	Document
	Signature LogSignature `json:"signature"`
	Covers    Comparison   `json:"covers"` // its size and root and the log's
	// Before is whether anything stands at its path in the base.
	Before Presence `json:"before"`
}

// An UnsafePath is a ledger entry's path that names no file inside the repository.
type UnsafePath struct {
	Pointer string `json:"pointer"`
	Path    string `json:"path"`
	Reason  string `json:"reason"`
}

// A GateChange is a changed file that the gate itself is made of.
type GateChange struct {
	Path   string         `json:"path"`
	Kind   GateFile       `json:"kind"`
	Change GateFileChange `json:"change"`
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
	Judged   Judged      `json:"judged"`
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
	Pointer string         `json:"pointer"`
	Rule    string         `json:"rule"` // the selector, or a setting's code, as written
	Owner   string         `json:"owner"`
	Expires string         `json:"expires"` // RFC 3339, UTC
	State   ExceptionState `json:"state"`
	Selects Selects        `json:"selects"`
	Nearest string         `json:"nearest,omitempty"` // the rule or area that may have been meant, where it selects nothing
	Use     ExceptionUse   `json:"use"`
	// Line and Column are of the value that says rule or, where it expired, until
	// when, in the head's configuration; absent for an entry of the base's.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// A Baseline is the file with the findings that were there before the gate.
type Baseline struct {
	Path     string        `json:"path,omitempty"`
	State    BaselineState `json:"state"`
	Problems []Problem     `json:"problems"`
	Entries  int           `json:"entries"`
	Stale    []StaleEntry  `json:"stale"` // those that cover no finding, where everything was judged
	Never    []StaleEntry  `json:"never"` // those from rules that are never excepted
}

// A StaleEntry is one of a baseline that covers nothing.
type StaleEntry struct {
	Pointer string `json:"pointer"`
	Line    int    `json:"line,omitempty"` // in the head's file, where the change adds it
	Rule    string `json:"rule"`
	Path    string `json:"path"`
}

// An Eligibility says why a path is an artifact, or why it is not.
type Eligibility struct {
	Artifact     bool   `json:"artifact"`
	Pattern      string `json:"pattern,omitempty"`  // of artifacts.include, the first that matches
	Excluded     string `json:"excluded,omitempty"` // of artifacts.exclude, the first that matches
	Listed       bool   `json:"listed"`             // in the head's ledger
	ListedInBase bool   `json:"listed_in_base"`
	CompanionOf  string `json:"companion_of,omitempty"` // the artifact whose companion it is
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
	// Instead measures the artifact by the record in the tree, where Input is measured by a
	// renewed one: that one counts only if the rules about records find nothing in it that
	// they do not find in the one in the tree. nil: Input is measured by that one.
	Instead func() (Measurement, error)
	// Second measures what can only be measured once the rules have said whether the
	// artifact is attested: whether its test is an attested artifact itself, and what
	// comes of executing it. Input is without it until then. nil: nothing is left.
	Second SecondPhase
}

// Complete reports whether nothing is left to measure that depends on the rules' answers.
func (m *Measurement) Complete() bool { return m.Instead == nil && m.Second == nil }

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
