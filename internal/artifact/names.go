package artifact

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

func dropInvisible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// IsGitDirName reports whether some file system treats a name as ".git": because it
// ignores case (APFS, NTFS), characters without width (HFS+), dots and spaces at the end
// and everything after a colon (NTFS), or because it is the short name (git~1).
func IsGitDirName(name string) bool {
	for part := range strings.SplitSeq(name, `\`) {
		part, _, _ = strings.Cut(part, ":")
		part = strings.TrimRight(strings.Map(dropInvisible, part), ". ")
		if strings.EqualFold(part, ".git") || strings.EqualFold(part, "git~1") {
			return true
		}
	}
	return false
}

// An UnportableError is a path that Windows cannot hold.
type UnportableError struct {
	Path   string
	Reason string // what is wrong with it, lower case, no full stop
}

func (e *UnportableError) Error() string { return fmt.Sprintf("path %q %s", e.Path, e.Reason) }

// Hint is the next step: a change after which every system can hold the name.
func (e *UnportableError) Hint() string {
	return fmt.Sprintf("rename it to a name that every system can hold: git mv -- %q NEW-NAME", e.Path)
}

// CheckPortable returns an *UnportableError for a path that Windows cannot hold
// (Microsoft, "Naming Files, Paths, and Namespaces"): a checkout there fails, or creates
// another file. ParsePath accepts such paths, because files that are not artifacts may
// have them.
func (p Path) CheckPortable() error {
	for part := range strings.SplitSeq(string(p), "/") {
		if i := strings.IndexAny(part, `<>:"|?*\`); i >= 0 {
			return &UnportableError{Path: string(p), Reason: fmt.Sprintf("contains %q, which no name on Windows can", part[i:i+1])}
		}
		if end := len(part) - 1; end >= 0 && (part[end] == '.' || part[end] == ' ') {
			return &UnportableError{Path: string(p), Reason: fmt.Sprintf("has the part %q, whose end Windows drops", part)}
		}
		if isDevice(part) {
			return &UnportableError{Path: string(p), Reason: fmt.Sprintf("has the part %q, which is a device on Windows", part)}
		}
	}
	return nil
}

// isDevice reports whether Windows treats a name as a device, whatever its extension.
func isDevice(part string) bool {
	stem, _, _ := strings.Cut(part, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(stem, port); ok && utf8.RuneCountInString(number) == 1 && strings.Contains("0123456789¹²³", number) {
			return true
		}
	}
	return false
}
