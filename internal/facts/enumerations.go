package facts

// The enumerations of facts are defined here, and nowhere else: a test holds
// schemas/facts.json to them, and every text of the program that becomes one.

// A Keyless says what a run without the secret does.
type Keyless string

// The values of Keyless.
const (
	KeylessDeny  Keyless = "deny"
	KeylessProof Keyless = "proof" // it accepts a valid Ed25519 proof
)

// An LFSHash says what a Git LFS artifact's hash is taken from.
type LFSHash string

// The values of LFSHash.
const (
	LFSHashOID     LFSHash = "oid"
	LFSHashContent LFSHash = "content"
)

// A Level is a compliance level (ZT-13).
type Level string

// The values of Level.
const (
	LevelAPlus        Level = "a-plus"
	LevelTier1        Level = "tier-1"
	LevelNonCompliant Level = "non-compliant"
)

// A RunTests says whether this run executes tests.
type RunTests string

// The values of RunTests.
const (
	RunTestsNever   RunTests = "never"
	RunTestsSandbox RunTests = "sandbox" // the configuration asks for it
)

// A Layout says which modes count.
type Layout string

// The values of Layout.
const (
	LayoutGit    Layout = "git"    // those in Git
	LayoutStrict Layout = "strict" // those of a work tree's files on the disk too
)

// A FileChange is how a file differs between base and head.
type FileChange string

// The values of FileChange.
const (
	FileChangeAdded     FileChange = "added"
	FileChangeModified  FileChange = "modified"
	FileChangeRemoved   FileChange = "removed"
	FileChangeUnchanged FileChange = "unchanged"
)

// A Kind is the kind of file at an artifact's path.
type Kind string

// The values of Kind.
const (
	KindFile      Kind = "file"
	KindSymlink   Kind = "symlink"
	KindSubmodule Kind = "submodule"
	KindDirectory Kind = "directory"
	KindSpecial   Kind = "special"
	KindOversized Kind = "oversized" // too large to be read
	KindPointer   Kind = "pointer"   // a Git LFS pointer that does not stand for its content, see PointerProblem
	KindMisnamed  Kind = "misnamed"  // its name means different files on different systems, names none on Windows, or hides what it is
	KindMisplaced Kind = "misplaced" // it stands where a folder of artifacts belongs
	KindAbsent    Kind = "absent"
)

// A StandsKind is the kind of file at the path of a folder of artifacts.
type StandsKind string

// The values of StandsKind.
const (
	StandsKindFile      StandsKind = "file"
	StandsKindSymlink   StandsKind = "symlink"
	StandsKindSubmodule StandsKind = "submodule"
	StandsKindSpecial   StandsKind = "special"
	StandsKindOversized StandsKind = "oversized"
)

// An Area is a folder whose files the standard treats alike (ZT-6.1).
type Area string

// The values of Area.
const (
	AreaSources    Area = "sources"
	AreaIncoming   Area = "incoming"
	AreaQuarantine Area = "quarantine"
	AreaElsewhere  Area = "elsewhere"
)

// A HashSource says what an artifact's hash was taken from.
type HashSource string

// The values of HashSource.
const (
	HashSourceContent HashSource = "content"
	HashSourceLFSOID  HashSource = "lfs-oid"
)

// A YesNo answers a question that has an answer.
type YesNo string

// The values of YesNo.
const (
	YesNoYes YesNo = "yes"
	YesNoNo  YesNo = "no"
)

// A YesNoUnknown answers a question that may have no answer.
type YesNoUnknown string

// The values of YesNoUnknown.
const (
	YesNoUnknownYes     YesNoUnknown = "yes"
	YesNoUnknownNo      YesNoUnknown = "no"
	YesNoUnknownUnknown YesNoUnknown = "unknown"
)

// A PointerProblem is why a Git LFS pointer does not stand for its content.
type PointerProblem string

