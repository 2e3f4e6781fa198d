package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// signed is a log of n lines and its checkpoint.
func signed(t testing.TB, n int) (log, point []byte) {
	t.Helper()
	root := fresh(t, n)
	var err error
	if log, err = os.ReadFile(filepath.Join(root, Path.String())); err != nil {
		t.Fatal(err)
	}
	if point, err = os.ReadFile(filepath.Join(root, CheckpointPath.String())); err != nil {
		t.Fatal(err)
	}
	return log, point
}

func about(name string) func(Entry) bool {
	return func(e Entry) bool { return e.Artifact == name }
}

// TestProofByXModAlone proves each line of logs of several sizes, and checks the
// file that comes out with x/mod and a public key, and with nothing of ours.
func TestProofByXModAlone(t *testing.T) {
	checked := 0
	for _, size := range []int{1, 2, 3, 7, 8, 20} {
		log, point := signed(t, size)
		for n := range size {
			p, err := Prove(bytes.NewReader(log), point, about(fmt.Sprintf("assets/sources/%d", n)))
			if err != nil {
				t.Fatal(err)
			}
			file, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := byXMod(file); err != nil {
				t.Errorf("line %d of %d: %v", n, size, err)
			}
			decoded, err := DecodeProof(file)
			if err != nil {
				t.Fatal(err)
			}
			proven, err := decoded.Check(public)
			if err != nil || proven.Entry.Artifact != fmt.Sprintf("assets/sources/%d", n) || proven.Checkpoint.Signature != Valid {
				t.Errorf("line %d of %d: %+v, %v", n, size, proven, err)
			}
			checked++
		}
	}
	if checked != 41 {
		t.Errorf("%d proofs checked", checked)
	}
}

// byXMod checks a proof as a stranger would, from what docs/guides/audit.md says.
func byXMod(file []byte) error {
	var p struct {
		Entry      string
		Index      int64
		Hashes     []tlog.Hash
		Checkpoint string
	}
	if err := json.Unmarshal(file, &p); err != nil {
		return err
	}
	text, err := note.NewEd25519VerifierKey("codexlock/"+id, testKey.Public().(ed25519.PublicKey))
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(p.Checkpoint), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	var size int64
	if _, err := fmt.Sscan(lines[1], &size); err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	return tlog.CheckRecord(p.Hashes, size, root, p.Index, tlog.RecordHash([]byte(p.Entry)))
}

