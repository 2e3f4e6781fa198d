package fetch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle/archive"
)

// file returns the path of a digest's bytes in the cache.
func (c *Client) file(d artifact.Digest) string {
	return filepath.Join(c.Cache, "sha256", d.String())
}

// cached reads the bytes of a digest from the cache. A file with other bytes counts as
// missing.
func (c *Client) cached(want artifact.Digest) ([]byte, bool) {
	if c.Cache == "" {
		return nil, false
	}
	data, err := readRegular(c.file(want))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false
	case err != nil:
		c.warn(fmt.Errorf("read the cache: %w", err))
		return nil, false
	case artifact.HashBytes(data) != want:
		c.warn(fmt.Errorf("%s in the cache is not what its name says, and is not used", c.file(want)))
		return nil, false
	}
	return data, true
}

// readRegular reads a regular file of at most a bundle's size. It does not wait for a pipe.
func readRegular(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > archive.MaxBytes {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", name, archive.MaxBytes)
	}
	return io.ReadAll(io.LimitReader(f, archive.MaxBytes+1))
}

// keep stores bytes in the cache, all or nothing. If that fails, only the next run is
// slower: it downloads them again.
func (c *Client) keep(d artifact.Digest, data []byte) {
	if c.Cache == "" {
		return
	}
	if err := writeAll(c.file(d), data); err != nil {
		c.warn(fmt.Errorf("write the cache: %w", err))
	}
}

func writeAll(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing after the rename
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func (c *Client) warn(err error) {
	if c.Warn != nil {
		c.Warn(err)
	}
}
