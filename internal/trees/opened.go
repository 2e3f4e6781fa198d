package trees

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
)

// An Opened is a regular file that was opened for reading.
type Opened interface {
	io.ReadCloser
	// Modified is when the bytes were last written, in nanoseconds.
	Modified() (int64, error)
}

// readOpened reads a file that was opened, in one reading where that is enough.
func readOpened(ctx context.Context, e Entry, f Opened, limit int64, room []byte) ([]byte, error) {
	data, err := readWhole(ctx, e, f, limit, room)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Path, err)
	}
	return data, nil
}

func readWhole(ctx context.Context, e Entry, f Opened, limit int64, room []byte) ([]byte, error) {
	if e.Size > limit {
		return nil, &git.TooLargeError{Path: e.Path, Size: e.Size, Limit: limit}
	}
	size := int(e.Size)
	if cap(room) <= size {
		room = make([]byte, size+1)
	}
	room = room[:size+1] // so that one reading finds the end as well
	for n := 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k, err := f.Read(room[n:])
		n += k
		switch {
		case n > size, err == io.EOF && n < size:
			return nil, errChanging(e.Size)
		case n == size && (err == nil || err == io.EOF): // fewer than there was room for
			return room[:n:n], nil
		case err != nil:
			return nil, err
		}
	}
}

func hashOpened(ctx context.Context, e Entry, f Opened, also io.Writer) (d artifact.Digest, n int64, head []byte, err error) {
	err = pass(ctx, e, f, MaxFileBytes, func(size int64, r io.Reader) (err error) {
		d, n, head, err = digest(ctx, size, r, also)
		return err
	})
	if err != nil {
		return artifact.Digest{}, 0, nil, fmt.Errorf("hash %q: %w", e.Path, err)
	}
	return d, n, head, nil
}

// pass hands the bytes of an opened file to use, which reads until their end. A file
// that has another size at its end than at its beginning is an error, and so is one that
// takes several readings and was written to between them: what was read may never have
// stood in it.
func pass(ctx context.Context, e Entry, f Opened, limit int64, use func(size int64, r io.Reader) error) error {
	if e.Size > limit {
		return &git.TooLargeError{Path: e.Path, Size: e.Size, Limit: limit}
	}
	var before int64
	if e.Size > smallFile {
		var err error
		if before, err = f.Modified(); err != nil {
			return err
		}
	}
	counted := &counter{ctx: ctx, r: f, size: e.Size}
	if err := use(e.Size, counted); err != nil {
		return err
	}
	if !counted.ended {
		if _, err := io.CopyN(io.Discard, counted, 1); err != nil && err != io.EOF {
			return err
		}
	}
	if counted.n != e.Size {
		return errChanging(e.Size)
	}
	if e.Size > smallFile {
		after, err := f.Modified()
		if err != nil {
			return err
		}
		if after != before {
			return errWritten
		}
	}
	return nil
}

var errWritten = errors.New("file changed while it was read: it was written to: try again when nothing writes there")

func errChanging(size int64) error {
	return fmt.Errorf("file changed while it was read: it had %d bytes, and then not: try again when nothing writes there", size)
}

// A counter counts what passes of a file, up to one byte more than it should have,
// and stops when nobody waits for it any more.
type counter struct {
	ctx   context.Context
	r     io.Reader
	size  int64 // that the file had when it was opened
	n     int64
	ended bool
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if c.ended || c.n > c.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), c.size+1-c.n)]
	n, err := c.r.Read(p)
	c.n += int64(n)
	// Fewer bytes than there is room for: the end of a regular file.
	c.ended = err == io.EOF || n < len(p) && c.n == c.size
	return n, err
}
