package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A row is what was measured of one repository.
type row struct {
	name, commit             string
	protected, sites, unread int
	uses, certain            int // certain: execute or source, of a path that is known
	lines, reported          int
	changes, denied          int
	added, caught            int // uses that were added and verified by nothing; those that were denied
	commits, refused         int // of the history; refused: denied by a rule about uses
}

const header = `| repository | commit | protected | files | not parsed | uses | execute or source, path known | lines with a full path | reported | ordinary changes | denied | unverified uses added | denied | past commits | denied |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|`

// String is the row of the table.
func (r row) String() string {
	cells := []string{r.name, r.commit}
	for _, n := range []int{r.protected, r.sites, r.unread, r.uses, r.certain, r.lines, r.reported, r.changes, r.denied, r.added, r.caught, r.commits, r.refused} {
		cells = append(cells, strconv.Itoa(n))
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

func (r *row) add(o row) {
	r.protected += o.protected
	r.sites += o.sites
	r.unread += o.unread
	r.uses += o.uses
	r.certain += o.certain
	r.lines += o.lines
	r.reported += o.reported
	r.changes += o.changes
	r.denied += o.denied
	r.added += o.added
	r.caught += o.caught
	r.commits += o.commits
	r.refused += o.refused
}

// A use is what the gate's facts say of one.
type use struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Job      string `json:"job"`
	Kind     string `json:"kind"`
	Path     string `json:"path"`
	How      string `json:"how"`
	Verified string `json:"verified"`
}

// A measured is the part of the facts that is looked at.
type measured struct {
	Repository struct {
		Uses  []use `json:"uses"`
		Files []struct {
			Path    string `json:"path"`
			State   string `json:"state"`
			Problem string `json:"problem"`
		} `json:"use_files"`
	} `json:"repository"`
}

// repository measures one repository.
func (m *measurement) repository(folder string) (row, error) {
	r := row{name: nameOf(folder), commit: "-"}
	dir := filepath.Join(m.keep, r.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return r, err
	}
	out, code, err := m.do(folder, "git", "rev-parse", "HEAD")
	if err != nil {
		return r, err
	}
	if code == 0 {
		r.commit = strings.TrimSpace(out)
		err = m.checkout(folder, r.commit, dir)
	} else {
		err = os.CopyFS(dir, os.DirFS(folder))
	}
	if err != nil {
		return r, err
	}
	f, err := m.adopt(dir)
	if err != nil {
		return r, err
	}
	r.protected, r.sites = len(f.protected), len(f.sites)
	base := "HEAD~1" // without the records of the artifacts, so that all uses are looked for
	if m.baseline {
		base = "HEAD~2"
	}
	out, code, err = m.do(dir, m.program, "facts", "--repository", "--base", base, "--head", "HEAD")
	if err != nil {
		return r, err
	}
	var facts measured
	if code != 0 {
		return r, fmt.Errorf("codexlock facts: exit code %d", code)
	}
	if err := json.Unmarshal([]byte(out), &facts); err != nil {
		return r, err
	}
	hits, err := search(dir, f)
	if err != nil {
		return r, err
	}
	if err := m.compare(dir, &r, facts, hits); err != nil {
		return r, err
	}
	if len(f.protected) == 0 {
		return r, nil
	}
	if err := m.change(dir, f, &r); err != nil {
		return r, err
	}
	if r.commit != "-" && m.history > 0 {
		return r, m.replay(folder, &r)
	}
	return r, nil
}

// nameOf is the name of a repository in the table: its folder's, or where that is the Git
// directory of a work tree or a folder named repo, that of the folder around it.
func nameOf(folder string) string {
	folder = filepath.Clean(folder)
	if base := filepath.Base(folder); base == ".git" || base == "repo" {
		folder = filepath.Dir(folder)
	}
	return filepath.Base(folder)
}

// checkout writes the tree of a commit into a folder. What the repository lacks, such as large
// files of a partial clone, is left out.
func (m *measurement) checkout(folder, commit, dir string) error {
	index := filepath.Join(m.scratch, "index")
	if err := os.RemoveAll(index); err != nil {
		return err
	}
	if err := m.must(folder, []string{"env", "GIT_INDEX_FILE=" + index, "git", "read-tree", commit}); err != nil {
		return err
	}
	_, _, err := m.do(folder, "env", "GIT_INDEX_FILE="+index, "git", "--work-tree="+dir, "checkout-index", "-a", "-f")
	return err
}

// strip removes the files that would decide which files and companions Git stores, and how. The
// top folder's .git stays.
func strip(dir string) error {
	return filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		switch {
		case err != nil || !slices.Contains(stripped, d.Name()):
			return err
		case name == filepath.Join(dir, ".git"):
			return filepath.SkipDir
		}
		if err := os.RemoveAll(name); err != nil {
			return err
		}
		if d.IsDir() {
			return filepath.SkipDir
		}
		return nil
	})
}

var stripped = []string{".git", ".gitignore", ".gitattributes", ".gitmodules"}