// The values of PointerProblem.
const (
	PointerProblemScript     PointerProblem = "script"  // the rules about scripts and texts would apply to the content, which is not here
	PointerProblemContent    PointerProblem = "content" // the configuration wants the content
	PointerProblemMalformed  PointerProblem = "malformed"
	PointerProblemUnfiltered PointerProblem = "unfiltered" // no attribute filter=lfs
)

// A DocumentState is what was found where a document is expected.
type DocumentState string

// The values of DocumentState.
const (
	DocumentStateValid     DocumentState = "valid"
	DocumentStateAbsent    DocumentState = "absent"
	DocumentStateInvalid   DocumentState = "invalid"   // see Problems
	DocumentStateIrregular DocumentState = "irregular" // a symlink, submodule, directory or special file stands there
	DocumentStateTwice     DocumentState = "twice"     // it is next to the artifact and under assets/manifests/
)

// A Times is a number of occurrences.
type Times string

// The values of Times.
const (
	TimesNever Times = "never"
	TimesOnce  Times = "once"
	TimesOften Times = "often"
)

// A ManifestField is a field of a manifest that says something (ZT-11.1).
type ManifestField string

// The values of ManifestField.
const (
	ManifestFieldCreator           ManifestField = "creator"
	ManifestFieldGeneratedAt       ManifestField = "generated_at"
	ManifestFieldInputs            ManifestField = "inputs"
	ManifestFieldOutputs           ManifestField = "outputs"
	ManifestFieldToolchainName     ManifestField = "toolchain.name"
	ManifestFieldToolchainUnstated ManifestField = "toolchain.unstated" // it is null
	ManifestFieldToolchainVersion  ManifestField = "toolchain.version"
)

// A LinkSubject compares path and digest of an earlier record with the record's.
type LinkSubject string

// The values of LinkSubject.
const (
	LinkSubjectMatch   LinkSubject = "match"
	LinkSubjectDiffers LinkSubject = "differs"
)

// A LinkOrder compares the time of an earlier record with that of the next one.
type LinkOrder string

// The values of LinkOrder.
const (
	LinkOrderForward LinkOrder = "forward" // the same or earlier
	LinkOrderBack    LinkOrder = "back"
)

// A LinkSignature is the verdict on the proof of an earlier record, over all the links before it.
type LinkSignature string

// The values of LinkSignature.
const (
	LinkSignatureValid   LinkSignature = "valid"
	LinkSignatureInvalid LinkSignature = "invalid"
	LinkSignatureNoKey   LinkSignature = "no_key"
	LinkSignatureRevoked LinkSignature = "revoked" // valid, by a revoked key
)

// An Acceptance says whether a domain accepts artifacts from another one.
type Acceptance string

// The values of Acceptance.
const (
	AcceptanceYes  Acceptance = "yes"
	AcceptanceNo   Acceptance = "no"
	AcceptanceOpen Acceptance = "open" // no configuration: any does
)

// A TestVerifier is what verifies the artifact when its test runs.
type TestVerifier string

// The values of TestVerifier. All but the first are of a test that calls
// ingest_archive.test.sh --verify, and say what that script is.
const (
	TestVerifierTest     TestVerifier = "test"     // the test itself
	TestVerifierInit     TestVerifier = "init"     // the script that codexlock init writes
	TestVerifierAttested TestVerifier = "attested" // one that the ledger lists with its hash
	TestVerifierOutdated TestVerifier = "outdated" // that of an earlier init, which cannot verify one artifact
	TestVerifierOther    TestVerifier = "other"
	TestVerifierAbsent   TestVerifier = "absent" // nothing is there
)

// A TestRun is what came of executing a test.
type TestRun string

// The values of TestRun.
const (
	TestRunNotAsked    TestRun = "not_asked"
	TestRunPassed      TestRun = "passed" // twice, in the sandbox
	TestRunFailed      TestRun = "failed"
	TestRunDiffers     TestRun = "differs" // the second run did otherwise than the first
	TestRunTimeout     TestRun = "timeout"
	TestRunRefused     TestRun = "refused"     // nothing verifies its bytes
	TestRunUnavailable TestRun = "unavailable" // the sandbox, or what it tests
	TestRunUnproved    TestRun = "unproved"    // its artifact is not what is recorded and signed, or the test cannot be run, as other rules say
)

