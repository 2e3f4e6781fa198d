// Package archive unpacks rule bundles in memory, within limits. It writes nothing.
package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
)

// The limits of an archive. The standard's own rules, with tests and pages, are
// a bundle of 100 KB that unpacks to 600 KB in some 200 entries.
const (
	MaxBytes         = 16 << 20 // compressed
	MaxUnpackedBytes = 64 << 20
	MaxEntries       = 10_000
	MaxRatio         = 100     // Rego and JSON compress 5 to 20 times, zeros 1,000 times
	ratioFreeBytes   = 1 << 20 // what any archive may unpack to, however small it is
)

// An Entry is one file of a bundle, under its path seen from the bundle's root.
type Entry struct {
	Name string
	Data []byte
}

// An Error is a bundle whose archive is refused.
type Error struct {
	Entry  string // "": the archive as a whole
	Reason string
	cause  error
}

func (e *Error) Error() string {
	if e.Entry == "" {
		return "bundle " + e.Reason
	}
	return fmt.Sprintf("bundle entry %q %s", e.Entry, e.Reason)
}

// Hint is the next step.
func (e *Error) Hint() string {
	return "make it with opa build -b DIRECTORY, or tar -C DIRECTORY -czf bundle.tar.gz ."
}

// Unwrap returns the reader's error, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Unpack reads a .tar.gz into memory and stops at a limit. Entries are files and folders;
// a name is relative to the bundle's root, with or without a leading slash (opa build) or
// "./" (tar). It refuses links and devices, names that lead outside, duplicate names and
// bytes after the archive. Its error is an *Error.
func Unpack(archive []byte) ([]Entry, error) {
	if len(archive) > MaxBytes {
		return nil, &Error{Reason: fmt.Sprintf("has %d bytes, want at most %d", len(archive), MaxBytes)}
	}
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, readError(err)
	}
	limit := int64(min(MaxUnpackedBytes, max(ratioFreeBytes, MaxRatio*len(archive))))
	u := unpacker{in: &bounded{from: zipped, remaining: limit, limit: limit}, limit: limit, seen: map[string]bool{}}
	if err := u.entries(tar.NewReader(u.in)); err != nil {
		return nil, err
	}
	if err := u.end(); err != nil {
		return nil, err
	}
	if len(u.files) == 0 {
		return nil, &Error{Reason: "holds no file"}
	}
	return u.files, nil
}

type unpacker struct {
	in    *bounded
	limit int64 // of the sizes of all files together: a sparse file is larger than its data
	held  int64
	count int
	seen  map[string]bool
	files []Entry
}

func (u *unpacker) entries(archive *tar.Reader) error {
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readError(err)
		}
		if u.count++; u.count > MaxEntries {
			return &Error{Reason: fmt.Sprintf("has over %d entries", MaxEntries)}
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue // git archive writes one: a comment
		}
		if err := u.entry(h, archive); err != nil {
			return err
		}
	}
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	name, err := entryName(h)
	if err != nil {
		return err
	}
	switch {
	case h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir:
		return &Error{Entry: h.Name, Reason: fmt.Sprintf("is a %s, want a file", kindOf(h.Typeflag))}
	case h.Typeflag == tar.TypeDir:
		return nil
	case u.seen[name]:
		return &Error{Entry: h.Name, Reason: "occurs twice"}
	}
	u.seen[name] = true
	data, err := io.ReadAll(io.LimitReader(content, u.limit-u.held+1))
	if err != nil {
		return readError(err)
	}
	if u.held += int64(len(data)); u.held > u.limit {
		return tooMuch(u.limit)
	}
	u.files = append(u.files, Entry{Name: name, Data: data})
	return nil
}

// entryName returns the name relative to the bundle's root; "" is the root.
func entryName(h *tar.Header) (string, error) {
	name := strings.TrimPrefix(h.Name, "./")
	if name == h.Name {
		name = strings.TrimPrefix(name, "/")
	}
	if h.Typeflag == tar.TypeDir {
		if name = strings.TrimSuffix(name, "/"); name == "" || name == "." {
			return "", nil
		}
	}
	p, err := artifact.ParsePath(name)
	var bad *artifact.PathError
	if errors.As(err, &bad) {
		return "", &Error{Entry: h.Name, Reason: bad.Reason}
	}
	return p.String(), err
}

// end reads the rest after the archive: its padding, and the checksum.
func (u *unpacker) end() error {
	buf := make([]byte, 32<<10)
	for {
		n, err := u.in.Read(buf)
		if len(bytes.Trim(buf[:n], "\x00")) > 0 {
			return &Error{Reason: "goes on behind the end of its archive"}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readError(err)
		}
	}
}

// A bounded reader fails when more is read than is allowed.
type bounded struct {
	from             io.Reader
	remaining, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.remaining <= 0 {
		var one [1]byte
		if n, err := b.from.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, tooMuch(b.limit)
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.remaining)])
	b.remaining -= int64(n)
	return n, err
}

func tooMuch(limit int64) *Error {
	return &Error{Reason: fmt.Sprintf("unpacks to over %d bytes, want at most %d times its size and at most %d", limit, MaxRatio, MaxUnpackedBytes)}
}

// readError describes why bytes are not an archive.
func readError(err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Reason: "is cut off, want a whole .tar.gz", cause: err}
	}
	return &Error{Reason: "cannot be read, want a .tar.gz: " + err.Error(), cause: err}
}

func kindOf(flag byte) string {
	switch flag {
	case tar.TypeSymlink:
		return "symbolic link"
	case tar.TypeLink:
		return "hard link"
	case tar.TypeChar, tar.TypeBlock:
		return "device"
	case tar.TypeFifo:
		return "named pipe"
	}
	return fmt.Sprintf("entry of type %q", string(rune(flag)))
}
