package host

import (
	"cmp"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// usualColumns is the width of a terminal that does not know its own.
const usualColumns = 80

// Terminal reports whether a stream wants colours, and how many columns its terminal has, 0
// where it is none. NO_COLOR (https://no-color.org) goes before FORCE_COLOR and
// CLICOLOR_FORCE, and these before what the stream is; CLICOLOR=0 (https://bixense.com/clicolors)
// and TERM=dumb turn colours off on a terminal.
func (w World) Terminal(stream io.Writer) (colors bool, columns int) {
	if f, ok := stream.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil {
			colors, columns = true, cmp.Or(int(size.Col), usualColumns)
		}
	}
	get := func(name string) string { v, _ := w.Env(name); return v }
	forced := func(name string) bool { v := get(name); return v != "" && v != "0" && v != "false" }
	switch {
	case get("NO_COLOR") != "":
		return false, columns
	case forced("FORCE_COLOR"), forced("CLICOLOR_FORCE"):
		return true, columns
	case get("CLICOLOR") == "0", get("TERM") == "dumb":
		return false, columns
	}
	return colors, columns
}