func TestProofsThatProveNothing(t *testing.T) {
	log, point := signed(t, 20)
	good, err := Prove(bytes.NewReader(log), point, about("assets/sources/5"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Prove(bytes.NewReader(log), point, about("assets/sources/6"))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Proof){
		"another entry":    func(p *Proof) { p.Entry = other.Entry },
		"an edited entry":  func(p *Proof) { p.Entry = strings.Replace(p.Entry, Pass, Fail, 1) },
		"another place":    func(p *Proof) { p.Index = 6 },
		"beyond the end":   func(p *Proof) { p.Index = 20 },
		"a hash less":      func(p *Proof) { p.Hashes = p.Hashes[1:] },
		"a hash more":      func(p *Proof) { p.Hashes = append([]string{p.Hashes[0]}, p.Hashes...) },
		"hashes in order":  func(p *Proof) { p.Hashes = append(p.Hashes[1:len(p.Hashes):len(p.Hashes)], p.Hashes[0]) },
		"no hash":          func(p *Proof) { p.Hashes[0] = "AAAA" },
		"another root":     func(p *Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n20\n", "\n21\n", 1) },
		"no checkpoint":    func(p *Proof) { p.Checkpoint = "x" },
		"no line of a log": func(p *Proof) { p.Entry = "{}" },
	} {
		bad := good
		bad.Hashes = append([]string(nil), good.Hashes...)
		change(&bad)
		if proven, err := bad.Check(public); err == nil {
			t.Errorf("%s proves %+v", name, proven)
		}
	}
	stranger := func(string) (ed25519.PublicKey, bool) { return nil, false }
	if proven, err := good.Check(stranger); err != nil || proven.Checkpoint.Signature != NoKey {
		t.Errorf("without a key: %+v, %v", proven, err)
	}
	if _, err := Prove(bytes.NewReader(log), point, about("nothing")); err != ErrNoEntry {
		t.Errorf("no such entry: %v", err)
	}
}

// TestVerifySeesEveryMutation flips every byte of a log of 20 entries, and
// removes, repeats and swaps every line, against its signed checkpoint.
func TestVerifySeesEveryMutation(t *testing.T) {
	log, point := signed(t, 20)
	faults := func(log, point []byte, anchors ...Anchor) []Problem {
		t.Helper()
		v, err := Verify(bytes.NewReader(log), point, true, anchors, public)
		if err != nil {
			t.Fatal(err)
		}
		return v.Problems
	}
	if found := faults(log, point); len(found) > 0 {
		t.Fatalf("%+v", found)
	}
	seen := 0
	expect := func(what string, log, point []byte) {
		t.Helper()
		if seen++; len(faults(log, point)) == 0 {
			t.Errorf("%s is not seen", what)
		}
	}
	for i := range log {
		mutant := bytes.Clone(log)
		mutant[i] ^= 1 << (i % 8)
		expect(fmt.Sprintf("byte %d of the log flipped", i), mutant, point)
	}
	for i := range point[:bytes.LastIndexByte(point[:len(point)-1], '\n')] { // what is signed
		mutant := bytes.Clone(point)
		mutant[i] ^= 1 << (i % 8)
		v, err := Verify(bytes.NewReader(log), mutant, true, nil, public)
		if seen++; err != nil || len(v.Problems) == 0 && len(v.Unchecked) == 0 {
			t.Errorf("byte %d of the checkpoint flipped is not seen: %v", i, err)
		}
	}
	lines := bytes.SplitAfter(log, []byte("\n"))[:20]
	for i := range lines {
		expect(fmt.Sprintf("line %d removed", i), bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil), point)
		expect(fmt.Sprintf("line %d repeated", i), bytes.Join(append(append([][]byte{}, lines[:i+1]...), lines[i:]...), nil), point)
		for j := range i {
			swapped := append([][]byte{}, lines...)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			expect(fmt.Sprintf("lines %d and %d swapped", i, j), bytes.Join(swapped, nil), point)
		}
	}
	if seen < len(log)+200 {
		t.Errorf("%d mutants are too few to mean anything", seen)
	}
}

// TestAnchors: what log and checkpoint together hide, an earlier or later
// checkpoint shows.
func TestAnchors(t *testing.T) {
	log, point := signed(t, 20)
	short, shortPoint := signed(t, 7)
	if !bytes.HasPrefix(log, short) {
		t.Fatal("the two logs have nothing in common")
	}
	forked := bytes.Replace(short, []byte(Pass), []byte(Fail), 1)
	forkedLog, err := Walk(bytes.NewReader(forked), nil)
	if err != nil {
		t.Fatal(err)
	}
	fork, err := writer("").Signer.checkpoint(forkedLog.tail)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		log, point []byte
		anchor     Anchor
		want       string // "" for none
	}{
		"it grew":           {log, point, Anchor{Name: "kept", Text: shortPoint}, ""},
		"it is the same":    {log, point, Anchor{Name: "kept", Text: point}, ""},
		"it was cut off":    {short, shortPoint, Anchor{Name: "kept", Text: point}, "was cut off: kept is of a log of 20 lines, this one has 7"},
		"another history":   {log, point, Anchor{Name: "kept", Text: fork}, "was rewritten: the root of its first 7 lines is"},
		"a forged anchor":   {log, point, Anchor{Name: "kept", Text: bytes.Replace(shortPoint, []byte("\n7\n"), []byte("\n6\n"), 1)}, "its signature does not hold"},
		"no anchor":         {log, point, Anchor{Name: "kept", Text: []byte("x")}, "is no signed note"},
		"of an empty log":   {log, point, Anchor{Name: "kept", Text: sign(t, testKey, SignerPrefix+id, "codexlock/log/\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")}, ""},
		"of an empty other": {log, point, Anchor{Name: "kept", Text: sign(t, testKey, SignerPrefix+id, "codexlock/log/\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")}, "was rewritten"},
	} {
		v, err := Verify(bytes.NewReader(test.log), test.point, true, []Anchor{test.anchor}, public)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want == "" && (len(v.Problems) > 0 || len(v.Extends) != 1):
			t.Errorf("%s: %+v", name, v)
		case test.want != "" && (len(v.Problems) != 1 || !strings.Contains(v.Problems[0].Message, test.want)):
			t.Errorf("%s: %+v, want %q", name, v.Problems, test.want)
		}
	}
}

