//go:build linux

package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// block returns the code of the guide's section with a title, in a language.
func block(t *testing.T, title, language string) string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/guides/use.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n### "+title+"\n")
	section, _, _ = strings.Cut(section, "\n### ")
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(section)
	if m == nil {
		t.Fatalf("the guide has no %s in %q", language, title)
	}
	return m[1]
}

// deployed is a repository with the files that the recipes name.
func deployed(t *testing.T) *repository {
	r := newRepository(t)
	r.attest("scripts/start.sh", hello, 0o755)
	r.attest("scripts/serve.sh", "#!/bin/sh\necho serving\n", 0o755)
	r.attest("assets/sources/model.bin", "weights", 0o644)
	return r
}

// quoted are the words of a command, for a shell.
func quoted(words []string) string {
	return "'" + strings.Join(words, "' '") + "'"
}

// TestDockerfile: the step of the Dockerfile, executed where there is nothing but the
// program, the trust file and the sources, as in the image.
func TestDockerfile(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3, which enters the folder")
	}
	text := block(t, "A Dockerfile", "dockerfile")
	var command []string
	if err := json.Unmarshal([]byte(regexp.MustCompile(`(?m)^RUN (\[.*\])$`).FindStringSubmatch(text)[1]), &command); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"COPY --chmod=644 trust.yaml /etc/codexlock/trust.yaml", "COPY . /src", "WORKDIR /out", "WORKDIR /src\nRUN ", "COPY --from=verified /out /app"} {
		if !strings.Contains(text, line) {
			t.Errorf("it has no %q", line)
		}
	}
	got := deployed(t).elsewhere(`
mkdir -p "$3/etc/codexlock" "$3/usr/local/bin" "$3/src" "$3/out"
cp "$2" "$3/etc/codexlock/trust.yaml"; chmod 644 "$3/etc/codexlock/trust.yaml"
cp "$1" "$3` + command[0] + `"; cp -r . "$3/src"
python3 -c 'import os, sys; os.chroot(sys.argv[1]); os.chdir("/src"); os.execve(sys.argv[2], sys.argv[2:], {})' "$3" ` + quoted(command) + ` 2>&1
echo "[$?]"; cd "$3/out" && find . -type f -perm -444 ! -perm -200 | sort
`)
	if want := "[0]\n./assets/sources/model.bin\n./scripts/start.sh\n"; got != want {
		t.Errorf("it printed %q, want %q", got, want)
	}
}

// A pod is as much of a Kubernetes Pod as the guide has. A field that it does not name is
// an error.
type pod struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Volumes []struct {
			Name                  string
			EmptyDir              map[string]string     `yaml:"emptyDir"`
			ConfigMap             struct{ Name string } `yaml:"configMap"`
			PersistentVolumeClaim struct {
				ClaimName string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
		}
		InitContainers []container `yaml:"initContainers"`
		Containers     []container
	}
}

type container struct {
	Name, Image  string
	Command      []string
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		SubPath   string `yaml:"subPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

// TestInitContainer: the command of the init container, executed with its mounts.
func TestInitContainer(t *testing.T) {
	var p pod
	d := yaml.NewDecoder(strings.NewReader(block(t, "A Kubernetes init container", "yaml")))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	if p.APIVersion != "v1" || p.Kind != "Pod" || p.Metadata.Name == "" || len(p.Spec.InitContainers) != 1 || len(p.Spec.Containers) != 1 {
		t.Fatalf("it is %+v", p)
	}
	volumes := map[string]bool{}
	for _, v := range p.Spec.Volumes {
		volumes[v.Name] = true
	}
	mounts := ""
	for _, c := range append(p.Spec.InitContainers, p.Spec.Containers...) {
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("container %s mounts %q, which is no volume", c.Name, m.Name)
			}
		}
	}
	c := p.Spec.InitContainers[0]
	for _, m := range c.VolumeMounts {
		switch m.Name {
		case "source":
			mounts += "mkdir -p \"$3" + m.MountPath + "\"; mount --bind . \"$3" + m.MountPath + "\"; mount -o remount,ro,bind \"$3" + m.MountPath + "\"\n"
		case "verified":
			mounts += "mkdir -p \"$3" + m.MountPath + "\"; chmod 777 \"$3" + m.MountPath + "\"\n"
		case "trust":
			mounts += "mkdir -p \"$3" + filepath.Dir(m.MountPath) + "\"; cp \"$2\" \"$3" + m.MountPath + "\"; chmod 644 \"$3" + m.MountPath + "\"\n"
			if m.SubPath == "" {
				t.Error("the trust file is mounted without subPath")
			}
		}
	}
	got := deployed(t).elsewhere("mount -t tmpfs none \"$3\"; mkdir -p \"$3/usr/local/bin\"; cp \"$1\" \"$3" + c.Command[0] + "\"\n" + mounts +
		"chroot \"$3\" " + quoted(c.Command) + " 2>&1; echo \"[$?]\"; cat \"$3/verified/model.bin\"")
	if got != "[0]\nweights" {
		t.Errorf("it printed %q", got)
	}
}

// TestUnit: systemd accepts the unit, and its command executes the script.
func TestUnit(t *testing.T) {
	r := deployed(t)
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	unit := strings.NewReplacer("/usr/bin/codexlock run", name+" run --trust "+r.trust, "/srv/app", r.root, "/var/lib/codexlock", dir, "/var/log/codexlock", dir).
		Replace(block(t, "A systemd unit", "ini"))
	m := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatalf("it has no ExecStart:\n%s", unit)
	}
	if got := r.useWith(nil, strings.Fields(m[1])[1:]...); got.code != 0 || got.stdout != "serving\n" || got.stderr != "" {
		t.Errorf("%s: %+v", m[1], got)
	}
	for _, file := range []string{"state", "uses.log"} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze")
	}
	file := filepath.Join(dir, "app.service")
	r.write(file, unit, 0o644)
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
	if strings.Contains(string(out), "app.service") {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

// TestPython: the command of the guide reads the verified bytes by the name that it is given.
func TestPython(t *testing.T) {
	if _, err := exec.LookPath("/usr/bin/python3"); err != nil {
		t.Skip("no Python")
	}
	r := newRepository(t)
	r.attest("model.safetensors", "weights", 0o644)
	r.write(r.name("serve.py"), "import mmap, sys\nwith open(sys.argv[2], 'rb') as f:\n    with mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:\n        print(sys.argv[1], m[:].decode())\ntry:\n    open(sys.argv[2], 'r+b', buffering=0).write(b'x')\n    print('it can be written')\nexcept OSError:\n    pass\n", 0o644)
	m := regexp.MustCompile(`(?m)^\$ codexlock (open .*)$`).FindStringSubmatch(block(t, "Python", "console"))
	if m == nil {
		t.Fatal("the guide has no command")
	}
	words := strings.Fields(strings.ReplaceAll(m[1], " python ", " /usr/bin/python3 "))
	// Root may write it, by this name alone; in sealed memory nobody may.
	want := "--model weights\n"
	if os.Geteuid() == 0 {
		want += "it can be written\n"
	}
	if got := r.use(words...); got.code != 0 || got.stdout != want || got.stderr != "" {
		t.Errorf("%q: %+v", words, got)
	}
	if got := r.use(append([]string{"open"}, words[3:]...)...); got.code != 0 || got.stdout != "--model weights\n" || got.stderr != "" {
		t.Errorf("in memory: %+v", got)
	}
}
