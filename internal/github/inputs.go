package github

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// Inputs are the action's inputs, described in action.yml.
type Inputs struct {
	Token            string
	Scope            string // auto, changed, all
	Config           string
	Policies         []string
	MinimumLevel     string
	FailOnWarn       bool
	CheckName        string
	Annotate         string       // auto, check, commands, none
	Files            []ReportFile // of the report, in the order of action.yml
	LogFile          string
	WorkingDirectory string
}

// A ReportFile is a file that an input asks for, and the format that it gets.
type ReportFile struct{ Format, Name string }

// An InputError is an input with a value that action.yml does not allow.
type InputError struct{ Name, Got, Want string }

func (e *InputError) Error() string {
	return fmt.Sprintf("input %s is %q, want %s", e.Name, e.Got, e.Want)
}

// ReadInputs reads and checks the action's inputs.
func ReadInputs(env func(string) (string, bool)) (Inputs, error) {
	a := githubactions.New(githubactions.WithGetenv(func(name string) string { v, _ := env(name); return v }), githubactions.WithWriter(io.Discard))
	in := Inputs{
		Token: a.GetInput("github-token"), Scope: or(a.GetInput("scope"), "auto"), Config: a.GetInput("config"),
		Policies: strings.Fields(a.GetInput("policies")), MinimumLevel: a.GetInput("minimum-level"),
		CheckName: or(a.GetInput("check-name"), "Codexlock"), Annotate: or(a.GetInput("annotate"), "auto"),
		LogFile: a.GetInput("log-file"), WorkingDirectory: a.GetInput("working-directory"),
	}
	if !oneOf(in.Scope, "auto", "changed", "all") {
		return in, &InputError{"scope", in.Scope, "auto, changed or all"}
	}
	if !oneOf(in.Annotate, "auto", "check", "commands", "none") {
		return in, &InputError{"annotate", in.Annotate, "auto, check, commands or none"}
	}
	if !oneOf(in.MinimumLevel, "", "a-plus", "tier-1") {
		return in, &InputError{"minimum-level", in.MinimumLevel, "a-plus or tier-1"}
	}
	written := or(a.GetInput("fail-on-warn"), "false")
	if !oneOf(written, "true", "false") {
		return in, &InputError{"fail-on-warn", written, "true or false"}
	}
	in.FailOnWarn = written == "true"
	return in, in.readFiles(a.GetInput)
}

// readFiles reads the inputs that name files. No two name one file, of which the second would
// replace the first.
func (in *Inputs) readFiles(input func(string) string) error {
	names := map[string]string{}
	if in.LogFile != "" {
		names[path.Clean(in.LogFile)] = "log-file"
	}
	for _, format := range []string{"sarif", "junit", "html", "json"} {
		name := input(format + "-file")
		if name == "" {
			continue
		}
		if other, taken := names[path.Clean(name)]; taken {
			return &InputError{format + "-file", name, "another file than " + other}
		}
		names[path.Clean(name)] = format + "-file"
		in.Files = append(in.Files, ReportFile{Format: format, Name: name})
	}
	return nil
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func oneOf(s string, allowed ...string) bool {
	for _, a := range allowed {
		if s == a {
			return true
		}
	}
	return false
}

// Mask asks the runner to hide a secret in every later log line. It masks each line of the
// secret, because the runner replaces text line by line.
func Mask(w io.Writer, secret string) error {
	for _, line := range strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "::add-mask::%s\n", strings.ReplaceAll(line, "%", "%25")); err != nil {
			return err
		}
	}
	return nil
}
