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

	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/policies"
)

//go:embed template.rego
var templateRule string

//go:embed template_test.rego
var templateTest string

//go:embed template.md
var templatePage string

// samplePath is where a directory of rules has the facts that its tests change.
const samplePath = "lib/sample/sample_test.rego"

// A NameError is a code that no new rule can have.
type NameError struct{ Code, Reason, Next string }

func (e *NameError) Error() string { return fmt.Sprintf("rule %q: %s", e.Code, e.Reason) }

// Hint is the next step.
func (e *NameError) Hint() string { return e.Next }

// A ThereError is a folder that a rule would be written over.
type ThereError struct{ Path string }

func (e *ThereError) Error() string { return e.Path + " is there already: nothing was written" }

// Hint is the next step.
func (e *ThereError) Hint() string {
	return "give the new rule another name, or edit the one that is there"
}

var (
	codeForm      = lazyregexp.New(`^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$`)
	samplePackage = lazyregexp.New(`(?m)^package (([a-z0-9_.]+\.)?)lib\.sample$`)
)

// reserved are the names that mean something else in Rego or to the gate.
var reserved = []string{"lib", "deny", "warn", "input", "data", "sample", "codexlock"}

// New writes a rule that works, its test and its page into a folder of their own
// below dir, and the sample that the test takes its facts from, where there is none.
// It returns the files that it wrote, by their names in dir. written is how dir was
// written, for the page; known are the codes that are taken.
func New(dir, written, code string, known []string) ([]string, error) {
	area, name, err := named(code, known)
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
		return nil, &ThereError{path.Join(written, folder)}
	}
	files := []string{folder + "/" + name + ".rego", folder + "/" + name + "_test.rego", folder + "/README.md"}
	if addSample {
		text, err := Sample()
		if err != nil {
			return nil, err
		}
		if err := newFolder(filepath.Join(dir, "lib"), "sample", map[string]string{"sample_test.rego": text}); err != nil {
			return nil, err
		}
		files = append(files, samplePath)
	}
	err = newFolder(filepath.Join(dir, area), name, map[string]string{
		name + ".rego": fill.Replace(templateRule), name + "_test.rego": fill.Replace(templateTest), "README.md": fill.Replace(templatePage),
	})
	if errors.Is(err, fs.ErrExist) {
		return nil, &ThereError{path.Join(written, folder)}
	}
	return files, err
}

// named takes a code apart and refuses what cannot be one.
func named(code string, known []string) (area, name string, err error) {
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

// packagePrefix is what the packages of a directory have before a rule's code, and
// whether its sample, which says so, has to be added.
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

// Sample is the standard's sample of facts as an owner's directory has it.
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

// newFolder makes a folder with its files, all or nothing: they are written under
// another name, which then becomes this one. A folder that is there stays as it is.
func newFolder(parent, name string, files map[string]string) error {
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	target := filepath.Join(parent, name)
	if _, err := os.Lstat(target); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(temporary, file), []byte(text), 0o666); err != nil {
			return err
		}
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	return os.Rename(temporary, target)
}

// Codes are the codes of some rules.
func Codes(rules []policy.Rule) []string {
	codes := make([]string, len(rules))
	for i, r := range rules {
		codes[i] = r.Code
	}
	return codes
}
