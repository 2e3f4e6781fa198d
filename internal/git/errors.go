package git

import "fmt"

// A NotARepositoryError is a folder outside of any Git repository.
type NotARepositoryError struct {
	Dir    string // the folder asked for
	Reason string // what git or the file system said; may be empty
}

func (e *NotARepositoryError) Error() string {
	msg := fmt.Sprintf("%q is not inside a git repository", e.Dir)
	if e.Reason != "" {
		msg += " (" + e.Reason + ")"
	}
	return msg + ": run in a checkout, or make one with git init"
}

// Hint is the next step.
func (e *NotARepositoryError) Hint() string {
	return "run it inside a Git repository, or make one: git init"
}

// A GitVersionError is a missing or too old git program.
type GitVersionError struct {
	Path    string // the git found, "" for none
	Version string // what it says of itself
	Err     error  // why there is none, or why it does not run
}

func (e *GitVersionError) Error() string {
	switch {
	case e.Path == "":
		return fmt.Sprintf("no git on the search path, want version %d.%d or later: install git (%v)", minMajor, minMinor, e.Err)
	case e.Err != nil:
		return fmt.Sprintf("%q does not run, want git %d.%d or later: %v", e.Path, minMajor, minMinor, e.Err)
	}
	return fmt.Sprintf("%q is version %q, want git %d.%d or later: install a newer git", e.Path, e.Version, minMajor, minMinor)
}

func (e *GitVersionError) Unwrap() error { return e.Err }

// A NoCommitsError is a repository without commits.
type NoCommitsError struct{ Root string }

func (e *NoCommitsError) Error() string {
	return fmt.Sprintf("no commits yet (%q): codexlock reads its configuration from a commit; make one first", e.Root)
}

// Hint is the next step.
func (e *NoCommitsError) Hint() string {
	return "commit first: the base commit is where configuration and policies come from"
}

// A MissingCommitError is a revision that names no commit of this clone.
type MissingCommitError struct {
	Revision string
	Shallow  bool // the clone was cut off, so the commit may well exist elsewhere
}

func (e *MissingCommitError) Error() string {
	if e.Shallow {
		return fmt.Sprintf("revision %q is not in this shallow clone", e.Revision)
	}
	return fmt.Sprintf("revision %q names no commit of this repository", e.Revision)
}

// HintOn is the next step on a system that runs jobs (see exit.CI).
func (e *MissingCommitError) HintOn(ci string) string {
	if e.Shallow {
		return Deepen(ci, 2)
	}
	return "check its spelling (git branch --all, git tag), or fetch it: git fetch"
}

// Deepen is the next step in a shallow clone: how a job of a system clones so many commits, 0
// for all, or how a person fetches more of them.
func Deepen(ci string, depth int) string {
	switch ci {
	case "GitHub Actions":
		if depth > 0 {
			return fmt.Sprintf("fetch more history: actions/checkout with fetch-depth: %d, or with fetch-depth: 0 for all of it", depth)
		}
		return "fetch the history: actions/checkout with fetch-depth: 0"
	case "GitLab":
		return `fetch the history: set GIT_DEPTH: "0" in the variables of the job`
	}
	return "fetch the history: git fetch --unshallow"
}

// A MissingObjectError is an object of the evaluated commit that this clone does not have.
type MissingObjectError struct {
	OID  string
	Path string // the file or folder it stands for, "" for a commit or the root
}

func (e *MissingObjectError) Error() string {
	of := ""
	if e.Path != "" {
		of = fmt.Sprintf(" of %q", e.Path)
	}
	return fmt.Sprintf("object %s%s is not in this clone, which is shallow, filtered or damaged", e.OID, of)
}

// HintOn is the next step on a system that runs jobs (see exit.CI).
func (e *MissingObjectError) HintOn(ci string) string {
	switch ci {
	case "GitHub Actions":
		return "clone it whole: actions/checkout with fetch-depth: 2 or more and no filter"
	case "GitLab":
		return `clone it whole: set GIT_DEPTH: "0" in the variables of the job, and no --filter in GIT_FETCH_EXTRA_FLAGS`
	}
	return "fetch what is missing: git fetch --refetch --no-filter, and in a shallow clone git fetch --unshallow; where that changes nothing, find out what is damaged: git fsck"
}

// A CorruptObjectError is an object whose bytes do not match its id.
type CorruptObjectError struct {
	OID    string
	Path   string
	Reason string
}

func (e *CorruptObjectError) Error() string {
	of := ""
	if e.Path != "" {
		of = fmt.Sprintf(" of %q", e.Path)
	}
	return fmt.Sprintf("object %s%s %s: check the clone with git fsck, or clone again", e.OID, of, e.Reason)
}

// A TooLargeError is a file that is larger than the caller's limit.
type TooLargeError struct {
	Path  string
	Size  int64
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%q has %d bytes, at most %d are read: make it smaller or split it", e.Path, e.Size, e.Limit)
}

// A BareRepositoryError is a repository without a work tree.
type BareRepositoryError struct{ GitDir string }

func (e *BareRepositoryError) Error() string {
	return fmt.Sprintf("%q is a bare repository and has no work tree: name a commit instead, or run in a checkout", e.GitDir)
}

// A GitError is an error message of git.
type GitError struct {
	Command string // ls-files, …
	Stderr  string // as git wrote it, cut to its first few lines
	Err     error
}

func (e *GitError) Error() string {
	if e.Stderr == "" {
		return fmt.Sprintf("git %s: %v", e.Command, e.Err)
	}
	return fmt.Sprintf("git %s: %v: %q", e.Command, e.Err, e.Stderr)
}

func (e *GitError) Unwrap() error { return e.Err }
