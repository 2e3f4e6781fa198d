package script

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/words"
)

// mentions are the paths that a script names, by their use: a file that each run creates again
// or removes is not left over from an earlier run.
type mentions struct {
	removed map[string][]uint // where: by rm and mv
	emptied map[string][]uint // by >
	named   map[string][]uint // anything else
	filled  map[string][]uint // anything else but mkdir, which makes empty folders
	edited  map[string][]uint // by sed -i, or looked into by grep
	moved   uint              // where the working directory becomes one that is not known; 0: nowhere
}

// collect finds the paths of a script.
func (m *mentions) collect(w *walker, f *syntax.File) {
	m.removed, m.emptied, m.edited, m.named, m.filled = map[string][]uint{}, map[string][]uint{}, map[string][]uint{}, map[string][]uint{}, map[string][]uint{}
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Redirect:
			if text := w.textOf(n.Word); n.Op == syntax.RdrOut || n.Op == syntax.RdrAll || n.Op == syntax.RdrClob {
				m.emptied[text] = append(m.emptied[text], n.Pos().Offset())
			}
		case *syntax.CallExpr:
			m.call(w, n)
		}
		return true
	})
}

func (m *mentions) call(w *walker, call *syntax.CallExpr) {
	args := w.words(call.Args)
	if len(args) == 0 {
		return
	}
	for len(args) > 1 && slices.Contains([]string{"builtin", "command", "sudo"}, args[0].Code) {
		args = args[1:]
	}
	name, at := path.Base(args[0].Code), call.Pos().Offset()
	if (name == "cd" || name == "pushd") && m.moved == 0 && len(args) > 1 && !args[len(args)-1].Whole() {
		m.moved = at + 1
	}
	list := m.named
	if slices.Contains([]string{"rm", "rmdir", "unlink", "mv"}, name) {
		list = m.removed
	}
	edits := name == "grep" || name == "sed" && slices.ContainsFunc(args, func(a words.Argument) bool {
		return strings.HasPrefix(a.Code, "-i") || strings.HasPrefix(a.Code, "--in-place")
	})
	for _, a := range args[1:] {
		text := strings.TrimSuffix(a.Code, "/")
		if edits {
			m.edited[text] = append(m.edited[text], at)
		}
		list[text] = append(list[text], at)
		if name != "mkdir" && name != "rm" && name != "rmdir" {
			m.filled[text] = append(m.filled[text], at)
		}
		if _, file, ok := strings.Cut(text, "="); ok {
			list[file] = append(list[file], at)
		}
	}
}

// earlier reports whether a path is in a list in front of a place; in a function,
// which may be called later, whether it is there at all.
func (w *walker) earlier(list map[string][]uint, text string, at uint) bool {
	return slices.ContainsFunc(list[text], func(one uint) bool { return one < at || w.within != "" && one != at })
}

// fixed reports whether each run of a script finds the same file at a path: one that
// is written out, and not below a folder that is new each time.
func (w *walker) fixed(a words.Argument, at uint) bool {
	if !a.Whole() || a.Code == "" || strings.ContainsAny(a.Code, "*?[") {
		return false
	}
	if strings.HasPrefix(a.Code, "/dev/") || strings.HasPrefix(a.Code, "/proc/") || strings.HasPrefix(a.Code, "/sys/") {
		return false
	}
	return strings.HasPrefix(a.Code, "/") || strings.HasPrefix(a.Code, "~") || w.mentions.moved == 0 || at < w.mentions.moved
}