// endless is a log of n lines that is made while it is read.
type endless struct {
	end     tail
	left    int
	pending []byte
}

func (s *endless) Read(p []byte) (int, error) {
	if len(s.pending) == 0 {
		if s.left == 0 {
			return 0, io.EOF
		}
		var err error
		if s.pending, err = s.end.write(entries(s.left, 1)); err != nil {
			return 0, err
		}
		s.left--
	}
	n := copy(p, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// TestWalkIsFlat: memory does not grow with the log.
func TestWalkIsFlat(t *testing.T) {
	const lines, every, room = 20_000, 4_000, 1 << 20
	var first uint64
	n := 0
	log, err := Walk(&endless{end: newTail(), left: lines}, func([]byte, Entry) error {
		if n++; n%every != 0 {
			return nil
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if first == 0 {
			first = m.HeapAlloc
		}
		if m.HeapAlloc > first+room {
			t.Errorf("after %d lines %d bytes are in use, after %d it were %d", n, m.HeapAlloc, every, first)
		}
		return nil
	})
	if err != nil || log.Lines != lines || log.Chain != Intact {
		t.Errorf("%+v, %v", log, err)
	}
}

func TestFilter(t *testing.T) {
	e := Entry{Artifact: "assets/sources/a/b.bin", TrustDomain: "d", Result: Pass, VerifiedAt: "2026-01-01T00:00:00Z"}
	for f, want := range map[Filter]bool{
		{}:                                   true,
		{Artifact: "assets/sources/a/b.bin"}: true,
		{Artifact: "assets/**"}:              true,
		{Artifact: "**/*.bin"}:               true,
		{Artifact: "assets/*"}:               false,
		{Domain: "d"}:                        true,
		{Domain: "e"}:                        false,
		{Result: Pass}:                       true,
		{Result: Fail}:                       false,
		{Since: "2026-01-01T00:00:00Z"}:      true,
		{Since: "2026-01-01T00:00:01Z"}:      false,
		{Until: "2026-01-01T00:00:00Z"}:      true,
		{Until: "2025-12-31T23:59:59Z"}:      false,
		{Domain: "d", Result: Fail}:          false,
	} {
		if got := f.Picks(e); got != want {
			t.Errorf("%+v picks: %v", f, got)
		}
	}
}

func FuzzDecodeProof(f *testing.F) {
	log, point := signed(f, 3)
	p, err := Prove(bytes.NewReader(log), point, about("assets/sources/1"))
	if err != nil {
		f.Fatal(err)
	}
	good, err := p.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := DecodeProof(text)
		if err != nil {
			return
		}
		if proven, err := p.Check(public); err == nil && proven.Checkpoint.Signature == Valid && !bytes.Contains(log, []byte(p.Entry+"\n")) {
			t.Errorf("%q is proved, and no line of the log", p.Entry)
		}
	})
}
