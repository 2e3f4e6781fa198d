package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// lines is a chained log of n entries.
func lines(n int) []byte {
	var log bytes.Buffer
	prev := NoPrev
	for i := range n {
		line := fmt.Sprintf(`{"artifact":"assets/sources/%d","sha256":"","vaulttime":"","verified_by":"ci","verified_at":"2026-01-01T00:00:00Z","result":"PASS","seq":%d,"prev":%q,"level":"a-plus"}`, i, i, prev)
		sum := sha256.Sum256([]byte(line))
		prev = hex.EncodeToString(sum[:])
		log.WriteString(line + "\n")
	}
	return log.Bytes()
}

// TestRootIsTheTransparencyLogs compares with the tree of x/mod, which computes
// it from stored hashes, for every size up to 70.
func TestRootIsTheTransparencyLogs(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	all := bytes.Split(bytes.TrimSuffix(lines(70), []byte("\n")), []byte("\n"))
	var text []byte
	for n, line := range all {
		more, err := tlog.StoredHashes(int64(n), line, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		want, err := tlog.TreeHash(int64(n+1), reader)
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, line...), '\n')
		log, err := Read(text)
		if err != nil || log.Root != want || log.Lines != n+1 || log.Chain != Intact {
			t.Fatalf("%d lines: %+v, %v, want root %s", n+1, log, err, want)
		}
	}
	empty, err := Read(nil)
	if err != nil || empty.Root != sha256.Sum256(nil) || empty.Lines != 0 {
		t.Errorf("an empty log: %+v, %v", empty, err)
	}
}

// TestEveryMutationShows flips, removes, swaps and repeats in a log of 20 lines:
// each is another root, a broken chain or no log at all.
func TestEveryMutationShows(t *testing.T) {
	text := lines(20)
	whole, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	shows := func(what string, mutant []byte) {
		t.Helper()
		log, err := Read(mutant)
		if err == nil && log.Chain == Intact && log.Root == whole.Root {
			t.Errorf("%s is not seen", what)
		}
		if Extends(mutant, text) {
			t.Errorf("%s extends the log", what)
		}
	}
	for i := range text {
		mutant := bytes.Clone(text)
		mutant[i] ^= 1
		shows(fmt.Sprintf("byte %d flipped", i), mutant)
		if i > 0 {
			shows(fmt.Sprintf("cut off after %d bytes", i), text[:i])
		}
	}
	split := bytes.SplitAfter(text, []byte("\n"))[:20]
	for i := range split {
		without := append(append([][]byte{}, split[:i]...), split[i+1:]...)
		shows(fmt.Sprintf("line %d removed", i), bytes.Join(without, nil))
		if i == 0 {
			continue
		}
		twice := append(append(append([][]byte{}, split[:i]...), split[i-1]), split[i:]...)
		shows(fmt.Sprintf("line %d repeated", i-1), bytes.Join(twice, nil))
		swapped := append([][]byte{}, split...)
		swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
		shows(fmt.Sprintf("line %d moved", i), bytes.Join(swapped, nil))
	}
	if longer := lines(21); !Extends(longer, text) || Extends(text, longer) || !Extends(text, nil) {
		t.Error("a log that grew does not extend the shorter one")
	}
	if Extends(text, text[:5]) {
		t.Error("a log extends a piece of a line")
	}
}

