package fixcmd

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// patch returns the change in the form of git diff, which git apply reads: the extended header
// with the mode, then the hunks of the content (git-diff(1), "Generating patch text with -p").
func (c change) patch() []byte {
	name := c.after.Path.String()
	from, to := quote("a/"+name), quote("b/"+name)
	var out bytes.Buffer
	fmt.Fprintf(&out, "diff --git %s %s\n", from, to)
	var before []byte
	switch {
	case c.before == nil:
		fmt.Fprintf(&out, "new file mode %s\n", gitMode(c.after.Mode))
		from = "/dev/null"
	case c.before.Mode != c.after.Mode:
		fmt.Fprintf(&out, "old mode %s\nnew mode %s\n", gitMode(c.before.Mode), gitMode(c.after.Mode))
	}
	if c.before != nil {
		before = c.before.Data
	}
	if strings.Contains(name, " ") { // Git ends such a name with a tab in these two lines
		to += "\t"
		if c.before != nil {
			from += "\t"
		}
	}
	hunks := diff.Diff(from, before, to, c.after.Data)
	_, hunks, _ = bytes.Cut(hunks, []byte("\n")) // diff's own first line
	out.Write(hunks)
	return out.Bytes()
}

// gitMode returns a file's mode as Git writes it.
func gitMode(m fs.FileMode) string {
	if m&0o100 != 0 {
		return "100755"
	}
	return "100644"
}

// quote writes a name as Git does in a patch: in quotes, with the escapes of C, where a
// character has a meaning there.
func quote(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
		return name
	}
	var b strings.Builder
	for _, c := range []byte(name) {
		switch {
		case c == '"', c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ', c == 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}
