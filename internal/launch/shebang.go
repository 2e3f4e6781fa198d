package launch

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// maxShebang is how much of a first line the kernel reads (BINPRM_BUF_SIZE, Linux 5.1), its
// end included. An older kernel, which reads 128 bytes, is never asked: the line is read here.
const maxShebang = 256

// A Shebang is the first line of a script: which interpreter executes it.
type Shebang struct {
	Path string   // as written; "" where env looks the name up
	Name string   // of the program
	Args []string // before the script's name
}

// A ShebangError is a first line that names no interpreter that can be executed.
type ShebangError struct{ Reason string }

func (e *ShebangError) Error() string { return "its first line " + e.Reason }

// ParseShebang reads the first line of a script as the kernel does, and env(1) where it is
// the interpreter. ok is false where the text does not begin with #!. Its error is a
// *ShebangError.
func ParseShebang(head []byte) (s Shebang, ok bool, err error) {
	rest, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return s, false, nil
	}
	line, _, ended := bytes.Cut(rest, []byte("\n"))
	if len(line)+len("#!\n") > maxShebang || !ended && len(head) >= maxShebang {
		return s, true, &ShebangError{fmt.Sprintf("has over %d bytes, want at most %d", maxShebang-1, maxShebang-1)}
	}
	text := string(line)
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return s, true, &ShebangError{fmt.Sprintf("contains the control character %#02x", c)}
		}
	}
	text = strings.Trim(text, " \t")
	program, arg := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		program, arg = text[:i], strings.Trim(text[i:], " \t")
	}
	switch {
	case program == "":
		return s, true, &ShebangError{"names no interpreter"}
	case !path.IsAbs(program):
		return s, true, &ShebangError{fmt.Sprintf("names the interpreter %q, want an absolute path", program)}
	case path.Base(program) == "env":
		s, err = parseEnv(arg)
		return s, true, err
	}
	s = Shebang{Path: path.Clean(program), Name: path.Base(program)}
	if arg != "" {
		s.Args = []string{arg}
	}
	return s, true, nil
}

// parseEnv reads the one argument that the kernel hands to env: the name of a program, or
// -S and words.
func parseEnv(arg string) (Shebang, error) {
	words := []string{arg}
	if split, ok := strings.CutPrefix(arg, "-S"); ok {
		if strings.ContainsAny(split, `'"\$#`) {
			return Shebang{}, &ShebangError{"has quotes, escapes or variables for env -S, want plain words"}
		}
		words = strings.Fields(split)
	}
	switch {
	case len(words) == 0 || words[0] == "":
		return Shebang{}, &ShebangError{"names no interpreter after env"}
	case strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "="):
		return Shebang{}, &ShebangError{fmt.Sprintf("has %q for env, want the name of an interpreter", words[0])}
	case strings.ContainsAny(words[0], " \t"):
		return Shebang{}, &ShebangError{fmt.Sprintf("has several words after env, %q: env takes them as one name without -S", words[0])}
	case path.IsAbs(words[0]):
		return Shebang{Path: path.Clean(words[0]), Name: path.Base(words[0]), Args: words[1:]}, nil
	case strings.Contains(words[0], "/"):
		return Shebang{}, &ShebangError{fmt.Sprintf("names the interpreter %q, want a name or an absolute path", words[0])}
	}
	return Shebang{Name: words[0], Args: words[1:]}, nil
}
