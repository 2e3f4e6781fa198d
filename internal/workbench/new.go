package workbench

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/policies"
)

//go:embed template.rego
var templateRule string

//go:embed template_test.rego
var templateTest string

//go:embed template.md
var templatePage string

// samplePath is the path, in a directory of rules, of the facts that its tests change.
const samplePath = "lib/sample/sample_test.rego"

// A NameError is an invalid code for a new rule.
type NameError struct{ Code, Reason, Next string }

func (e *NameError) Error() string { return fmt.Sprintf("rule %q: %s", e.Code, e.Reason) }

// Hint is the next step.
func (e *NameError) Hint() string { return e.Next }

// Usage says that the user corrects it.
func (e *NameError) Usage() bool { return true }

// An ExistsError is a folder that exists already and that a new rule would overwrite.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return e.Path + " exists already: nothing was written" }

// Usage says that the user corrects it.
func (e *ExistsError) Usage() bool { return true }

// Hint is the next step.
func (e *ExistsError) Hint() string {
	return "give the new rule another name, or edit the existing one"
}

var (
	codeForm      = lazyregexp.New(`^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$`)
	samplePackage = lazyregexp.New(`(?m)^package (([a-z0-9_.]+\.)?)lib\.sample$`)
)

// reserved are names with another meaning in Rego or for the gate.
var reserved = []string{"lib", "deny", "warn", "input", "data", "sample", "codexlock"}

// New writes a working rule, its test and its page to a new folder below dir, and the
// sample with the facts of the test, if dir has none. It returns the written files, by
// their paths in dir. written is the user's spelling of dir, for the page; known are the
// existing codes. Its error can be a *NameError or an *ExistsError.
func New(dir, written, code string, known []string) ([]string, error) {
	area, name, err := splitCode(code, known)
	if err != nil {
		return nil, err
	}
	prefix, addSample, err := packagePrefix(dir)
	if err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("@CODE@", code, "@PACKAGE@", prefix+code, "@RULE@", name, "@SAMPLE@", prefix+"lib.sample", "@DIR@", written)
	folder := area + "/" + name
	if _, err := os.Lstat(filepath.Join(dir, area, name)); err == nil {
		return nil, &ExistsError{path.Join(written, folder)}
	}
	files := []string{folder + "/" + name + ".rego", folder + "/" + name + "_test.rego", folder + "/README.md"}
	if addSample {
		text, err := Sample()
		if err != nil {
			return nil, err
		}
		if err := txn.NewFolder(filepath.Join(dir, "lib", "sample"), map[string]string{"sample_test.rego": text}); err != nil {
			return nil, err
		}
		files = append(files, samplePath)
	}
	err = txn.NewFolder(filepath.Join(dir, area, name), map[string]string{
		name + ".rego": fill.Replace(templateRule), name + "_test.rego": fill.Replace(templateTest), "README.md": fill.Replace(templatePage),
	})
	if errors.Is(err, fs.ErrExist) {
		return nil, &ExistsError{path.Join(written, folder)}
	}
	return files, err
}

// splitCode splits a code into area and name, and refuses invalid ones.
func splitCode(code string, known []string) (area, name string, err error) {
	m := codeForm.FindStringSubmatch(code)
	refuse := func(next, format string, args ...any) (string, string, error) {
		return "", "", &NameError{Code: code, Reason: fmt.Sprintf(format, args...), Next: next}
	}
	if m == nil {
		return refuse("for instance acme.size: lower-case letters, digits and _", "want AREA.RULE")
	}
	for _, part := range m[1:] {
		if _, builtin := ast.BuiltinMap[part]; builtin || ast.IsKeyword(part) || slices.Contains(reserved, part) || strings.HasSuffix(part, "_test") {
			return refuse("give it another name", "%q means something else to Rego or to the gate", part)
		}
	}
	if slices.Contains(known, code) {
		return refuse("choose an area of your own; to put a rule of yours in place of the standard's, give it the package codexlock."+code,
			"there is one of this name")
	}
	return m[1], m[2], nil
}

// packagePrefix returns the prefix of the packages of a directory, and whether the sample,
// from which the prefix is read, must be added.
func packagePrefix(dir string) (prefix string, addSample bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(samplePath)))
	if errors.Is(err, fs.ErrNotExist) {
		return "", true, nil
	}
	if err != nil {
		return "", false, err
	}
	m := samplePackage.FindSubmatch(text)
	if m == nil {
		return "", false, fmt.Errorf("%s: want a package whose name ends in lib.sample", path.Join(filepath.ToSlash(dir), samplePath))
	}
	return string(m[1]), false, nil
}

// Sample returns the standard's sample of facts for an owner's directory.
func Sample() (string, error) {
	text, err := policies.FS.ReadFile(samplePath)
	if err != nil {
		return "", fmt.Errorf("read the embedded sample: %w", err)
	}
	const from, to = "package codexlock.lib.sample\n", "package lib.sample\n"
	if !strings.Contains(string(text), from) {
		return "", errors.New("the embedded sample is not package codexlock.lib.sample")
	}
	return strings.Replace(string(text), from, to, 1), nil
}

// Codes returns the codes of rules.
func Codes(rules []decision.Rule) []string {
	codes := make([]string, len(rules))
	for i, r := range rules {
		codes[i] = r.Code
	}
	return codes
}