func TestReadSaysWhere(t *testing.T) {
	good := strings.SplitAfter(string(lines(3)), "\n")
	unchained := `{"artifact":"a","sha256":"","vaulttime":"","verified_by":"ci","verified_at":"2026-01-01T00:00:00Z","result":"PASS"}` + "\n"
	for name, test := range map[string]struct {
		text  string
		line  int    // of the fault in form; 0 for none
		chain string // where the form is right
		at    int
	}{
		"no JSON":           {good[0] + "nonsense\n", 2, "", 0},
		"an empty line":     {good[0] + "\n" + good[1], 2, "", 0},
		"an unknown key":    {strings.Replace(good[0], `"level"`, `"leve1"`, 1), 1, "", 0},
		"a duplicate key":   {strings.Replace(good[0], `{"artifact"`, `{"seq":0,"artifact"`, 1), 1, "", 0},
		"no line end":       {strings.TrimSuffix(good[0], "\n"), 1, "", 0},
		"made by hand":      {unchained + unchained, 0, Unchained, 0},
		"half by hand":      {good[0] + unchained, 0, Broken, 2},
		"by hand, then not": {unchained + good[0], 0, Broken, 2},
		"the second first":  {good[1] + good[0], 0, Broken, 1},
		"one too many":      {good[0] + good[2], 0, Broken, 2},
	} {
		log, err := Read([]byte(test.text))
		var bad *LineError
		switch {
		case test.line > 0 && (!errors.As(err, &bad) || bad.Line != test.line || bad.Error() == ""):
			t.Errorf("%s: %+v, %v, want a fault in line %d", name, log, err, test.line)
		case test.line == 0 && (err != nil || log.Chain != test.chain || log.Break != test.at):
			t.Errorf("%s: %+v, %v, want %s at %d", name, log, err, test.chain, test.at)
		}
	}
}

const id = "0123456789abcdef"

// sign is a signed note made with x/mod alone.
func sign(t *testing.T, key ed25519.PrivateKey, name, text string) []byte {
	t.Helper()
	public, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(public, "+")[1]
	signer, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestCheckpoint(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(seed, 42)
	key := ed25519.NewKeyFromSeed(seed)
	public := func(asked string) (ed25519.PublicKey, bool) {
		return key.Public().(ed25519.PublicKey), asked == id
	}
	log, err := Read(lines(5))
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf("example.org/log\n%d\n%s\n", log.Lines, base64.StdEncoding.EncodeToString(log.Root[:]))
	good := sign(t, key, SignerPrefix+id, body)
	c, err := ReadCheckpoint(good, public)
	if err != nil || c.Signature != Valid || c.Size != 5 || c.Root != log.Root || len(c.KeyIDs) != 1 || c.KeyIDs[0] != id {
		t.Errorf("got %+v, %v", c, err)
	}
	seed[0] = 1
	stranger := sign(t, ed25519.NewKeyFromSeed(seed), SignerPrefix+id, body)
	other := sign(t, key, "example.org", body)
	for name, test := range map[string]struct {
		text []byte
		want string // "" for an error
	}{
		"another key of that name": {stranger, NoKey},
		"a name of another kind":   {other, NoKey},
		"an unknown id":            {sign(t, key, SignerPrefix+"fedcba9876543210", body), NoKey},
		"another size":             {bytes.Replace(good, []byte("\n5\n"), []byte("\n6\n"), 1), Invalid},
		"another origin":           {bytes.Replace(good, []byte("example.org/log"), []byte("example.com/log"), 1), Invalid},
		"no note":                  {[]byte("5\n"), ""},
		"nothing":                  {nil, ""},
		"one line":                 {sign(t, key, SignerPrefix+id, "example.org/log\n"), ""},
		"no root":                  {sign(t, key, SignerPrefix+id, "example.org/log\n5\n"), ""},
		"a negative size":          {sign(t, key, SignerPrefix+id, strings.Replace(body, "\n5\n", "\n-5\n", 1)), ""},
		"too long":                 {sign(t, key, SignerPrefix+id, body+strings.Repeat("x\n", maxCheckpoint)), ""},
	} {
		c, err := ReadCheckpoint(test.text, public)
		if test.want == "" && err == nil || test.want != "" && (err != nil || c.Signature != test.want) {
			t.Errorf("%s: %+v, %v, want %q", name, c, err, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(lines(3))
	f.Add([]byte("{}\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		log, err := Read(text)
		if err == nil && log.Lines != bytes.Count(text, []byte("\n")) {
			t.Errorf("%d lines in %q", log.Lines, text)
		}
	})
}

func FuzzReadCheckpoint(f *testing.F) {
	f.Add([]byte("example.org/log\n5\nAAAA\n\n— codexlock/" + id + " AAAA\n"))
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadCheckpoint(text, func(string) (ed25519.PublicKey, bool) { return key, true })
		if err == nil && c.Signature == Valid {
			t.Errorf("a signature that nobody made is valid: %q", text)
		}
	})
}