// A DomainState says whether the configuration knows a trust domain.
type DomainState string

// The values of DomainState.
const (
	DomainStateKnown   DomainState = "known"
	DomainStateUnknown DomainState = "unknown"
	DomainStateOpen    DomainState = "open" // no configuration: any name is one
)

// A DomainPaths says whether a path is one of a trust domain's.
type DomainPaths string

// The values of DomainPaths.
const (
	DomainPathsInside  DomainPaths = "inside"
	DomainPathsOutside DomainPaths = "outside"
	DomainPathsOpen    DomainPaths = "open"    // the domain names none
	DomainPathsClaimed DomainPaths = "claimed" // it names none, and another domain names this one
	DomainPathsAbsent  DomainPaths = "absent"  // no domain that is known
)

// A RecordState is what was found where the base has an artifact's record.
type RecordState string

// The values of RecordState.
const (
	RecordStateValid  RecordState = "valid"
	RecordStateAbsent RecordState = "absent"
	RecordStateTwice  RecordState = "twice"  // it stands in two places, and what is measured of it is that of either
	RecordStateUnread RecordState = "unread" // something stands there that cannot be read, and may have had any field
)

// A FieldState says whether a record of the base had a field.
type FieldState string

// The values of FieldState.
const (
	FieldStatePresent FieldState = "present"
	FieldStateAbsent  FieldState = "absent"
	FieldStateUnknown FieldState = "unknown" // the record cannot be read and may have had it
)

// A ContentChange compares an artifact's bytes in base and head.
type ContentChange string

// The values of ContentChange.
const (
	ContentChangeSame    ContentChange = "same"
	ContentChangeDiffers ContentChange = "differs"
	ContentChangeGone    ContentChange = "gone"
	ContentChangeAbsent  ContentChange = "absent" // it is not in the base
)

// A Sameness compares a file in base and head.
type Sameness string

// The values of Sameness.
const (
	SamenessSame    Sameness = "same"
	SamenessDiffers Sameness = "differs"
	SamenessAbsent  Sameness = "absent" // either does not exist, or is no file
)

// A RecordAge compares when the content of an artifact's record was approved, in base and head.
type RecordAge string

// The values of RecordAge.
const (
	RecordAgeSame    RecordAge = "same"
	RecordAgeLater   RecordAge = "later"
	RecordAgeEarlier RecordAge = "earlier"
	RecordAgeAbsent  RecordAge = "absent" // either cannot be read
)

// A Comparison compares two values that have to be the same.
type Comparison string

// The values of Comparison.
const (
	ComparisonMatch   Comparison = "match"
	ComparisonDiffers Comparison = "differs"
	ComparisonAbsent  Comparison = "absent" // one of the two is missing or malformed
)

// Match returns the comparison of two values that exist.
func Match(equal bool) Comparison {
	if equal {
		return ComparisonMatch
	}
	return ComparisonDiffers
}

// A Signature is the verdict of checking a signature.
type Signature string

// The values of Signature.
const (
	SignatureValid   Signature = "valid"
	SignatureInvalid Signature = "invalid"
	SignatureNoKey   Signature = "no_key" // there is no key to check it with
	SignatureAbsent  Signature = "absent"
)

// A LogSignature is the verdict of checking the signature of the audit log's checkpoint.
type LogSignature string

// The values of LogSignature.
const (
	LogSignatureValid   LogSignature = "valid"
	LogSignatureInvalid LogSignature = "invalid"
	LogSignatureNoKey   LogSignature = "no_key"  // there is no key to check it with
	LogSignatureRevoked LogSignature = "revoked" // it is of a revoked key
	LogSignatureAbsent  LogSignature = "absent"
)

// A KeyEpoch is the epoch of the key that a record names, or was made with.
type KeyEpoch string