// adopt makes a folder a repository that the gate protects: what it was, the configuration,
// and the companions, a commit each.
func (m *measurement) adopt(dir string) (files, error) {
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		return files{}, err
	}
	if err := strip(dir); err != nil {
		return files{}, err
	}
	f, err := look(dir)
	if err != nil {
		return f, err
	}
	if err := m.must(dir, []string{"git", "init", "-q", "-b", "main"}, []string{"git", "add", "-A"},
		[]string{"git", "commit", "-q", "-m", "as it is"}, []string{m.program, "init"}); err != nil {
		return f, err
	}
	if err := configure(filepath.Join(dir, "codexlock.yaml"), f); err != nil {
		return f, err
	}
	if err := m.must(dir, []string{"git", "add", "-A"}, []string{"git", "commit", "-q", "-m", "adopt the gate"}); err != nil {
		return f, err
	}
	if len(f.protected) > 0 {
		if err := m.must(dir, []string{m.program, "attest", "--all"}); err != nil {
			return f, err
		}
	}
	if err := m.must(dir, []string{"git", "add", "-A"}, []string{"git", "commit", "-q", "--allow-empty", "-m", "attest"}); err != nil || !m.baseline {
		return f, err
	}
	if _, code, err := m.do(dir, m.program, "verify", "--all", "-q", "--write-baseline="+baseline); err != nil || code > 1 {
		return f, fmt.Errorf("verify --write-baseline: exit code %d, %w", code, err)
	}
	if err := appendTo(filepath.Join(dir, "codexlock.yaml"), "baseline: "+baseline+"\n"); err != nil {
		return f, err
	}
	return f, m.must(dir, []string{"git", "add", "-A"}, []string{"git", "commit", "-q", "-m", "record what is found today"})
}

// baseline is the file with the findings of the day on which the gate is adopted.
const baseline = "codexlock-baseline.json"

var included, excluded = regexp.MustCompile(`include: \[[^\]]*\]`), regexp.MustCompile(`exclude: \[[^\]]*\]`)

// configure writes what is protected, and all sites, into the configuration that init wrote.
func configure(name string, f files) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var in []string
	for _, ending := range endings {
		in = append(in, "**/*"+ending)
	}
	out := append([]string{"vendor/**", "**/vendor/**", "ingest_archive.test.sh", "**/*.test.sh"}, literal(f.links)...)
	text := included.ReplaceAllLiteralString(string(data), "include: "+list(append(in, literal(f.plain)...)))
	text = excluded.ReplaceAllLiteralString(text, "exclude: "+list(out))
	text += "use: {sites: [workflows, docker, make, compose, pre-commit]}\n"
	return os.WriteFile(name, []byte(text), 0o644)
}

// literal returns the paths that are no patterns, and need no quoting.
func literal(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return strings.ContainsAny(p, `*?[]{}\"'`) })
}

// list is a YAML list of texts that need no escape.
func list(texts []string) string { return `["` + strings.Join(texts, `", "`) + `"]` }

// compare counts what the gate reports, and which lines of the search it does not report.
func (m *measurement) compare(dir string, r *row, facts measured, hits []hit) error {
	type place struct {
		file string
		line int
	}
	at := map[place][]use{}
	lines := map[string][]string{}
	for _, u := range facts.Repository.Uses {
		at[place{u.File, u.Line}] = append(at[place{u.File, u.Line}], u)
		text, err := lineOf(dir, lines, u.File, u.Line)
		if err != nil {
			return err
		}
		fmt.Fprintf(&m.lists.findings, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.name, u.File, u.Line, u.Job, u.Kind, u.How, u.Verified, u.Path, text)
		r.uses++
		if (u.Kind == "execute" || u.Kind == "source") && (u.How == "exact" || u.How == "workdir" || u.How == "image") {
			r.certain++
		}
	}
	for _, file := range facts.Repository.Files {
		if file.State != "parsed" {
			r.unread++
			fmt.Fprintf(&m.lists.missed, "%s\t%s\t0\t-\tnot parsed: %s\n", r.name, file.Path, file.Problem)
		}
	}
	for _, h := range hits {
		r.lines++
		if slices.ContainsFunc(at[place{h.file, h.line}], func(u use) bool {
			return u.Path == h.path || u.How == "suffix" || u.How == "glob" || u.How == "folder"
		}) {
			r.reported++
			continue
		}
		fmt.Fprintf(&m.lists.missed, "%s\t%s\t%d\t%s\t%s\n", r.name, h.file, h.line, h.path, h.text)
	}
	return nil
}

// lineOf returns a line of a file without the space around it. Files are read once.
func lineOf(dir string, read map[string][]string, file string, line int) (string, error) {
	if _, ok := read[file]; !ok {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return "", err
		}
		read[file] = strings.Split(string(data), "\n")
	}
	if line < 1 || line > len(read[file]) {
		return "", fmt.Errorf("%s has no line %d", file, line)
	}
	return strings.ReplaceAll(strings.TrimSpace(read[file][line-1]), "\t", " "), nil
}
