package commands

import (
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
)

// changesTree are the sub-commands of git that change files of the work tree.
var changesTree = set("pull checkout switch reset merge rebase restore stash apply am cherry-pick revert submodule read-tree checkout-index subtree bisect filter-branch sparse-checkout lfs")

// changes notes the files that a command may change.
func (s *Shell) changes(c *command, name string, v State) State {
	args := c.Args[1:]
	v = s.outputs(c, v)
	switch name {
	case "mount", "awk", "gawk", "rename", "ex":
		if name != "awk" && name != "gawk" || hasWord(args, "inplace") {
			return s.changesOperands(c, v, nil)
		}
	case "git":
		return s.gitChanges(c, v)
	case "gh":
		return s.ghChanges(c, v)
	case "hub", "svn", "hg", "dvc", "repo", "bk":
		return v.Change("")
	case "curl", "wget", "wget2", "aria2c":
		return s.downloads(c, name, v)
	case "tar", "gtar", "bsdtar":
		if len(args) > 0 && (strings.Contains(strings.SplitN(args[0].Code, "=", 2)[0], "x") && !strings.HasPrefix(args[0].Code, "--") || hasWord(args, "--extract", "--get", "-x", "-xf", "-xzf", "-xJf", "-xjf")) {
			return s.ChangesFile(c.Dir, s.folderOf(c, "-C", "--directory"), v)
		}
	case "unzip":
		if !hasWord(args, "-l", "-t", "-Z", "-p", "-v", "-z") {
			return s.ChangesFile(c.Dir, s.folderOf(c, "-d", "-d"), v)
		}
	case "7z", "7za", "7zr", "unrar", "cpio", "ar", "cabextract", "jar", "pax":
		for _, a := range args {
			if folder, ok := strings.CutPrefix(a.Code, "-o"); ok && folder != "" {
				return s.ChangesFile(c.Dir, folder, v)
			}
		}
		return s.ChangesFile(c.Dir, ".", v)
	case "gunzip", "unxz", "bunzip2", "unzstd", "gzip", "xz", "zstd":
		return s.changesOperands(c, v, func(p string) string { return strings.TrimSuffix(p, path.Ext(p)) })
	case "patch":
		return v.Change("")
	case "cp", "mv", "install", "ln", "rsync", "scp", "ditto":
		return s.copied(c, name, v)
	case "sed":
		if slices.ContainsFunc(args, func(a words.Argument) bool {
			return strings.HasPrefix(a.Code, "-") && !strings.HasPrefix(a.Code, "--") && strings.Contains(a.Code, "i") || strings.HasPrefix(a.Code, "--in-place")
		}) {
			return s.changesOperands(c, v, nil)
		}
	case "perl", "ruby", "yq":
		if slices.ContainsFunc(args, func(a words.Argument) bool {
			return strings.HasPrefix(a.Code, "-i") || strings.HasPrefix(a.Code, "-pi") || a.Code == "-ni" || a.Code == "--inplace"
		}) {
			return s.changesOperands(c, v, nil)
		}
	case "tee", "truncate", "sponge", "ed", "vim", "dos2unix", "unix2dos":
		v = s.teeEnvironment(c, name, v)
		return s.changesOperands(c, v, nil)
	case "dd":
		for _, a := range args {
			if file, ok := strings.CutPrefix(a.Code, "of="); ok {
				v = s.ChangesFile(c.Dir, file, v)
			}
		}
	case "aws", "gsutil", "gcloud", "az", "oras", "docker", "podman", "kubectl", "oc", "huggingface-cli", "hf", "rclone", "s3cmd", "s5cmd", "mc", "azcopy", "b2":
		return s.fetched(c, name, v)
	}
	return v
}

// outputs notes an artifact that a program is given as the file to write.
func (s *Shell) outputs(c *command, v State) State {
	for i, a := range c.Args {
		option, value, attached := strings.Cut(a.Code, "=")
		switch option {
		case "-o", "-out", "--out", "--output", "--output-file", "-outfile", "--outfile":
		default:
			continue
		}
		if !attached && i+1 < len(c.Args) {
			value = c.Args[i+1].Code
		}
		if t, is := s.find(c, value, false); is {
			v = v.Change(t.Path)
		}
	}
	return v
}

func hasWord(args []words.Argument, any ...string) bool {
	return slices.ContainsFunc(args, func(a words.Argument) bool { return slices.Contains(any, a.Code) })
}

