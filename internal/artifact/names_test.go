package artifact

import (
	"errors"
	"testing"
)

func TestCheckPortable(t *testing.T) {
	for _, name := range []Path{
		"CON", "con", "nul.txt", "a/AUX/b", "prn.tar.gz", "COM1", "lpt9.log", "com\u00b9", "LPT\u00b3.x", "COM0", "conin$", "CONOUT$", "nul .txt",
		"a<b", "a>b", "a:b", "a\"b", "a|b", "a?b", "a*b", "folder:/b", "end.", "end ", "folder./b",
	} {
		var bad *UnportableError
		if err := name.CheckPortable(); !errors.As(err, &bad) || bad.Path != name.String() || bad.Reason == "" || bad.Hint() == "" {
			t.Errorf("CheckPortable(%q) = %v, want an *UnportableError", name, err)
		}
	}
	for _, name := range []Path{"console", "com", "com10", "auxiliary.c", "null", "lpt", "coma", "a.con", "nul-txt", ".con", "a b", "a.b", "COM\u2074"} {
		if err := name.CheckPortable(); err != nil {
			t.Errorf("CheckPortable(%q) = %v, want none", name, err)
		}
	}
}