// repeat notes what a second run does not leave as the first did (ZT-1.3): what
// nothing guards, and what names a file that the script neither makes nor removes.
func (w *walker) repeat(c command) {
	if w.depth > 0 || w.guarded || w.mentions == nil {
		return
	}
	why := ""
	switch c.name {
	case "mkdir", "ln", "mkfifo", "mknod":
		why = w.makes(c)
	case "mv", "rm", "rmdir", "unlink":
		why = w.removes(c)
	case "tee":
		if c.has('a', "--append") && slices.ContainsFunc(c.operands(), func(a words.Argument) bool { return w.appends(a, c.node) }) {
			why = "appends once more"
		}
	case "useradd", "adduser", "groupadd", "addgroup":
		if operands := c.operands(); len(operands) > 0 && operands[len(operands)-1].Whole() && !strings.HasPrefix(c.name, "add") || len(operands) == 1 && operands[0].Whole() {
			why = "fails when it is done already"
		}
	}
	if why != "" {
		w.use(&w.facts.Repeats, c.node, w.source(c.node)+" "+why)
	}
}

// makes is why a command that makes a file fails the second time.
func (w *walker) makes(c command) string {
	operands, at := c.operands(), c.node.Pos().Offset()
	why := map[string]string{
		"mkdir": "fails if the folder exists, want mkdir -p", "ln": "fails if the link exists, want ln -f",
		"mkfifo": "fails when it is done already", "mknod": "fails when it is done already",
	}[c.name]
	if c.name == "mkdir" && c.has('p', "--parents") || c.name == "ln" && (c.has('f', "--force") || len(operands) < 2) || len(operands) == 0 {
		return ""
	}
	targets := operands
	switch c.name {
	case "ln":
		targets = operands[len(operands)-1:]
	case "mknod":
		targets = operands[:1]
	}
	for _, a := range targets {
		if w.fixed(a, at) && len(w.mentions.removed[strings.TrimSuffix(a.Code, "/")]) == 0 {
			return why
		}
	}
	return ""
}

// removes is why a command that takes a file away fails the second time.
func (w *walker) removes(c command) string {
	operands, at := c.operands(), c.node.Pos().Offset()
	if c.name != "mv" && c.has('f', "--force") || len(operands) == 0 {
		return ""
	}
	sources, why := operands, "fails if the file does not exist, want rm -f"
	if c.name == "mv" {
		sources, why = operands[:max(len(operands)-1, 1)], "fails if its source no longer exists"
	}
	for _, a := range sources {
		text := strings.TrimSuffix(a.Code, "/")
		if w.fixed(a, at) && !w.made(text, at, c.name == "mv") && !w.inFilled(text, at) {
			return why
		}
	}
	return ""
}

// made reports whether a script names a file before it takes it away, or what it is
// made from: a URL that ends in its name, an archive, the same name without .bak. What
// is moved may as well be made again later.
func (w *walker) made(text string, at uint, anywhere bool) bool {
	for _, list := range []map[string][]uint{w.mentions.named, w.mentions.emptied, w.mentions.removed} {
		if w.earlier(list, text, at) || anywhere && len(list[text]) > 1 {
			return true
		}
	}
	base := path.Base(text)
	for other, places := range w.mentions.named {
		name := path.Base(other)
		related := name == base || strings.HasPrefix(name, base+".") || name == strings.TrimSuffix(base, path.Ext(base))
		if related && slices.ContainsFunc(places, func(one uint) bool { return one < at || w.within != "" }) {
			return true
		}
	}
	return anywhere && len(w.mentions.emptied[text])+len(w.mentions.named[text]) > 0
}

// inFilled reports whether a file stands in a folder that the script fills.
func (w *walker) inFilled(text string, at uint) bool {
	for dir := path.Dir(text); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if w.earlier(w.mentions.filled, dir, at) {
			return true
		}
	}
	return false
}

// appends reports whether what is appended to a file is there twice after a second run.
func (w *walker) appends(a words.Argument, n syntax.Node) bool {
	at := n.Pos().Offset()
	if !w.fixed(a, at) || strings.HasSuffix(a.Code, ".log") || strings.HasPrefix(a.Code, "/var/log/") {
		return false
	}
	if w.earlier(w.mentions.edited, a.Code, at) {
		return false // what an earlier run added is taken out, or looked for
	}
	return !w.earlier(w.mentions.emptied, a.Code, at) && !w.earlier(w.mentions.removed, a.Code, at)
}