// folderOf is the value of an option, "." without it.
func (s *Shell) folderOf(c *command, options ...string) string {
	for i, a := range c.Args {
		for _, option := range options {
			if value, ok := strings.CutPrefix(a.Code, option+"="); ok {
				return value
			}
			if a.Code == option && i+1 < len(c.Args) {
				return c.Args[i+1].Code
			}
			if value, ok := strings.CutPrefix(a.Code, option); ok && value != "" && len(option) == 2 {
				return value
			}
		}
	}
	return "."
}

// changesOperands notes the operands of a command as changed.
func (s *Shell) changesOperands(c *command, v State, name func(string) string) State {
	for _, a := range c.Args[1:] {
		if strings.HasPrefix(a.Code, "-") {
			continue
		}
		file := a.Code
		if name != nil {
			file = name(file)
		}
		if file == EnvironmentFile || file == PathFile || strings.ContainsAny(file, " \n;") {
			continue
		}
		v = s.ChangesFile(c.Dir, file, v)
		if isCodexlock(path.Base(file)) {
			v = v.Spoil("the program codexlock is written")
		}
	}
	return v
}

// teeEnvironment looks at tee, where it writes for later steps.
func (s *Shell) teeEnvironment(c *command, name string, v State) State {
	for _, a := range c.Args[1:] {
		if name == "tee" && (a.Code == EnvironmentFile || a.Code == PathFile) {
			v = s.setsEnvironment(c, a.Code, v)
		}
	}
	return v
}

// gitChanges notes what git changes.
func (s *Shell) gitChanges(c *command, v State) State {
	dir, i := c.Dir, 1
	for ; i < len(c.Args) && strings.HasPrefix(c.Args[i].Code, "-"); i++ {
		if slices.Contains([]string{"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path"}, c.Args[i].Code) && i+1 < len(c.Args) {
			if c.Args[i].Code == "-C" {
				dir = flow.Join(dir, c.Args[i+1].Code)
			}
			i++
		}
	}
	if i >= len(c.Args) {
		return v
	}
	sub, rest := c.Args[i].Code, c.Args[i+1:]
	switch {
	case strings.Contains(sub, words.Hole):
		return v.Change("")
	case sub == "lfs" && len(rest) > 0 && !slices.Contains([]string{"pull", "checkout"}, rest[0].Code):
		return v
	case (sub == "checkout" || sub == "switch") && len(rest) == 2 && slices.Contains([]string{"-b", "-c", "-B", "-C", "--create", "--orphan"}, rest[0].Code):
		return v // a new branch where the work tree is
	case sub == "stash" && len(rest) > 0 && slices.Contains([]string{"list", "show"}, rest[0].Code), sub == "submodule" && len(rest) > 0 && slices.Contains([]string{"status", "foreach", "summary"}, rest[0].Code):
		return v
	case changesTree()[sub] && Outside(dir):
		return v
	case changesTree()[sub]:
		return v.Change("")
	case sub == "clone" && len(rest) > 0:
		// Into a folder that is new or empty; its files are not this repository's.
		return v
	}
	return v
}

// ghChanges notes what gh changes.
func (s *Shell) ghChanges(c *command, v State) State {
	var subs []string
	for _, a := range c.Args[1:] {
		if !strings.HasPrefix(a.Code, "-") {
			subs = append(subs, a.Code)
		}
	}
	switch sub := strings.Join(subs[:min(len(subs), 2)], " "); sub {
	case "pr checkout", "repo sync", "pr merge":
		return v.Change("")
	case "run download", "release download":
		return s.ChangesFile(c.Dir, s.folderOf(c, "-D", "--dir"), v)
	}
	return v
}

