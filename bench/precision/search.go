package main

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// endings are the names of scripts and of models, which every repository protects here.
var endings = []string{".sh", ".bash", ".zsh", ".pl", ".py", ".rb", ".tcl", ".ps1", ".bat", ".cmd", ".lua",
	".onnx", ".pt", ".pth", ".bin", ".mar", ".gguf", ".h5", ".pkl", ".npz"}

// files are the regular files of a folder, in which a script without an ending begins with #!.
type files struct {
	protected, sites, links []string
	plain                   []string // protected ones without one of the endings
}

// look finds what is protected in a folder, and the files in which it can be used.
func look(dir string) (files, error) {
	var f files
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && (rel == ".git" || d.Name() == "vendor"):
			return filepath.SkipDir
		case d.Type()&fs.ModeSymlink != 0:
			f.links = append(f.links, rel)
		case !d.Type().IsRegular():
		case isSite(rel):
			f.sites = append(f.sites, rel)
		case slices.Contains(endings, strings.ToLower(path.Ext(rel))):
			f.protected = append(f.protected, rel)
		case !strings.Contains(path.Base(rel), "."):
			script, err := begins(name, "#!")
			if err != nil {
				return err
			}
			if script {
				f.protected, f.plain = append(f.protected, rel), append(f.plain, rel)
			}
		}
		return nil
	})
	return f, err
}

// begins reports whether a file begins with a text.
func begins(name, text string) (bool, error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(text))
	n, _ := f.Read(head) // an empty file begins with nothing
	return string(head[:n]) == text, nil
}

// site matches the names of files that run commands. It is written down here again, so that
// the search shares no mistake with the gate.
var site = regexp.MustCompile(`^\.github/workflows/[^/]+\.ya?ml$|(^|/)action\.ya?ml$|` +
	`(^|/)(Dockerfile|Containerfile)(\.[^/]+)?$|\.(Dockerfile|Containerfile|dockerfile)$|` +
	`(^|/)(GNUm|M|m)akefile(\.[^/]+)?$|\.mk$|(^|/)(docker-)?compose(\.[^/]+)?\.ya?ml$|^\.pre-commit-config\.yaml$`)

// templates are files that make others, which are not what their name says.
var templates = []string{".template", ".tmpl", ".j2", ".in", ".md", ".go", ".erb"}

func isSite(name string) bool {
	return site.MatchString(name) && !slices.Contains(templates, path.Ext(name))
}

// A hit is a line with the full path of a protected file in it.
type hit struct {
	file string
	line int
	path string
	text string
}

// word is what a path can be a part of.
var word = regexp.MustCompile(`[A-Za-z0-9_.+@/-]+`)

// search finds every line of the sites with the full path of a protected file: as the path from
// the top folder, after ./, or as the end of a longer one. A file in the top folder is found
// by its name alone where nothing or ./ is before it.
func search(dir string, f files) ([]hit, error) {
	known := map[string]bool{}
	for _, p := range f.protected {
		known[p] = true
	}
	var hits []hit
	for _, name := range f.sites {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		for i, line := range bytes.Split(data, []byte("\n")) {
			seen := map[string]bool{}
			for _, w := range word.FindAllString(string(line), -1) {
				p := fullPath(strings.TrimRight(w, "."), known)
				if p != "" && !seen[p] {
					seen[p] = true
					hits = append(hits, hit{name, i + 1, p, strings.TrimSpace(string(line))})
				}
			}
		}
	}
	return hits, nil
}

// fullPath returns the protected path that a word is, or ends with; "" where it does neither.
func fullPath(word string, known map[string]bool) string {
	word = strings.TrimPrefix(word, "./")
	if known[word] {
		return word
	}
	for {
		_, rest, ok := strings.Cut(word, "/")
		if !ok {
			return ""
		}
		if word = rest; strings.Contains(word, "/") && known[word] {
			return word
		}
	}
}
