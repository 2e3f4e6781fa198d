package facts

// An ArtifactUse is a place in a workflow, Dockerfile, Makefile, compose file or pre-commit
// configuration where an artifact is executed, sourced, copied or loaded.
type ArtifactUse struct {
	File   string  `json:"file"`
	Line   int     `json:"line"`   // counts from 1
	Column int     `json:"column"` // counts from 1, in characters
	Site   UseSite `json:"site"`
	// Job is the id of the workflow's job, the stage of the Dockerfile, the target of the
	// Makefile, the service of the compose file, or the id of the hook.
	Job string `json:"job"`
	// JobChange is how the text of the job differs between base and head.
	JobChange FileChange `json:"job_change"`
	Kind      UseKind    `json:"kind"`
	// Path is the artifact; where How is suffix, glob or folder, what the file names, as far
	// as it is known.
	Path     string       `json:"path"`
	How      UseHow       `json:"how"`
	Verified Verification `json:"verified"`
	// By is what verifies it, FILE:LINE; absent where nothing does.
	By string `json:"by,omitempty"`
	// Before is how the same use (file, job, kind and path) was verified in the base.
	Before UseBefore `json:"before"`
}

// A UseFile is a file in which uses were looked for.
type UseFile struct {
	Path    string       `json:"path"`
	Site    UseSite      `json:"site"`
	State   UseFileState `json:"state"`
	Problem string       `json:"problem,omitempty"` // why it, or a part of it, cannot be parsed
	Line    int          `json:"line,omitempty"`    // of the problem
	// Names is whether the text of a file that cannot be parsed has the path of an
	// artifact in it.
	Names  YesNo      `json:"names"`
	Change FileChange `json:"change"` // between base and head
	// Hides is whether the base, where it can be parsed, has a verified use in it that is not
	// found in the head because that cannot be parsed.
	Hides YesNo `json:"hides"`
}

// UseChecks are what holds of all uses together, so that rules read them one by one only
// where there is something to report.
type UseChecks struct {
	Uses     UsesState    `json:"uses"`
	Weakened YesNo        `json:"weakened"` // whether a use was verified in the base and is not any more, or a file hides one
	Files    UseFileState `json:"files"`    // unread: at least one is
	Total    int          `json:"total"`    // how many uses there are
	Verified int          `json:"verified"` // how many of them are verified
}
