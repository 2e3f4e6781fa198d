// Package release_test runs the scripts of a release, against a registry and a remote on
// this machine.
package release_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// run runs a program in a folder and returns what it prints, and whether it failed.
func run(t *testing.T, dir string, env []string, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	t.Logf("%s %s: %v\n%s%s", filepath.Base(program), strings.Join(args, " "), err, out, complaint.Bytes())
	return strings.TrimSuffix(string(out), "\n"), err
}

// must is run for what has to succeed.
func must(t *testing.T, dir string, env []string, program string, args ...string) string {
	t.Helper()
	out, err := run(t, dir, env, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// script is the path of a script of this folder.
func script(t *testing.T, name string) string {
	t.Helper()
	abs, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func TestVersion(t *testing.T) {
	for tag, want := range map[string]string{
		"build/v1.2.3": "v1.2.3", "build/v10.0.0-rc.1": "v10.0.0-rc.1",
		"v1.2.3": "", "build/1.2.3": "", "build/v1.2": "", "build/v1.2.3 ": "", "build/v1.2.3-": "", "build/v1.2.3-a..b": "", "build/v1.2.3\nx": "", "build/v1.2.3/../x": "", "": "",
	} {
		got, err := run(t, "", nil, script(t, "version.sh"), tag)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", tag, got, err, want)
		}
	}
}

// source is a clone, as shallow as a workflow's, of a remote with our action.yml.
func source(t *testing.T, edit func(string) string) (dir, remote string) {
	t.Helper()
	full := t.TempDir()
	dir, remote = t.TempDir(), t.TempDir()
	action, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"action.yml": edit(string(action)), "main.go": "package main\n"} {
		if err := os.WriteFile(filepath.Join(full, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must(t, remote, nil, "git", "init", "-q", "--bare")
	must(t, full, nil, "git", "init", "-q", "-b", "main")
	must(t, full, nil, "git", "add", "-A")
	for _, message := range []string{"earlier", "source"} {
		must(t, full, nil, "git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "--allow-empty", "-m", message)
	}
	must(t, full, nil, "git", "push", "-q", remote, "main")
	must(t, dir, nil, "git", "clone", "-q", "--depth", "1", "--branch", "main", "file://"+remote, ".")
	return dir, remote
}

const image = "ghcr.io/o/r@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestCommitNamesTheImage(t *testing.T) {
	dir, remote := source(t, func(s string) string { return s })
	commit := must(t, dir, nil, script(t, "commit.sh"), "v1.2.3", image)
	if again := must(t, dir, nil, script(t, "commit.sh"), "v1.2.3", image); again != commit {
		t.Errorf("made again, the commit is %s, want %s", again, commit)
	}
	if parent, head := must(t, dir, nil, "git", "rev-parse", commit+"^"), must(t, dir, nil, "git", "rev-parse", "HEAD"); parent != head {
		t.Errorf("its parent is %s, want %s", parent, head)
	}
	if status := must(t, dir, nil, "git", "status", "--porcelain"); status != "" {
		t.Errorf("the work tree changed: %s", status)
	}
	want := "action.yml\n-  image: Dockerfile\n+  image: docker://" + image
	var got []string
	for line := range strings.Lines(must(t, dir, nil, "git", "diff", "-U0", "--name-only", "HEAD", commit) + "\n" + must(t, dir, nil, "git", "diff", "-U0", "HEAD", commit)) {
		if line = strings.TrimSuffix(line, "\n"); regexp.MustCompile(`^(action\.yml|main\.go|[-+] .*)$`).MatchString(line) {
			got = append(got, line)
		}
	}
	if strings.Join(got, "\n") != want {
		t.Errorf("it changes\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}

	must(t, dir, nil, script(t, "publish.sh"), remote, "v1.2.3", commit)
	must(t, dir, nil, script(t, "publish.sh"), remote, "v1.2.3", commit) // a run that is repeated
	other := must(t, dir, nil, script(t, "commit.sh"), "v1.2.3", strings.Replace(image, "0", "f", 1))
	if _, err := run(t, dir, nil, script(t, "publish.sh"), remote, "v1.2.3", other); err == nil {
		t.Error("a tag that exists was moved")
	}
	if at := must(t, remote, nil, "git", "rev-parse", "refs/tags/v1.2.3"); at != commit {
		t.Errorf("the tag is at %s, want %s", at, commit)
	}
}

func TestCommitRefuses(t *testing.T) {
	same := func(s string) string { return s }
	for name, c := range map[string]struct {
		image string
		edit  func(string) string
	}{
		"tag":       {"ghcr.io/o/r:v1", same},
		"short":     {"ghcr.io/o/r@sha256:0123", same},
		"two lines": {image + "\n  x: y", same},
		"comma":     {strings.Replace(image, "o/r", "o,r", 1), same},
		"released":  {image, func(s string) string { return strings.Replace(s, "image: Dockerfile", "image: docker://x", 1) }},
		"twice":     {image, func(s string) string { return s + "  image: Dockerfile\n" }},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := source(t, c.edit)
			if out, err := run(t, dir, nil, script(t, "commit.sh"), "v1.2.3", c.image); err == nil || out != "" {
				t.Errorf("it made %q", out)
			}
		})
	}
}

func TestImages(t *testing.T) {
	bin := t.TempDir()
	must(t, "../tools", nil, "go", "build", "-o", bin+"/", "github.com/google/go-containerregistry/cmd/crane")
	server := httptest.NewServer(registry.New())
	defer server.Close()
	to := strings.TrimPrefix(server.URL, "http://") + "/o/r"
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH")}

	var images []string
	for _, arch := range []string{"amd64", "arm64"} {
		file := saved(t, arch)
		got := must(t, "", env, script(t, "image.sh"), to, "v1.2.3", arch, file)
		if !strings.HasPrefix(got, to+"@sha256:") {
			t.Fatalf("it printed %q", got)
		}
		images = append(images, got)
	}
	if _, err := run(t, "", env, script(t, "image.sh"), to, "v1.2.3", "arm64", saved(t, "amd64")); err == nil {
		t.Error("an image for amd64 was pushed as that for arm64")
	}
	index := must(t, "", env, script(t, "index.sh"), append([]string{to, "v1.2.3"}, images...)...)
	var manifest struct {
		Manifests []struct {
			Digest   string
			Platform struct{ OS, Architecture string }
		}
	}
	if err := json.Unmarshal([]byte(must(t, "", env, filepath.Join(bin, "crane"), "manifest", index)), &manifest); err != nil {
		t.Fatal(err)
	}
	for i, arch := range []string{"amd64", "arm64"} {
		if m := manifest.Manifests[i]; to+"@"+m.Digest != images[i] || m.Platform.OS != "linux" || m.Platform.Architecture != arch {
			t.Errorf("%s: got %+v", arch, m)
		}
	}
	for name, args := range map[string][]string{"none": {}, "a tag": {to + ":v1.2.3-amd64"}, "another's": {strings.Replace(images[0], "o/r", "o/x", 1)}, "one twice": {images[0], images[0]}} {
		if _, err := run(t, "", env, script(t, "index.sh"), append([]string{to, "v9.9.9"}, args...)...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// saved writes an image as docker save does.
func saved(t *testing.T, arch string) string {
	t.Helper()
	config, err := empty.Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	img, err := mutate.ConfigFile(empty.Image, config)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("codexlock:latest")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(file, tag, img); err != nil {
		t.Fatal(err)
	}
	return file
}

const commit = "0123456789abcdef0123456789abcdef01234567"

// TestBinariesAreReproducible builds a release's files twice, in two folders.
func TestBinariesAreReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("it links the program twice")
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	env := []string{"PLATFORMS=" + platform, "SOURCE_DATE_EPOCH=1700000000"}
	first, second, elsewhere := t.TempDir(), t.TempDir(), t.TempDir()
	must(t, "..", nil, "bash", "-c", `git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf - | tar -C "$1" -xf -`, "bash", elsewhere)
	must(t, "", env, script(t, "binaries.sh"), "v1.2.3", commit, first)
	must(t, elsewhere, append(env, "TZ=Asia/Tokyo", "GOFLAGS=-ldflags=-w"), "bash", "-c", `umask 077; release/binaries.sh v1.2.3 `+commit+` "$1"`, "bash", second)
	must(t, "", nil, "diff", "-r", first, second)
	must(t, first, nil, "sha256sum", "--check", "--strict", "SHA256SUMS")

	base := "codexlock-v1.2.3-" + strings.ReplaceAll(platform, "/", "-")
	must(t, first, nil, "tar", "-xf", base+".tar.gz")
	program := filepath.Join(first, base, "codexlock")
	if got := must(t, "", nil, program, "version"); !strings.HasPrefix(got, "codexlock v1.2.3\n") || !strings.HasSuffix(got, "\ncommit "+commit) {
		t.Errorf("version prints\n%s", got)
	}
	var bom struct {
		BOMFormat  string
		Components []struct{ Name, Version, PURL string }
	}
	text, err := os.ReadFile(filepath.Join(first, base+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &bom); err != nil || bom.BOMFormat != "CycloneDX" {
		t.Fatalf("%v, %s", err, text)
	}
	listed := map[string]bool{}
	for _, c := range bom.Components {
		listed[c.Name] = c.Version != "" && c.PURL == "pkg:golang/"+c.Name+"@"+c.Version
	}
	for _, module := range []string{"std", "github.com/open-policy-agent/opa", "mvdan.cc/sh/v3"} {
		if !listed[module] {
			t.Errorf("the list of modules has no %s", module)
		}
	}

	// What init writes names the release by its commit.
	repository := t.TempDir()
	must(t, repository, nil, "git", "init", "-q")
	must(t, repository, nil, program, "init")
	names := regexp.MustCompile(`codexlock/codexlock\S*@\S+ # .*|version: .*`)
	seen := 0
	for _, file := range []string{"codexlock", "attest", "renew", "audit"} {
		text, err := os.ReadFile(filepath.Join(repository, ".github/workflows", file+".yml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range names.FindAllString(string(text), -1) {
			seen++
			if !strings.HasSuffix(got, "@"+commit+" # v1.2.3") && got != "version: "+commit {
				t.Errorf("%s.yml: %s", file, got)
			}
		}
	}
	if seen != 9 {
		t.Errorf("%d places name the release, want 9", seen)
	}
}
