package artifact_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/codexlock/codexlock/internal/artifact"
)

func TestHashReadsEveryByte(t *testing.T) {
	content := bytes.Repeat([]byte("ab\r\n\x00\x1a"), 700_000)
	for name, reader := range map[string]func() *bytes.Reader{"plain": func() *bytes.Reader { return bytes.NewReader(content) }} {
		got, n, err := artifact.Hash(reader(), nil)
		if err != nil || n != int64(len(content)) || got != sha256.Sum256(content) {
			t.Errorf("%s: got %s over %d bytes, err %v", name, got, n, err)
		}
		got, _, err = artifact.Hash(iotest.HalfReader(reader()), make([]byte, 7))
		if err != nil || got != sha256.Sum256(content) {
			t.Errorf("%s in short reads: got %s, err %v", name, got, err)
		}
	}
	broken := errors.New("disk gone")
	if d, _, err := artifact.Hash(iotest.ErrReader(broken), nil); !errors.Is(err, broken) || !d.IsZero() {
		t.Errorf("a failing read gave %s, %v; want the zero digest and its error", d, err)
	}
}

func TestParseDigestHasOneForm(t *testing.T) {
	good := strings.Repeat("0123456789abcdef", 4)
	d, err := artifact.ParseDigest(good)
	if err != nil || d.String() != good {
		t.Fatalf("got %s, %v", d, err)
	}
	for _, bad := range []string{"", good[:63], good + "0", strings.ToUpper(good), "sha256:" + good, " " + good[1:], good[:63] + "g"} {
		if _, err := artifact.ParseDigest(bad); err == nil {
			t.Errorf("%q was read as a digest", bad)
		}
	}
}

func TestLevelZeroDenies(t *testing.T) {
	var l artifact.Level
	if l != artifact.NonCompliant || artifact.Level(99).String() != "non-compliant" {
		t.Errorf("the zero level is %s", l)
	}
	for _, l := range []artifact.Level{artifact.NonCompliant, artifact.Tier1, artifact.APlus} {
		if got, err := artifact.ParseLevel(l.String()); err != nil || got != l {
			t.Errorf("%s read back as %s, %v", l, got, err)
		}
	}
}

func TestParsePath(t *testing.T) {
	for _, good := range []string{"model.bin", "assets/sources/model.bin", "a b/ü.txt", ".github/x", "a/.gitignore", "日本/é"} {
		if p, err := artifact.ParsePath(good); err != nil || p.String() != good {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/etc/passwd", "../x", "a/../b", "./a", "a//b", "a/", ".git/config", "a/.GIT/x", ".git", "GIT~1/x", ".git:x",
		`a\b`, "a\nb", "a\x00", "a\x1b[31m", "a\u202eb", "a\u200bb", "e\u0301", "\xff", "a./b", "a /b", "a\u2028b", strings.Repeat("a", 1025),
	} {
		p, err := artifact.ParsePath(bad)
		var pathErr *artifact.PathError
		if !errors.As(err, &pathErr) || p != "" {
			t.Errorf("%q was taken as %q, err %v", bad, p, err)
		}
	}
}

func TestOwners(t *testing.T) {
	for name, want := range map[artifact.Path][]artifact.Path{
		"model.bin":               nil,
		"model.bin.test":          {"model.bin"},
		"a/x.manifest.json":       {"a/x"},
		"a/x.vaulttime.json":      {"a/x"},
		".test":                   nil,
		"a/.test":                 nil,
		"assets/manifests/a.test": {"assets/manifests/a", "a"},
	} {
		got := name.Owners()
		if strings.Join(strs(got), " ") != strings.Join(strs(want), " ") {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func strs(paths []artifact.Path) (out []string) {
	for _, p := range paths {
		out = append(out, p.String())
	}
	return out
}

func TestParsePointer(t *testing.T) {
	const oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
	good := "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize 12345\n"
	d, size, ok := artifact.ParsePointer([]byte(good))
	if !ok || d.String() != oid || size != 12345 {
		t.Fatalf("got %s %d %v", d, size, ok)
	}
	for _, bad := range []string{
		"", good[:len(good)-1], good + "\n", strings.Replace(good, "\n", "\r\n", -1), strings.Replace(good, "12345", "012345", 1),
		strings.Replace(good, "12345", "-1", 1), strings.Replace(good, "sha256:", "sha1:", 1), strings.Replace(good, "4d7a", "4D7A", 1),
		strings.Replace(good, "size 12345", "size 99999999999999999999", 1), good + strings.Repeat("x", 1024),
	} {
		if _, _, ok := artifact.ParsePointer([]byte(bad)); ok {
			t.Errorf("%q was taken for a pointer", bad)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"a/b", "../a", ".git/x", "a\u202e", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := artifact.ParsePath(s)
		if err != nil {
			return
		}
		if p.String() != s || strings.HasPrefix(s, "/") || strings.Contains("/"+s+"/", "/../") || strings.Contains(strings.ToLower("/"+s+"/"), "/.git/") {
			t.Errorf("%q was accepted", s)
		}
	})
}
