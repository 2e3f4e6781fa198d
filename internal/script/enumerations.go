package script

// A State says whether a script was parsed.
type State string

// The values of State.
const (
	StateParsed  State = "parsed"
	StateInvalid State = "invalid" // Bash does not parse it, see Problem
	StateUnread  State = "unread"  // too large, no text
	StateOther   State = "other"   // its first line names no shell
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

// A YesNo says whether a script does something.
type YesNo string

// The values of YesNo.
const (
	YesNoYes YesNo = "yes"
	YesNoNo  YesNo = "no"
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