// The values of KeyEpoch.
const (
	KeyEpochCurrent  KeyEpoch = "current"
	KeyEpochRetiring KeyEpoch = "retiring"
	KeyEpochRevoked  KeyEpoch = "revoked"
	KeyEpochUnknown  KeyEpoch = "unknown"  // the domain lists keys, and not this one
	KeyEpochUnlisted KeyEpoch = "unlisted" // it lists none
	KeyEpochAbsent   KeyEpoch = "absent"   // no key is named, and none of ours made it
)

// A RecordTime says whether a record is valid at the effective time.
type RecordTime string

// The values of RecordTime.
const (
	RecordTimeCurrent RecordTime = "current"
	RecordTimeExpired RecordTime = "expired"
	// RecordTimeExpiring is valid now, and not until settings.valid_until.
	RecordTimeExpiring RecordTime = "expiring"
	RecordTimeFuture   RecordTime = "future"
	RecordTimeAbsent   RecordTime = "absent"
)

// A TTL compares a record's ttl_hours and the domain's maximum.
type TTL string

// The values of TTL.
const (
	TTLWithin  TTL = "within"
	TTLExceeds TTL = "exceeds"
	TTLAbsent  TTL = "absent"
)

// A Tolerance is a ledger entry's drift_tolerance.
type Tolerance string

// The values of Tolerance.
const (
	ToleranceZero    Tolerance = "zero"
	ToleranceNonzero Tolerance = "nonzero"
	ToleranceAbsent  Tolerance = "absent"
)

// A Rollback is how a record stands to the base's in time, by attested_at and then by timestamp.
type Rollback string

// The values of Rollback.
const (
	RollbackForward Rollback = "forward" // the same or later
	RollbackBack    Rollback = "back"
	RollbackUndated Rollback = "undated" // the base's record has attested_at, and this one does not
	RollbackNew     Rollback = "new"     // none in the base
	RollbackAbsent  Rollback = "absent"
)

// A Continuity says whether a record goes on from where the base's left the artifact.
type Continuity string

// The values of Continuity.
const (
	ContinuityContinued Continuity = "continued" // its trust domain and chain, or accepted from there with the chain
	ContinuityAccepted  Continuity = "accepted"  // from there, and there is no chain to go on with
	ContinuityRefused   Continuity = "refused"   // in a domain that accepts none from there
	ContinuityDropped   Continuity = "dropped"   // without the chain
	ContinuityNew       Continuity = "new"       // none in the base
	ContinuityOpen      Continuity = "open"      // no configuration
	ContinuityAbsent    Continuity = "absent"    // no domain is named
)

// A TestSigned compares the bytes of a test with the digest in the record.
type TestSigned string

// The values of TestSigned.
const (
	TestSignedMatch   TestSigned = "match"
	TestSignedDiffers TestSigned = "differs"
	TestSignedOwn     TestSigned = "own" // it differs, and is an attested artifact itself
	TestSignedAbsent  TestSigned = "absent"
)

// A VerifiedAt is how a ledger entry's verified_at stands to the base's.
type VerifiedAt string

// The values of VerifiedAt.
const (
	VerifiedAtKept     VerifiedAt = "kept"
	VerifiedAtNew      VerifiedAt = "new"      // none in the base
	VerifiedAtAttested VerifiedAt = "attested" // later, and the record is later too
	VerifiedAtAlone    VerifiedAt = "alone"    // it moved and the record did not
	VerifiedAtBack     VerifiedAt = "back"
	VerifiedAtFuture   VerifiedAt = "future" // more than five minutes past the effective time
	VerifiedAtAbsent   VerifiedAt = "absent"
)

// A ReferenceState is how an input or output of a manifest compares with the tree.
type ReferenceState string

// The values of ReferenceState.
const (
	ReferenceStateMatch      ReferenceState = "match"
	ReferenceStateDiffers    ReferenceState = "differs"
	ReferenceStateUnrecorded ReferenceState = "unrecorded" // the file is there, and no hash is recorded
	ReferenceStateMissing    ReferenceState = "missing"
	ReferenceStateUnsafe     ReferenceState = "unsafe" // not a path inside the repository
)