// downloads notes where a download is written to.
func (s *Shell) downloads(c *command, name string, v State) State {
	to, dir, remote := "", ".", name != "curl"
	for i, a := range c.Args {
		next := ""
		if i+1 < len(c.Args) {
			next = c.Args[i+1].Code
		}
		text := a.Code
		short := strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "--")
		switch {
		case text == "--output" || text == "--output-document" || text == "--out":
			to = next
		case strings.HasPrefix(text, "--output=") || strings.HasPrefix(text, "--output-document=") || strings.HasPrefix(text, "--out="):
			_, to, _ = strings.Cut(text, "=")
		case text == "--output-dir" || text == "--directory-prefix" || text == "-P" || text == "--dir" || name == "aria2c" && text == "-d":
			dir = next
		case strings.HasPrefix(text, "--output-dir=") || strings.HasPrefix(text, "--directory-prefix=") || strings.HasPrefix(text, "--dir="):
			_, dir, _ = strings.Cut(text, "=")
		case name == "curl" && short && strings.HasSuffix(text, "o"), name != "curl" && short && strings.HasSuffix(text, "O"), name == "aria2c" && text == "-o":
			to = next
		case name == "curl" && short && strings.Contains(text, "o") && len(text) > 2 && strings.HasPrefix(text, "-o"):
			to = text[2:]
		case name != "curl" && strings.HasPrefix(text, "-O") && len(text) > 2:
			to = text[2:]
		case name != "curl" && short && strings.HasSuffix(text, "O-"):
			to = "-"
		case name == "curl" && (short && strings.ContainsAny(text, "OJ") || text == "--remote-name" || text == "--remote-name-all" || text == "--remote-header-name"):
			remote = true
		case name != "curl" && (text == "--spider" || text == "-i" || text == "--input-file" || text == "-r" || text == "-m" || text == "--mirror" || text == "--recursive"):
			if text == "--spider" {
				return v
			}
			return s.ChangesFile(c.Dir, dir, v)
		}
	}
	switch {
	case to != "":
		return s.ChangesFile(flow.Join(c.Dir, dir), to, v)
	case !remote:
		return v
	}
	for _, a := range c.Args[1:] {
		if scheme, _, ok := strings.Cut(a.Code, "://"); !ok || strings.HasPrefix(scheme, "-") {
			continue
		}
		base := path.Base(a.Code)
		base, _, _ = strings.Cut(base, "?")
		if strings.Contains(base, words.Hole) {
			base = ""
		}
		v = s.ChangesFile(flow.Join(c.Dir, dir), base+strings.Repeat(".", boolean(base == "")), v)
	}
	return v
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// copied notes where files are copied to.
func (s *Shell) copied(c *command, name string, v State) State {
	sources, dest, known := copyOperands(c)
	if name == "ln" && !known && len(sources) == 1 {
		dest = "."
	}
	if isCodexlock(path.Base(dest)) || slices.ContainsFunc(sources, func(i int) bool { return isCodexlock(path.Base(c.Args[i].Code)) }) {
		for _, i := range sources {
			if !Outside(flow.Join(c.Dir, c.Args[i].Code)) && !(name == "ln" && !strings.Contains(c.Args[i].Code, "/")) {
				return v.Spoil("the program codexlock is replaced by a file of the workspace")
			}
		}
	}
	if strings.Contains(dest, ":") { // on another machine
		return v
	}
	full := flow.Join(c.Dir, dest)
	rel, ours := s.located(full)
	if !ours || strings.Contains(full, words.Hole) {
		return s.ChangesFile(c.Dir, dest, v)
	}
	if rel != "" && !s.Artifacts.IsFolder(rel) {
		return v.Change(rel)
	}
	for _, i := range sources { // into a folder
		base := path.Base(c.Args[i].Code)
		if base == "." || base == "/" || base == ".." || strings.ContainsAny(base, "*?[") || strings.Contains(base, words.Hole) || strings.HasSuffix(c.Args[i].Code, "/") && name == "rsync" {
			return v.Change(rel)
		}
		v = v.Change(path.Join(rel, base))
	}
	return v
}

// fetched notes what programs fetch from elsewhere.
func (s *Shell) fetched(c *command, name string, v State) State {
	var operands []string
	for i := 1; i < len(c.Args); i++ {
		if !strings.HasPrefix(c.Args[i].Code, "-") {
			operands = append(operands, c.Args[i].Code)
		}
	}
	has := func(any ...string) bool {
		return slices.ContainsFunc(operands[:min(len(operands), 3)], func(o string) bool { return slices.Contains(any, o) })
	}
	if len(operands) < 2 {
		return v
	}
	last := operands[len(operands)-1]
	switch name {
	case "oras":
		if has("pull") {
			return s.ChangesFile(c.Dir, s.folderOf(c, "-o", "--output"), v)
		}
	case "huggingface-cli", "hf":
		if has("download") {
			return s.ChangesFile(c.Dir, s.folderOf(c, "--local-dir", "--local-dir"), v)
		}
	default:
		if !has("cp", "sync", "copy", "download", "mv", "rsync", "get", "download-batch") || strings.Contains(last, ":") {
			return v
		}
		return s.ChangesFile(c.Dir, last, v)
	}
	return v
}
