package attest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// TestKillHelper is no test: it is what TestKilledAnywhere kills.
func TestKillHelper(t *testing.T) {
	txntest.KillHelper(t, func(at txntest.Place, what string) error {
		p := place{at}
		var err error
		switch what {
		case "attest":
			_, err = p.attest(options(t), "a/x", "y")
		case "mv":
			_, err = p.relocate(Relocation{
				Renames: []Rename{{"dir/x", "new/x"}, {"dir/y", "new/y"}}, Others: []Rename{{"dir/notes", "new/notes"}}, Folders: []string{"dir"},
			})
		case "rm":
			_, err = p.relocate(Relocation{Removes: []artifact.Path{"dir/x", "dir/y"}, Folders: []string{"dir"}})
		case "migrate":
			_, err = p.migrate()
		case "edit":
			_, err = p.attestEdit("y", "y, edited")
		default:
			err = p.intake(what)
		}
		return err
	})
}

// earlierPlace has artifacts and a configuration in the forms of an earlier release.
func earlierPlace(t testing.TB) place {
	p := newPlace(t, map[string]string{"x": "x", "dir/y": "y", "codexlock.yaml": "version: 1\n", artifacttest.IngestPath.String(): "#!/bin/sh\n"})
	p.mustAttest(options(t), "x", "dir/y")
	return p
}

// migrate writes what codexlock migrate does: the current forms and other files, in one commit.
func (p place) migrate() (Result, error) {
	files := []txn.File{
		{Path: "codexlock.yaml", Mode: 0o644, Data: []byte("version: 1\nrecords: 2\nrenewals: ref\n")},
		{Path: artifacttest.IngestPath, Mode: 0o755, Data: artifacttest.Ingest},
	}
	o := options(p.T)
	o.Now, o.Renewal, o.SignCompanions, o.CurrentTest = noon.Add(time.Hour), true, true, true
	return AttestWith(context.Background(), p.Root, p.Git, files, []artifact.Path{"x", "dir/y"}, func(artifact.Path) (Options, error) { return o, nil })
}

// TestMigrated: the migration that is killed elsewhere writes the current forms.
func TestMigrated(t *testing.T) {
	p := earlierPlace(t)
	if done, err := p.migrate(); err != nil || len(done.Attested) != 2 {
		t.Fatal(done, err)
	}
	record, _, err := vaulttime.DecodeRecord(p.Read("dir/y.vaulttime.json"))
	if err != nil || record.ManifestSHA256 == nil || !record.AttestedAt.Equal(noon) {
		t.Errorf("the record is %+v, %v", record, err)
	}
	if !artifacttest.Delegates(p.Read("x.test"), "x.test", "x") || !strings.Contains(string(p.Read("codexlock.yaml")), "records: 2") {
		t.Error("a test or the configuration is as it was")
	}
}

// attestEdit edits an artifact that is attested, and attests it.
func (p place) attestEdit(before, after string) (Result, error) {
	edits := []Edit{{artifact.HashBytes([]byte(before)), txn.File{Path: "dir/y", Mode: 0o644, Data: []byte(after)}}}
	o := options(p.T)
	o.Now = noon.Add(time.Hour)
	return AttestEdited(context.Background(), p.Root, p.Git, edits, []artifact.Path{"dir/y"}, func(artifact.Path) (Options, error) { return o, nil })
}

// TestEdited: an edit and its attestation are one change. A file that is not as it was verified
// stays.
func TestEdited(t *testing.T) {
	p := earlierPlace(t)
	before := p.State()
	var refused *RefusedError
	if _, err := p.attestEdit("another text", "y, edited"); !errors.As(err, &refused) || txntest.Difference(p.State(), before) != "" {
		t.Fatalf("got %v\n%s", err, txntest.Difference(p.State(), before))
	}
	done, err := p.attestEdit("y", "y, edited")
	if err != nil || len(done.Attested) != 1 || done.Attested[0].SHA256 != artifact.HashBytes([]byte("y, edited")) || string(p.Read("dir/y")) != "y, edited" {
		t.Fatal(done, err)
	}
	l, err := ReadLedger(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := l.Lookup("dir/y"); !ok || l.Artifacts[i].SHA256 != done.Attested[0].SHA256 {
		t.Error("the ledger has the earlier digest")
	}
}

func oldPlace(t testing.TB) place {
	p := newPlace(t, map[string]string{"a/x": "x", "y": "y", "z": "z", "in/\xff\n": "no UTF-8", "in/\xfe": "nor this", "in/new": "new", "in/run": "run"})
	p.mustAttest(options(t), "z")
	p.Write("y.manifest.json", "{}")
	return p
}

// TestKilledAnywhere kills a writer before every step that changes the file
// system. Recovery then has to leave the old tree or the new one, to the byte.
func TestKilledAnywhere(t *testing.T) {
	for what, make := range map[string]func(testing.TB) place{"attest": oldPlace, "mv": familyPlace, "rm": familyPlace, "ingest": incomingPlace, "quarantine": incomingPlace, "release": incomingPlace, "migrate": earlierPlace, "edit": earlierPlace} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			txntest.KilledAnywhere(t, what, func(t testing.TB) txntest.Place { return make(t).Place })
		})
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write in a read-only folder; TestFaultAnywhere has EROFS at every step")
	}
	p := oldPlace(t)
	before := p.State()
	if err := os.Chmod(p.Root+"/a", 0o555); err != nil {
		t.Fatal(err)
	}
	_, err := p.attest(options(t), "y", "a/x")
	if chmodErr := os.Chmod(p.Root+"/a", 0o755); chmodErr != nil {
		t.Fatal(chmodErr)
	}
	if !errors.Is(err, fs.ErrPermission) || txntest.Difference(p.State(), before) != "" {
		t.Errorf("got %v\n%s", err, txntest.Difference(p.State(), before))
	}
}

// TestSwappedForALink replaces a folder by a link between the check and the
// write, which has to be refused and not followed (B4, B13).
func TestSwappedForALink(t *testing.T) {
	p, outside := oldPlace(t), t.TempDir()
	swapped := false
	txn.Hooks.Step = func(op, name string) error {
		if op == "create" && strings.HasPrefix(name, "a/") && !swapped {
			swapped = true
			if err := os.Rename(p.Root+"/a", p.Root+"/was"); err != nil {
				t.Error(err)
			}
			if err := os.Symlink(outside, p.Root+"/a"); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	defer txntest.Calm()
	_, err := p.attest(options(t), "a/x")
	var refused *RefusedError
	if !swapped || !errors.As(err, &refused) {
		t.Errorf("got %v, swapped %v", err, swapped)
	}
	left, readErr := os.ReadDir(outside)
	if readErr != nil || len(left) != 0 {
		t.Errorf("written through the link: %v, %v", left, readErr)
	}
}