// A RecordedInputs is what a ledger entry says of the inputs of its artifact.
type RecordedInputs string

// The values of RecordedInputs.
const (
	RecordedInputsNone RecordedInputs = "none"
	RecordedInputsSome RecordedInputs = "some"
)

// An EntryInputs compares a RecordedInputs with the manifest.
type EntryInputs string

// The values of EntryInputs.
const (
	EntryInputsMatch   EntryInputs = "match"
	EntryInputsDiffers EntryInputs = "differs"
)

// An InputsState is the worst state of a manifest's inputs.
type InputsState string

// The values of InputsState.
const (
	InputsStateMatch      InputsState = "match"
	InputsStateDiffers    InputsState = "differs"
	InputsStateUnrecorded InputsState = "unrecorded"
	InputsStateMissing    InputsState = "missing"
	InputsStateUnsafe     InputsState = "unsafe"
	InputsStateNone       InputsState = "none" // an empty list
	InputsStateAbsent     InputsState = "absent"
)

// An OutputsState says whether each of a manifest's outputs has a hash.
type OutputsState string

// The values of OutputsState.
const (
	OutputsStateRecorded   OutputsState = "recorded"
	OutputsStateUnrecorded OutputsState = "unrecorded"
	OutputsStateNone       OutputsState = "none" // an empty list
	OutputsStateAbsent     OutputsState = "absent"
)

// An LFSComparison compares a Git LFS pointer with the oid and the size that its manifest records.
type LFSComparison string

// The values of LFSComparison.
const (
	LFSComparisonMatch       LFSComparison = "match"
	LFSComparisonOIDDiffers  LFSComparison = "oid_differs"
	LFSComparisonSizeDiffers LFSComparison = "size_differs"
	LFSComparisonAbsent      LFSComparison = "absent" // no pointer, or none recorded
)

// An EditedGate says whether the gate can be used once the change is merged.
type EditedGate string

// The values of EditedGate.
const (
	EditedGateUnedited  EditedGate = "unedited"
	EditedGateUsable    EditedGate = "usable"
	EditedGateUnusable  EditedGate = "unusable"
	EditedGateUnchecked EditedGate = "unchecked"
)

// A GateFile is what a file that the gate is made of is for.
type GateFile string

// The values of GateFile.
const (
	GateFileConfig   GateFile = "config"
	GateFileBaseline GateFile = "baseline"
	GateFilePolicy   GateFile = "policy"
	GateFileSchema   GateFile = "schema"
	GateFileWorkflow GateFile = "workflow"
)

// A GateFileChange is how a file of the gate differs between base and head.
type GateFileChange string

// The values of GateFileChange.
const (
	GateFileChangeAdded    GateFileChange = "added"
	GateFileChangeModified GateFileChange = "modified"
	GateFileChangeRemoved  GateFileChange = "removed"
)

// A CollisionKind is how two names differ that some systems take for one.
type CollisionKind string

// The values of CollisionKind.
const (
	CollisionKindCase    CollisionKind = "case"    // in case only
	CollisionKindUnicode CollisionKind = "unicode" // in how characters are composed
	CollisionKindIgnored CollisionKind = "ignored" // in characters that some systems ignore
)

// A KeysStrength is the worst strength of all domains' keys.
type KeysStrength string

// The values of KeysStrength.
const (
	KeysStrengthStrong KeysStrength = "strong" // each is, or this run does not have it
	KeysStrengthWeak   KeysStrength = "weak"
)

// A KeysSharing says whether trust domains share a key.
type KeysSharing string

// The values of KeysSharing.
const (
	KeysSharingApart  KeysSharing = "apart" // each domain has a key of its own
	KeysSharingShared KeysSharing = "shared"
)

// A KeysListing says whether the keys of this run are listed.
type KeysListing string

