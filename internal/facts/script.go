package facts

// A Script has the facts about one script.
type Script struct {
	State        ScriptState    `json:"state"`
	Problem      *ScriptProblem `json:"problem,omitempty"`
	Shebang      Shebang        `json:"shebang"`
	FirstLine    string         `json:"first_line,omitempty"`
	FirstCommand int            `json:"first_command,omitempty"` // the line of the first command, counted from 1
	StrictMode   StrictMode     `json:"strict_mode"`
	POSIX        POSIX          `json:"posix"`
	POSIXProblem *ScriptProblem `json:"posix_problem,omitempty"`
	Usage        Usage          `json:"usage"`
	Config       []Use          `json:"config"`     // configuration from elsewhere than environment and flags
	Privileges   []Use          `json:"privileges"` // more rights than the caller's, or rights for everybody
	Repeats      []Use          `json:"repeats"`    // what does something else, or fails, when it is done again
	References   []Use          `json:"references"` // to files in assets/incoming/ and assets/quarantine/
	Network      []Access       `json:"network"`    // commands that contact another host
	Opaque       []Use          `json:"opaque"`     // code that it executes and that cannot be read
	Hashes       YesNo          `json:"hashes"`     // whether it computes a SHA-256
	Signs        YesNo          `json:"signs"`      // whether it computes an HMAC
	Behaves      YesNo          `json:"behaves"`    // whether it looks at more than digests
	ShellCheck   ShellCheck     `json:"shellcheck"` // what ShellCheck says
}

// A ScriptProblem is the reason why a script cannot be parsed.
type ScriptProblem struct {
	Message string `json:"message"`
	Line    int    `json:"line"`   // counts from 1
	Column  int    `json:"column"` // counts from 1, in characters
}

// A Use is a position in a script and the text at it.
type Use struct {
	Text   string `json:"text"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// An Access is a command that contacts another host.
type Access struct {
	Command string `json:"command"`
	Host    string `json:"host,omitempty"` // absent: it cannot be determined statically
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// A ShellCheck is the result of ShellCheck for a script (ZT-10.1).
type ShellCheck struct {
	State    ShellCheckState     `json:"state"`
	Problem  string              `json:"problem,omitempty"`
	Findings []ShellCheckComment `json:"findings"`
}

// A ShellCheckComment is one of ShellCheck's findings.
type ShellCheckComment struct {
	Code    string `json:"code"`  // SC2086
	Level   string `json:"level"` // error, warning, info, style
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}
