package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func write(t *testing.T, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSearch: the search finds a full path wherever it stands in a line, and neither a part of
// a name nor a name in a folder of another repository.
func TestSearch(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"scripts/build.sh": "", "build.sh": "", "hack/test": "#!/bin/sh\n", "hack/data": "no script", "hack/empty": "",
		"vendor/x.sh": "", "docker/Dockerfile.test": "COPY scripts/build.sh /b\n", "docker/Dockerfile.template": "COPY scripts/build.sh /b\n",
		"Makefile":                "all:\n\t./scripts/build.sh && $(ROOT)/hack/test.\n\tcd /tmp/other && ./build.sh2 other/build.sh\n\tscripts/build.shx\n\t./build.sh build.sh\n",
		".github/workflows/a.yml": "run: a\n",
	})
	if err := os.Symlink("build.sh", filepath.Join(dir, "link.sh")); err != nil {
		t.Fatal(err)
	}
	f, err := look(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"build.sh", "hack/test", "scripts/build.sh"}; !slices.Equal(f.protected, want) {
		t.Errorf("protected: %q, want %q", f.protected, want)
	}
	if want := []string{".github/workflows/a.yml", "Makefile", "docker/Dockerfile.test"}; !slices.Equal(f.sites, want) {
		t.Errorf("sites: %q, want %q", f.sites, want)
	}
	if want := []string{"link.sh"}; !slices.Equal(f.links, want) {
		t.Errorf("links: %q, want %q", f.links, want)
	}
	hits, err := search(dir, f)
	if err != nil {
		t.Fatal(err)
	}
	want := []hit{
		{"Makefile", 2, "scripts/build.sh", "./scripts/build.sh && $(ROOT)/hack/test."},
		{"Makefile", 2, "hack/test", "./scripts/build.sh && $(ROOT)/hack/test."},
		{"Makefile", 5, "build.sh", "./build.sh build.sh"},
		{"docker/Dockerfile.test", 1, "scripts/build.sh", "COPY scripts/build.sh /b"},
	}
	if !slices.Equal(hits, want) {
		t.Errorf("got %+v\nwant %+v", hits, want)
	}
}

// TestUseDenials: only denials of rules about uses count, and none that a baseline covers.
func TestUseDenials(t *testing.T) {
	got, err := useDenials(`{"findings": [
		{"rule": "use.unverified", "severity": "deny", "file": "a.yml", "line": 3, "message": "a"},
		{"rule": "use.unverified", "severity": "warn", "message": "b"},
		{"rule": "use.unverified", "severity": "deny", "message": "in the baseline", "excepted": true},
		{"rule": "lock.drift", "severity": "deny", "message": "c"}]}`)
	if want := []string{"use.unverified: a.yml:3: a"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := useDenials("no report"); err == nil {
		t.Error("a report that is none was accepted")
	}
}

// TestConfigure: the configuration that init writes gets the patterns, and every site.
func TestConfigure(t *testing.T) {
	name := filepath.Join(t.TempDir(), "codexlock.yaml")
	write(t, filepath.Dir(name), map[string]string{"codexlock.yaml": "artifacts:\n  include: [\"assets/sources/**\"]   # what\n  exclude: []\n"})
	if err := configure(name, files{plain: []string{"hack/test", "a[b"}, links: []string{"link.sh"}}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := `artifacts:
  include: ["**/*.sh", "**/*.bash", "**/*.zsh", "**/*.pl", "**/*.py", "**/*.rb", "**/*.tcl", "**/*.ps1", "**/*.bat", "**/*.cmd", "**/*.lua", "**/*.onnx", "**/*.pt", "**/*.pth", "**/*.bin", "**/*.mar", "**/*.gguf", "**/*.h5", "**/*.pkl", "**/*.npz", "hack/test"]   # what
  exclude: ["vendor/**", "**/vendor/**", "ingest_archive.test.sh", "**/*.test.sh", "link.sh"]
use: {sites: [workflows, docker, make, compose, pre-commit]}
`
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestStrip: what decides which files Git stores is removed, in every folder, and the top
// folder's repository stays.
func TestStrip(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{".git/HEAD": "", "sub/.git": "gitdir: x", ".gitignore": "", "a/.gitattributes": "", "a/b.sh": ""})
	if err := strip(dir); err != nil {
		t.Fatal(err)
	}
	for name, kept := range map[string]bool{".git/HEAD": true, "a/b.sh": true, "sub/.git": false, ".gitignore": false, "a/.gitattributes": false} {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); (err == nil) != kept {
			t.Errorf("%s: kept %v, want %v", name, err == nil, kept)
		}
	}
}