// The values of KeysListing.
const (
	KeysListingListed   KeysListing = "listed" // each is the current one, or no key is listed, or this run has none
	KeysListingUnlisted KeysListing = "unlisted"
)

// A KeysAge is the worst age of the keys that are neither retiring nor revoked.
type KeysAge string

// The values of KeysAge.
const (
	KeysAgeFresh KeysAge = "fresh"
	KeysAgeDue   KeysAge = "due"
)

// A KeyStrength says whether a key can be guessed.
type KeyStrength string

// The values of KeyStrength.
const (
	KeyStrengthStrong KeyStrength = "strong"
	KeyStrengthWeak   KeyStrength = "weak"
	KeyStrengthAbsent KeyStrength = "absent" // this run has no key
)

// A KeyListed is how the keys that this run has stand in public_keys.
type KeyListed string

// The values of KeyListed.
const (
	KeyListedCurrent  KeyListed = "current" // one is the current one, with its public half
	KeyListedRetiring KeyListed = "retiring"
	KeyListedRevoked  KeyListed = "revoked"
	KeyListedDiffers  KeyListed = "differs" // listed with another public half
	KeyListedMissing  KeyListed = "missing" // keys are listed, and none of these
	KeyListedNone     KeyListed = "none"    // no key is listed
	KeyListedAbsent   KeyListed = "absent"  // this run has no key
)

// A PublicKeyState is what a listed key may still do.
type PublicKeyState string

// The values of PublicKeyState.
const (
	PublicKeyStateCurrent  PublicKeyState = "current"
	PublicKeyStateRetiring PublicKeyState = "retiring"
	PublicKeyStateRevoked  PublicKeyState = "revoked"
)

// A PublicKeyAge is the age of a listed key.
type PublicKeyAge string

// The values of PublicKeyAge.
const (
	PublicKeyAgeFresh   PublicKeyAge = "fresh"
	PublicKeyAgeDue     PublicKeyAge = "due" // 90 days or older
	PublicKeyAgeUnknown PublicKeyAge = "unknown"
)

// A GateScriptState is what stands at the path of the standard's command.
type GateScriptState string

// The values of GateScriptState.
const (
	GateScriptStatePresent   GateScriptState = "present"
	GateScriptStateAbsent    GateScriptState = "absent"
	GateScriptStateIrregular GateScriptState = "irregular"
)

// A GateScriptOrigin is where the standard's command comes from.
type GateScriptOrigin string

// The values of GateScriptOrigin.
const (
	GateScriptOriginInit     GateScriptOrigin = "init"     // the bytes that codexlock init writes, or wrote in an earlier release
	GateScriptOriginAttested GateScriptOrigin = "attested" // the ledger lists it with its hash
	GateScriptOriginOther    GateScriptOrigin = "other"
	GateScriptOriginAbsent   GateScriptOrigin = "absent" // nothing is there
)

// A LogHistory is how the log stands to the base's.
type LogHistory string

// The values of LogHistory.
const (
	LogHistoryExtends   LogHistory = "extends" // the base's, or new
	LogHistoryRewritten LogHistory = "rewritten"
	LogHistoryUnread    LogHistory = "unread" // the base's cannot be read
	LogHistoryAbsent    LogHistory = "absent" // there is no log, or it was not asked for
)

// A LogChain is whether each line of the log names the one before it.
type LogChain string

// The values of LogChain.
const (
	LogChainIntact    LogChain = "intact"
	LogChainBroken    LogChain = "broken"
	LogChainUnchained LogChain = "unchained"
	LogChainAbsent    LogChain = "absent"
)

// A Presence says whether something is there.
type Presence string

// The values of Presence.
const (
	PresencePresent Presence = "present"
	PresenceAbsent  Presence = "absent"
)

// A Judged says how much was judged.
type Judged string

// The values of Judged.
const (
	JudgedAll  Judged = "all"
	JudgedPart Judged = "part" // what is unused is not known
)

// An ExceptionState says whether an exception still holds.
type ExceptionState string

