// Package editors_test starts what editors start, and looks at what they get.
package editors_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// regalRule is the rule for Regal that knows the facts.
const regalRule = "regal/unknown_fact.rego"

// misspelt is a rule with facts that do not exist: a name, one in a list, one of a text, one of
// the whole, and some that object.get asks for. The rest of it is as it should be.
const misspelt = `# METADATA
# scope: package
# title: An artifact is made by somebody
# description: The manifest names a creator.
# schemas:
#   - input: schema.facts
# custom:
#   requirement: ACME-1
#   severity: deny
#   fix: name the creator
package acme.creator

deny contains "nobody made it" if not _made

_made if input.manifest.creater != ""

_made if input.manifest.inputs[0].pth == "x"

_made if input.artifact.path.name == "x"

_made if {
	some i
	input.manifest.inputs[i].path == input["manifest"].creator
	input.checks[concat("", ["led", "ger"])] == "yes"
}

_made if input.wrong

_made if input.repository.uses[0].nothing

_made if object.get(input, ["manifest", "inputs", 0, "pth"], "") == object.get(input, ["manifest", "inputs", 0, "path"], "")

_made if object.get(input.manifest, "creater", "") == object.get(input.manifest, "creator", "")

_made if object.get(input, ["checks", concat("", ["led", "ger"])], "") == "yes"
`

// wrongFacts are the lines of misspelt with a fact that does not exist.
var wrongFacts = []string{"15", "17", "19", "27", "29", "31", "33"}

// regal returns the program that make setup builds.
func regal(t *testing.T) string {
	t.Helper()
	program, err := filepath.Abs("../build/bin/regal")
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		t.Skip("build/bin/regal is missing: make setup")
	}
	return program
}

// ownersRepository is a repository whose owner has the rule for Regal, and a misspelt rule.
func ownersRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	rule, err := os.ReadFile(regalRule)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		".regal/rules/unknown_fact.rego":     string(rule),
		".regal/config.yaml":                 "rules: {default: {level: ignore}, codexlock: {unknown-fact: {level: error}}}\n",
		"policies/acme/creator/creator.rego": misspelt,
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRegalFindsUnknownFacts: regal lint finds each fact that does not exist, and nothing in the
// rules of the standard, which read all of them.
func TestRegalFindsUnknownFacts(t *testing.T) {
	program := regal(t)
	run := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, append([]string{"lint", "--format", "json", "--disable-all", "--enable", "unknown-fact"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "REGAL_DISABLE_VERSION_CHECK=1")
		var out, problems bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &problems
		err := cmd.Run()
		if problems.Len() > 0 {
			t.Fatalf("regal lint: %v\n%s", err, &problems)
		}
		var report struct {
			Violations []struct {
				Title    string
				Location struct{ Row int }
			}
			Summary struct {
				Files int `json:"files_scanned"`
			}
		}
		if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Summary.Files == 0 {
			t.Fatalf("regal lint: %v\n%s", err, &out)
		}
		var rows []string
		for _, v := range report.Violations {
			if v.Title != "unknown-fact" {
				t.Errorf("want only unknown-fact, got %s", v.Title)
			}
			rows = append(rows, fmt.Sprint(v.Location.Row))
		}
		slices.Sort(rows)
		return strings.Join(rows, " ")
	}
	if got, want := run(ownersRepository(t), "policies"), strings.Join(wrongFacts, " "); got != want {
		t.Errorf("facts that do not exist are found in the lines %q, want %q", got, want)
	}
	if got := run("..", "--rules", "editors/"+regalRule, "policies"); got != "" {
		t.Errorf("found in the rules of the standard, in the lines %s", got)
	}
}

// A message is one of the language server protocol: a request, a notification or a response.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
}

func send(t *testing.T, to io.Writer, m message) {
	t.Helper()
	m.Version = "2.0"
	body, err := json.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintf(to, "Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// diagnostics are the parameters of textDocument/publishDiagnostics.
type diagnostics struct {
	URI         string
	Diagnostics []struct {
		Code  string
		Range struct {
			Start struct{ Line int }
		}
	}
}

// receive reads what a language server sends, and passes on the diagnostics of files.
func receive(from io.Reader, found chan<- diagnostics, requests chan<- json.RawMessage) {
	defer close(found)
	in := bufio.NewReader(from)
	for {
		header, err := textproto.NewReader(in).ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		var m struct {
			ID     json.RawMessage
			Method string
			Params json.RawMessage
		}
		if json.Unmarshal(body, &m) != nil {
			return
		}
		var d diagnostics
		switch {
		case m.Method == "textDocument/publishDiagnostics" && json.Unmarshal(m.Params, &d) == nil:
			found <- d
		case m.Method != "" && m.ID != nil:
			requests <- m.ID
		}
	}
}

// TestEditorMarksUnknownFacts: Regal's language server, which editors start, marks each fact that
// does not exist when the file is opened.
func TestEditorMarksUnknownFacts(t *testing.T) {
	dir := ownersRepository(t)
	cmd := exec.CommandContext(t.Context(), regal(t), "language-server")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "REGAL_DISABLE_VERSION_CHECK=1")
	to, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	found, requests := make(chan diagnostics, 100), make(chan json.RawMessage, 100)
	go receive(from, found, requests)

	root := "file://" + dir
	file := root + "/policies/acme/creator/creator.rego"
	send(t, to, message{ID: json.RawMessage("1"), Method: "initialize", Params: map[string]any{
		"processId": os.Getpid(), "rootUri": root, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "test"},
		"workspaceFolders": []any{map[string]any{"uri": root, "name": "owner"}},
	}})
	send(t, to, message{Method: "initialized", Params: map[string]any{}})
	send(t, to, message{Method: "textDocument/didOpen", Params: map[string]any{"textDocument": map[string]any{"uri": file, "languageId": "rego", "version": 1, "text": misspelt}}})
	last := "nothing"
	for late := time.After(time.Minute); ; {
		select {
		case <-late:
			t.Fatalf("the lines marked are %s, want %s", last, strings.Join(wrongFacts, " "))
		case id := <-requests:
			send(t, to, message{ID: id, Result: map[string]any{}})
		case d, open := <-found:
			if !open {
				t.Fatal("the language server ended")
			}
			var rows []string
			for _, one := range d.Diagnostics {
				if one.Code == "unknown-fact" {
					rows = append(rows, fmt.Sprint(one.Range.Start.Line+1))
				}
			}
			slices.Sort(rows)
			if last = strings.Join(rows, " "); d.URI == file && last == strings.Join(wrongFacts, " ") {
				return
			}
		}
	}
}
