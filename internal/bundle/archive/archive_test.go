package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/bundle/archive"
)

// pack writes headers with what they hold, as any tar would.
func pack(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		body := strings.Repeat("x", int(h.Size))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zip(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func file(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 3} }

func TestUnpack(t *testing.T) {
	got, err := archive.Unpack(zip(t, pack(t,
		tar.Header{Name: "pax_global_header", Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "git archive"}},
		tar.Header{Name: "./", Typeflag: tar.TypeDir}, tar.Header{Name: "acme/", Typeflag: tar.TypeDir},
		file("/.manifest"), file("acme/names.rego"), file("./acme/sizes.rego"), tar.Header{Name: "empty.rego", Typeflag: tar.TypeReg},
	)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range got {
		names = append(names, e.Name+"="+string(e.Data))
	}
	if s, want := strings.Join(names, " "), ".manifest=xxx acme/names.rego=xxx acme/sizes.rego=xxx empty.rego="; s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

func TestUnpackRefuses(t *testing.T) {
	one := file("acme/names.rego")
	whole := zip(t, pack(t, one))
	many := make([]tar.Header, archive.MaxEntries+1)
	for i := range many {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)}) // a name that does not compress
		many[i] = tar.Header{Name: fmt.Sprintf("%x/", sum), Typeflag: tar.TypeDir}
	}
	for name, c := range map[string]struct {
		archive []byte
		want    string
	}{
		"nothing":          {nil, "is cut off"},
		"not zipped":       {pack(t, one), "want a .tar.gz"},
		"not packed":       {zip(t, bytes.Repeat([]byte("text "), 200)), "want a .tar.gz"},
		"no file":          {zip(t, pack(t)), "holds no file"},
		"half a checksum":  {whole[:len(whole)-2], "is cut off"},
		"a flipped bit":    {flipped(whole), "cannot be read"},
		"bytes behind zip": {append(bytes.Clone(whole), "more"...), "cut off"},
		"bytes behind tar": {zip(t, append(pack(t, one), "more"...)), "goes on behind"},
		"a tar behind tar": {zip(t, append(pack(t, one), pack(t, file("b.rego"))...)), "goes on behind"},
		"a zip behind zip": {append(bytes.Clone(whole), zip(t, pack(t, file("b.rego")))...), "goes on behind"},
		"up":               {zip(t, pack(t, file("../x.rego"))), `has a ".." part`},
		"up inside":        {zip(t, pack(t, file("a/../../x.rego"))), `has a ".." part`},
		"up from the root": {zip(t, pack(t, file("/../x.rego"))), `has a ".." part`},
		"absolute":         {zip(t, pack(t, file("//etc/x.rego"))), "is absolute"},
		"dot and absolute": {zip(t, pack(t, file(".//etc/x.rego"))), "is absolute"},
		"a folder above":   {zip(t, pack(t, one, tar.Header{Name: "../", Typeflag: tar.TypeDir})), `has a ".." part`},
		"a backslash":      {zip(t, pack(t, file(`a\..\x.rego`))), "backslash"},
		"a control":        {zip(t, pack(t, file("a\x1b[2Jx.rego"))), "control character"},
		"not UTF-8":        {zip(t, pack(t, file("a\xff.rego"))), "UTF-8"},
		"git's":            {zip(t, pack(t, file(".git/config"))), ".git"},
		"a symbolic link":  {zip(t, pack(t, tar.Header{Name: "a.rego", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"})), "symbolic link"},
		"a hard link":      {zip(t, pack(t, one, tar.Header{Name: "b.rego", Typeflag: tar.TypeLink, Linkname: one.Name})), "hard link"},
		"a device":         {zip(t, pack(t, tar.Header{Name: "a.rego", Typeflag: tar.TypeChar})), "device"},
		"a pipe":           {zip(t, pack(t, tar.Header{Name: "a.rego", Typeflag: tar.TypeFifo})), "named pipe"},
		"twice":            {zip(t, pack(t, one, one)), "occurs twice"},
		"twice by a slash": {zip(t, pack(t, one, file("/"+one.Name))), "occurs twice"},
		"too many":         {zip(t, pack(t, many...)), "10000 entries"},
		"too large":        {make([]byte, archive.MaxBytes+1), "16777217 bytes"},
		"a swollen file":   {zip(t, pack(t, tar.Header{Name: "a.rego", Typeflag: tar.TypeReg, Size: 2 << 20})), "unpacks to over"},
		"swollen padding":  {zip(t, append(pack(t, one), make([]byte, 2<<20)...)), "unpacks to over"},
	} {
		t.Run(name, func(t *testing.T) {
			entries, err := archive.Unpack(c.archive)
			var bad *archive.Error
			if entries != nil || !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %d entries and %v, want an *ArchiveError that says %q", len(entries), err, c.want)
			}
		})
	}
}

func flipped(data []byte) []byte {
	data = bytes.Clone(data)
	data[len(data)-6] ^= 1 // of the checksum
	return data
}

// TestUnpackTruncated: no beginning of a bundle is one.
func TestUnpackTruncated(t *testing.T) {
	whole := zip(t, pack(t, file("a.rego"), file("b.rego")))
	for n := range whole {
		if entries, err := archive.Unpack(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are %d entries", n, len(whole), len(entries))
		}
	}
}

// TestBomb: a gigabyte in a megabyte ends early, in little memory.
func TestBomb(t *testing.T) {
	const size = 1 << 30
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(&tar.Header{Name: "a.rego", Typeflag: tar.TypeReg, Size: size}); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 16<<20)
	bomb := append(zip(t, head.Bytes()), bytes.Repeat(zip(t, zeros), size/len(zeros))...) // gzip reads its parts as one
	bomb = append(bomb, zip(t, make([]byte, 1024))...)
	if len(bomb) > 1<<20+1<<16 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := archive.Unpack(bomb)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "unpacks to over") {
		t.Errorf("got %v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8*archive.MaxUnpackedBytes {
		t.Errorf("took %d MiB for it", grown>>20)
	}
}

func FuzzUnpack(f *testing.F) {
	var t testing.T
	f.Add(zip(&t, pack(&t, file("/.manifest"), file("./a/b.rego"))))
	f.Add(zip(&t, pack(&t, file("../x"))))
	f.Add(zip(&t, pack(&t, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "x"})))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := archive.Unpack(data)
		if (err == nil) != (len(entries) > 0) {
			t.Fatalf("%d entries and %v", len(entries), err)
		}
		seen, total := map[string]bool{}, 0
		for _, e := range entries {
			if seen[e.Name] || strings.Contains("/"+e.Name+"/", "/../") || strings.HasPrefix(e.Name, "/") {
				t.Fatalf("entry %q", e.Name)
			}
			seen[e.Name] = true
			total += len(e.Data)
		}
		if total > archive.MaxUnpackedBytes {
			t.Fatalf("unpacked to %d bytes", total)
		}
	})
}
