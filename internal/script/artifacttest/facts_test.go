package artifacttest

import (
	"reflect"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script"
)

// TestOursPass: the script that attest writes holds what the standard asks.
func TestOursPass(t *testing.T) {
	f := Ours(Long)
	want := facts.Script{
		State: "parsed", Shebang: "bash", FirstLine: "#!/usr/bin/env bash", FirstCommand: 5, StrictMode: "first", POSIX: "yes", Usage: "handled",
		Config: []facts.Use{}, Privileges: []facts.Use{}, Repeats: []facts.Use{}, References: []facts.Use{}, Network: []facts.Access{}, Opaque: []facts.Use{},
		Hashes: "yes", Signs: "yes", Behaves: "yes", ShellCheck: facts.ShellCheck{State: "ours", Findings: []facts.ShellCheckComment{}},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("got %+v", f)
	}
	// What a short test leaves out, ingest_archive.test.sh does.
	want.Hashes, want.Signs, want.FirstCommand = "no", "no", 4
	if f := Ours(Short); !reflect.DeepEqual(f, want) {
		t.Errorf("short: got %+v", f)
	}
	if f := script.Parse(Ingest); f.Hashes != "yes" || f.Signs != "yes" || f.Behaves != "yes" {
		t.Errorf("%s: got %+v", IngestPath, f)
	}
}
