package artifact

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A Path is a clean, relative, slash-separated path inside a repository. Only ParsePath
// creates one, so a function that takes a Path need not check it again.
type Path string

// MaxPathBytes bounds a path; Linux's PATH_MAX is 4096, and no file system
// or archive format in use agrees on more than 1024 everywhere.
const MaxPathBytes = 1024

// A PathError is a text that is not the path of a file in a repository.
type PathError struct {
	Path   string // as written
	Reason string // what is wrong with it, lower case, no full stop
}

func (e *PathError) Error() string { return fmt.Sprintf("path %q %s", e.Path, e.Reason) }

// ParsePath accepts exactly the paths that name the same file on every system: relative,
// only slashes, no empty, "." or ".." part, no part that any file system could treat as
// ".git", in NFC, and no character that is invisible or changes the reading order. Its
// error is a *PathError.
func ParsePath(s string) (Path, error) {
	if reason := checkPath(s); reason != "" {
		return "", &PathError{Path: s, Reason: reason}
	}
	return Path(s), nil
}

func checkPath(s string) string {
	switch {
	case s == "":
		return "is empty"
	case len(s) > MaxPathBytes:
		return fmt.Sprintf("has %d bytes, at most %d are allowed", len(s), MaxPathBytes)
	case s[0] == '/':
		return "is absolute, want one relative to the repository's root"
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	}
	ascii := true
	for _, r := range s {
		if r > unicode.MaxASCII {
			ascii = false
		} else if r >= ' ' && r != '\\' && r < '\x7f' {
			continue // most are, and need no table
		}
		switch {
		case r == '\\':
			return `contains a backslash, want "/" between the parts`
		case unicode.IsControl(r):
			return fmt.Sprintf("contains the control character %U", r)
		case unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return fmt.Sprintf("contains the invisible character %U", r)
		}
	}
	if !ascii && !norm.NFC.IsNormalString(s) {
		return "is not in Unicode normalization form C"
	}
	for rest := s; ; {
		part, tail, more := strings.Cut(rest, "/")
		if reason := checkPart(part); reason != "" {
			return reason
		}
		if !more {
			return ""
		}
		rest = tail
	}
}

func checkPart(part string) string {
	switch {
	case part == "":
		return "has an empty part"
	case part == ".", part == "..":
		return fmt.Sprintf("has a %q part", part)
	case part[len(part)-1] == '.' || part[len(part)-1] == ' ':
		return "has a part that ends in a dot or a space, which some file systems drop"
	case IsGitDirName(part):
		return "goes into .git"
	}
	return ""
}

// String returns the path.
func (p Path) String() string { return string(p) }

// Dir is the folder that holds p, "." for the root.
func (p Path) Dir() string { return path.Dir(string(p)) }

// Base is the last part of p.
func (p Path) Base() string { return path.Base(string(p)) }

// MarshalText writes the path.
func (p Path) MarshalText() ([]byte, error) { return []byte(p), nil }

// UnmarshalText is ParsePath.
func (p *Path) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePath(string(text))
	return err
}

// A Companion is a kind of file that describes an artifact (ZT-11).
type Companion uint8

// The companions of an artifact X.
const (
	Manifest  Companion = iota // X.manifest.json
	VaultTime                  // X.vaulttime.json
	Test                       // X.test
)

// Companions are all the kinds, in the order in which they are reported.
var Companions = [...]Companion{Manifest, VaultTime, Test}

var companionSuffix = [...]string{Manifest: ".manifest.json", VaultTime: ".vaulttime.json", Test: ".test"}

// Suffix is the end that a companion's name adds to the artifact's name.
func (c Companion) Suffix() string { return companionSuffix[c] }

// ManifestDir is the folder that may hold companions instead of the artifact's folder,
// each at the artifact's whole path below it (ZT-6.1).
const ManifestDir = "assets/manifests/"

// Companion is the path of a companion of p next to p.
func (p Path) Companion(c Companion) Path { return p + Path(c.Suffix()) }

// MirroredCompanion is the other path that a companion of p may have:
// assets/manifests/ followed by the whole path of p and the suffix.
func (p Path) MirroredCompanion(c Companion) Path {
	return ManifestDir + p + Path(c.Suffix())
}

// CompanionPaths are the two paths that a companion of p may have, the one next to p first.
func (p Path) CompanionPaths(c Companion) [2]Path {
	return [2]Path{p.Companion(c), p.MirroredCompanion(c)}
}

// Owners are the artifacts whose companion p would be, by its name alone:
// none for most files, one for X.test, two below assets/manifests/.
func (p Path) Owners() []Path {
	for _, c := range Companions {
		owner, found := strings.CutSuffix(string(p), c.Suffix())
		if !found || owner == "" || strings.HasSuffix(owner, "/") {
			continue
		}
		owners := []Path{Path(owner)}
		if mirrored, found := strings.CutPrefix(owner, ManifestDir); found && mirrored != "" {
			owners = append(owners, Path(mirrored))
		}
		return owners
	}
	return nil
}