// The values of ExceptionState.
const (
	ExceptionStateCurrent ExceptionState = "current"
	ExceptionStateExpired ExceptionState = "expired"
)

// A Selects says whether there is a rule that an exception selects.
type Selects string

// The values of Selects.
const (
	SelectsRules     Selects = "rules"
	SelectsNothing   Selects = "nothing"
	SelectsRefused   Selects = "refused"   // only such as are never excepted, or are not optional
	SelectsUnsettled Selects = "unsettled" // nothing, in a change that edits rules too
)

// An ExceptionUse says whether an exception covers a finding.
type ExceptionUse string

// The values of ExceptionUse.
const (
	ExceptionUseUsed    ExceptionUse = "used"
	ExceptionUseUnused  ExceptionUse = "unused"
	ExceptionUseUnknown ExceptionUse = "unknown" // not everything was judged
)

// A BaselineState is what was found where the baseline is expected.
type BaselineState string

// The values of BaselineState.
const (
	BaselineStateValid     BaselineState = "valid"
	BaselineStateAbsent    BaselineState = "absent"
	BaselineStateInvalid   BaselineState = "invalid"
	BaselineStateIrregular BaselineState = "irregular"
	BaselineStateUnnamed   BaselineState = "unnamed" // the configuration names none
)

// A Scope says which artifacts are judged.
type Scope string

// The values of Scope.
const (
	Changed Scope = "changed" // those that differ between base and head
	All     Scope = "all"     // every artifact of the head
	Paths   Scope = "paths"   // the named ones
)

// A TrustedBase is the source of configuration, rules, schemas and keys.
type TrustedBase string

// The values of TrustedBase.
const (
	TrustedCommit   TrustedBase = "commit"   // an existing commit
	TrustedHead     TrustedBase = "head"     // the head itself: a first push
	TrustedAncestor TrustedBase = "ancestor" // an ancestor of a commit that cannot be used
)

// A ScriptState says whether a script was parsed.
type ScriptState string

// The values of ScriptState.
const (
	ScriptStateParsed  ScriptState = "parsed"
	ScriptStateInvalid ScriptState = "invalid" // Bash does not parse it, see Problem
	ScriptStateUnread  ScriptState = "unread"  // too large, no text
	ScriptStateOther   ScriptState = "other"   // its first line names no shell
)

// A Shebang is what a script's first line names (ZT-1.1).
type Shebang string

// The values of Shebang.
const (
	ShebangBash   Shebang = "bash" // #!/usr/bin/env bash
	ShebangOther  Shebang = "other"
	ShebangAbsent Shebang = "absent"
)

// A StrictMode is where a script says set -euo pipefail.
type StrictMode string

// The values of StrictMode.
const (
	StrictModeFirst  StrictMode = "first"
	StrictModeLater  StrictMode = "later"
	StrictModeAbsent StrictMode = "absent"
)

// A POSIX says whether a script keeps to POSIX.
type POSIX string

// The values of POSIX.
const (
	POSIXYes    POSIX = "yes"
	POSIXNo     POSIX = "no"     // see POSIXProblem
	POSIXAbsent POSIX = "absent" // it was not parsed
)

// A Usage says whether a script answers --help or --usage.
type Usage string

// The values of Usage.
const (
	UsageHandled Usage = "handled"
	UsageAbsent  Usage = "absent"
)

// A ShellCheckState is what came of asking ShellCheck.
type ShellCheckState string

// The values of ShellCheckState.
const (
	ShellCheckStatePassed      ShellCheckState = "passed"
	ShellCheckStateFound       ShellCheckState = "found"       // see Findings
	ShellCheckStateUnavailable ShellCheckState = "unavailable" // it is not installed
	ShellCheckStateExceeded    ShellCheckState = "exceeded"    // it needs more time or memory than it is given, see Problem
	ShellCheckStateOurs        ShellCheckState = "ours"        // the script is one that codexlock writes, which its own tests check
	ShellCheckStateAbsent      ShellCheckState = "absent"      // the script was not asked about, for it cannot be parsed
)

