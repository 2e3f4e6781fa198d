package use

import (
	"bytes"
	"io"
	"os"

	"github.com/codexlock/codexlock/internal/artifact"
)

// MaxMemory is the largest artifact that Memory holds.
const MaxMemory = 64 << 20

// A Hold takes the bytes of an open file to where they can be verified and used: a copy that
// nobody can change, or the file itself where a change is noticed.
type Hold func(f *os.File, size int64) (content, error)

// A content is bytes that are held. hash reads them where they are held, never while they
// are copied: a writer would change the copy after it was hashed.
type content interface {
	io.ReaderAt
	io.Closer
	hash() (artifact.Digest, int64, error)
}

// A held file is content in a file that is open only here.
type heldFile struct{ *os.File }

func (h heldFile) hash() (artifact.Digest, int64, error) {
	info, err := h.Stat()
	if err != nil {
		return artifact.Digest{}, 0, err
	}
	return artifact.Hash(io.NewSectionReader(h.File, 0, 1<<62), buffer(info.Size()))
}

// buffer returns room to read so many bytes: to touch the pages of a large buffer takes
// longer than to hash a script.
func buffer(size int64) []byte { return make([]byte, min(max(size, 0)+1, artifact.BufferSize)) }

// heldBytes are content in this process's own memory.
type heldBytes struct{ *bytes.Reader }

func (h heldBytes) Close() error { return nil }

func (h heldBytes) hash() (artifact.Digest, int64, error) {
	return artifact.Hash(io.NewSectionReader(h.Reader, 0, h.Size()), buffer(h.Size()))
}

// Private holds the bytes in this process's own memory, whose only reader is this process.
// It is for what is passed on as a whole, such as to standard output.
func Private(f *os.File, size int64) (content, error) {
	if err := fitsMemory(size); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxMemory+1))
	if err == nil {
		err = fitsMemory(int64(len(data)))
	}
	if err != nil {
		return nil, err
	}
	return heldBytes{bytes.NewReader(data)}, nil
}

// fitsMemory refuses what is too large for memory.
func fitsMemory(size int64) error {
	if size > MaxMemory {
		return hinted("hold it elsewhere: --hold tmpfile:DIR, a copy without a name in DIR; or --hold lease, the file itself for as long as nobody writes to it",
			"it has %d bytes, want at most %d to hold it in memory", size, MaxMemory)
	}
	return nil
}

// Reader reads the verified bytes from their beginning.
func (h *Held) Reader() *io.SectionReader { return io.NewSectionReader(h.content, 0, h.Size) }

// File returns the file that holds the bytes, nil where they are in no file of their own.
func (h *Held) File() *os.File {
	if f, ok := h.content.(interface{ file() *os.File }); ok {
		return f.file()
	}
	return nil
}

func (h heldFile) file() *os.File { return h.File }
