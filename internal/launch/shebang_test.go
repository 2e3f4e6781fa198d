package launch_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/launch"
)

func TestParseShebang(t *testing.T) {
	for line, want := range map[string]launch.Shebang{
		"#!/bin/sh":                        {Path: "/bin/sh", Name: "sh"},
		"#!/bin/sh\n":                      {Path: "/bin/sh", Name: "sh"},
		"#! /bin/sh -eu \t\n":              {Path: "/bin/sh", Name: "sh", Args: []string{"-eu"}},
		"#!/usr/bin/awk -f -v x\n":         {Path: "/usr/bin/awk", Name: "awk", Args: []string{"-f -v x"}}, // one argument, as the kernel
		"#!/usr/bin/env bash\n":            {Name: "bash"},
		"#!/usr/bin/env\tpython3\n":        {Name: "python3"},
		"#!/usr/bin/env -S node --trace\n": {Name: "node", Args: []string{"--trace"}},
		"#!/usr/bin/env /opt/x/python\n":   {Path: "/opt/x/python", Name: "python"},
		"#!/usr//bin/../bin/perl\n":        {Path: "/usr/bin/perl", Name: "perl"},
	} {
		got, ok, err := launch.ParseShebang([]byte(line))
		if len(got.Args) == 0 {
			got.Args = nil
		}
		if !ok || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %+v, %v, %v, want %+v", line, got, ok, err, want)
		}
	}
	for line, reason := range map[string]string{
		"#!\n":                                   "names no interpreter",
		"#!   \n":                                "names no interpreter",
		"#!bash\n":                               "absolute path",
		"#!../bash\n":                            "absolute path",
		"#!/bin/bash\r\n":                        "control character",
		"#!/bin/ba\x00sh\n":                      "control character",
		"#!/usr/bin/env\n":                       "no interpreter after env",
		"#!/usr/bin/env bash -e\n":               "several words",
		"#!/usr/bin/env -i bash\n":               `"-i bash"`,
		"#!/usr/bin/env -S\n":                    "no interpreter after env",
		"#!/usr/bin/env -S LD_PRELOAD=/x bash\n": "LD_PRELOAD",
		"#!/usr/bin/env -S bash -c 'evil'\n":     "quotes",
		"#!/usr/bin/env -S ${X}\n":               "variables",
		"#!/usr/bin/env ./bash\n":                "absolute path",
		"#!/usr/bin/env A=b\n":                   `"A=b"`,
		"#!/" + strings.Repeat("x", 255) + "\n":  "255 bytes",
		"#!/" + strings.Repeat("x", 400):         "255 bytes",
	} {
		_, ok, err := launch.ParseShebang([]byte(line))
		var bad *launch.ShebangError
		if !ok || !errors.As(err, &bad) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q gives %v, %v, want an error that says %q", line, ok, err, reason)
		}
	}
	for _, text := range []string{"", "#", "echo x\n", " #!/bin/sh\n", "\x7fELF"} {
		if _, ok, err := launch.ParseShebang([]byte(text)); ok || err != nil {
			t.Errorf("%q is a script: %v, %v", text, ok, err)
		}
	}
}

// FuzzParseShebang: whatever the first line is, an interpreter that is found is an absolute
// path or one name, and no variable of the environment is set for it.
func FuzzParseShebang(f *testing.F) {
	for _, seed := range []string{"#!/bin/sh -e\n", "#!/usr/bin/env -S a b\n", "#!/usr/bin/env bash", "#! \t/x\n", "#!/usr/bin/env -S a='b' c\n", "#!/\x00\n", "\x7fELF"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		s, ok, err := launch.ParseShebang(head)
		if !ok || err != nil {
			return
		}
		if s.Name == "" || strings.ContainsAny(s.Name, "/ \t") || s.Path == "" && strings.Contains(s.Name, "=") || s.Path != "" && !strings.HasPrefix(s.Path, "/") || s.Path == "" && strings.HasPrefix(s.Name, "-") {
			t.Errorf("%q is %+v", head, s)
		}
		for _, arg := range append([]string{s.Path}, s.Args...) {
			if strings.ContainsAny(arg, "\x00\n\r") {
				t.Errorf("%q has the argument %q", head, arg)
			}
		}
	})
}

func TestEnviron(t *testing.T) {
	isKey := func(name string) bool { return strings.HasPrefix(name, "VAULTTIME_KEY") }
	inside := func(dir string) bool { return dir == "/repo" || strings.HasPrefix(dir, "/repo/") }
	variables := []string{
		"HOME=/root", "VAULTTIME_KEY=secret", "VAULTTIME_KEY_PROD=secret", "LD_PRELOAD=/x.so", "BASH_ENV=/x", "ENV=/x", "BASH_FUNC_ls%%=() { evil; }",
		"PYTHONPATH=/x", "PYTHONSTARTUP=/x", "PERL5OPT=-Mx", "NODE_OPTIONS=-r /x", "GIT_SSH_COMMAND=x", "RUBYOPT=-rx", "PS4=$(x)", "LANG=C", "=odd", "odd",
		"PATH=/usr/bin::.:bin:/repo/bin:/repo:/bin", "GITHUB_TOKEN=kept", "JAVA_TOOL_OPTIONS=-javaagent:x",
	}
	want := []string{"HOME=/root", "LANG=C", "PATH=/usr/bin:/bin", "GITHUB_TOKEN=kept"}
	if got := launch.Environ(variables, isKey, inside, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	kept := launch.Environ(variables, isKey, inside, []string{"PYTHONPATH", "VAULTTIME_KEY", "PATH"})
	if got := strings.Join(kept, " "); !strings.Contains(got, "PYTHONPATH=/x") || strings.Contains(got, "secret") || !strings.Contains(got, "PATH=/usr/bin::.") {
		t.Errorf("with --keep-env it is %q", got)
	}
}