// A ContentState says whether a text was looked through.
type ContentState string

// The values of ContentState.
const (
	ContentStateText   ContentState = "text"
	ContentStateBinary ContentState = "binary" // nothing was looked for
	ContentStateUnread ContentState = "unread" // it could not be looked through to its end, see Problem
)

// A RenewalState is what the ref has of an artifact, and whether that counts.
type RenewalState string

// The values of RenewalState.
const (
	RenewalAbsent     RenewalState = "absent"     // it has none
	RenewalCounts     RenewalState = "counts"     // it is judged in place of the record in the tree
	RenewalUnreadable RenewalState = "unreadable" // something is in its place that is no record
	RenewalForeign    RenewalState = "foreign"    // it is a record of another path
	RenewalDiffers    RenewalState = "differs"    // it renews another record than the one in the tree
	RenewalOlder      RenewalState = "older"      // it is no later than the record in the tree
	RenewalUnproved   RenewalState = "unproved"   // its proof does not hold, or cannot be checked
	RenewalRetired    RenewalState = "retired"    // its key may not sign new records
	RenewalRetiring   RenewalState = "retiring"   // it is valid and proved, by a key that is retiring
	RenewalRefused    RenewalState = "refused"    // a rule about records finds something in it
)

// A UseSite is a kind of file in which artifacts are used.
type UseSite string

// The values of UseSite.
const (
	UseSiteWorkflows UseSite = "workflows" // workflows and composite actions
	UseSiteDocker    UseSite = "docker"
	UseSiteMake      UseSite = "make"
	UseSiteCompose   UseSite = "compose"
	UseSitePreCommit UseSite = "pre-commit"
)

// A UseKind is what a use does with an artifact.
type UseKind string

// The values of UseKind.
const (
	UseKindExecute UseKind = "execute" // by itself, or by an interpreter
	UseKindSource  UseKind = "source"  // by the shell that is running
	UseKindCopy    UseKind = "copy"
	UseKindLoad    UseKind = "load" // a program reads it
)

// A UseHow says how certain it is that a use is one of an artifact.
type UseHow string

// The values of UseHow.
const (
	UseHowExact   UseHow = "exact"   // its path from the repository's top folder
	UseHowWorkdir UseHow = "workdir" // its path from the working directory, which is known
	UseHowImage   UseHow = "image"   // the path in an image, or in a container, to which it was copied or mounted
	UseHowSuffix  UseHow = "suffix"  // the end of a path whose beginning is not known
	UseHowGlob    UseHow = "glob"    // a pattern that matches artifacts
	UseHowFolder  UseHow = "folder"  // a folder with artifacts in it
	UseHowToken   UseHow = "token"   // a word that is its path, to a program of which it is not known what it does with it
)

// A Verification says when an artifact is verified that is used.
type Verification string

// The values of Verification.
const (
	VerificationAtUse   Verification = "at_use"  // by the command that uses it: codexlock run, open or copy
	VerificationEarlier Verification = "earlier" // in the same job, and nothing changed files since
	VerificationNone    Verification = "none"
)

// A UseBefore says how a use was verified in the base.
type UseBefore string

// The values of UseBefore.
const (
	UseBeforeAtUse   UseBefore = "at_use"
	UseBeforeEarlier UseBefore = "earlier"
	UseBeforeNone    UseBefore = "none"
	UseBeforeAbsent  UseBefore = "absent" // the base does not have this use
)

// A UseFileState says whether a file was parsed in which uses are looked for.
type UseFileState string

// The values of UseFileState.
const (
	UseFileStateParsed UseFileState = "parsed"
	UseFileStateUnread UseFileState = "unread" // it, or a part of it, cannot be parsed
)

// A UsesState says what holds of all uses.
type UsesState string

// The values of UsesState.
const (
	UsesStateAbsent     UsesState = "absent" // there are none, or nothing was read
	UsesStateVerified   UsesState = "verified"
	UsesStateUnverified UsesState = "unverified" // at least one is
)
