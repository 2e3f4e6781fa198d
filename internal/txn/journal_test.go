package txn_test

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

// journalFile is the file of a journal, as a commit writes it.
func journalFile(t testing.TB, j txn.Journal) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/"+txn.StateDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := txn.WriteJournal(dir, j); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/" + txn.JournalTemp)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestJournalIsJSON holds the file that is written piece by piece to the one that
// json.Marshal writes, which earlier releases read, and reads it back.
func TestJournalIsJSON(t *testing.T) {
	whole := everything()
	for name, j := range map[string]txn.Journal{
		"empty": {Version: 1},
		"files": {Version: 1, Files: []txn.File{{Path: "a<b>&'\"/\u00e9", Mode: 0o755, Data: []byte("\x00\xff<&>")}, {Path: "empty", Mode: 0o400, Data: []byte{}}}},
		"all":   {Version: 1, Files: whole.Files, Moves: whole.Moves, Removes: whole.Removes, Folders: []string{"n", "n/e"}},
	} {
		j.Files = append([]txn.File{}, j.Files...)
		body, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(txn.CheckedJournal{artifact.HashBytes(body), body})
		if err != nil {
			t.Fatal(err)
		}
		got := journalFile(t, j)
		if got != string(want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
		if read, err := txn.DecodeJournal([]byte(got)); name != "empty" && (err != nil || !reflect.DeepEqual(read, j)) {
			t.Errorf("%s: read back as %+v, %v", name, read, err)
		}
	}
}

// TestJournals reads what may stand in the Git directory.
func TestJournals(t *testing.T) {
	seal := func(j txn.Journal) string { return journalFile(t, j) }
	whole := seal(txn.Journal{Version: 1, Files: []txn.File{{Path: "new", Mode: 0o644, Data: []byte("1")}}})
	for name, text := range map[string]string{
		"torn": whole[:len(whole)/2], "empty": "", "changed": strings.Replace(whole, "new", "old", 1), "more": whole + "{}", "unknown": `{"a":1}`,
		"version": seal(txn.Journal{Version: 2}), "outside": seal(txn.Journal{Version: 1, Files: []txn.File{{Path: "../x", Mode: 0o644, Data: nil}}}),
		"hook": seal(txn.Journal{Version: 1, Files: []txn.File{{Path: ".git/hooks/x", Mode: 0o755, Data: nil}}}), "folder outside": seal(txn.Journal{Version: 1, Folders: []string{"../x"}}),
	} {
		p := oldPlace(t)
		before := p.State()
		// Undecided: nothing happens but that it goes.
		p.Write(".git/codexlock/journal.json.tmp", text)
		if n, err := txn.Recover(p.Root, p.Git); n != 0 || err != nil || txn.Pending(p.Git) || txntest.Difference(p.State(), before) != "" {
			t.Errorf("%s, undecided: %d, %v\n%s", name, n, err, txntest.Difference(p.State(), before))
		}
		// Decided: it should be whole, so that anything else is refused.
		p.Write(".git/codexlock/journal.json", text)
		before = p.State()
		if n, err := txn.Recover(p.Root, p.Git); n != 0 || err == nil || !txn.Pending(p.Git) || txntest.Difference(p.State(), before) != "" {
			t.Errorf("%s, decided: %d, %v\n%s", name, n, err, txntest.Difference(p.State(), before))
		}
		if err := txn.Commit(context.Background(), p.Root, p.Git, newFolders); err == nil {
			t.Errorf("%s: committed in spite of it", name)
		}
	}
	p := oldPlace(t)
	p.Write(".git/codexlock/journal.json", whole)
	if n, err := txn.Recover(p.Root, p.Git); n != 1 || err != nil || string(p.Read("new")) != "1" {
		t.Errorf("a whole journal: %d, %v", n, err)
	}
	if n, err := txn.Recover(p.Root, p.Root+"/none"); n != 0 || err != nil || txn.Pending(p.Root+"/none") {
		t.Errorf("no Git directory: %d, %v", n, err)
	}
}
