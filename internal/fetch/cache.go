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
	"github.com/codexlock/codexlock/internal/bundle"
)

// file is where bytes of a digest are kept.
func (c *Client) file(d artifact.Digest) string {
	return filepath.Join(c.Cache, "sha256", d.String())
}

// cached reads bytes of a digest out of the cache. Whatever stands there under
// the name and is not those bytes is no entry.
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

// readRegular reads a file of at most a bundle's size. A pipe is not waited for.
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
	if !info.Mode().IsRegular() || info.Size() > bundle.MaxBytes {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", name, bundle.MaxBytes)
	}
	return io.ReadAll(io.LimitReader(f, bundle.MaxBytes+1))
}

// keep puts bytes into the cache, whole or not at all. A cache that takes
// nothing costs the next run a download and this one nothing.
func (c *Client) keep(d artifact.Digest, data []byte) {
	if c.Cache == "" {
		return
	}
	if err := writeWhole(c.file(d), data); err != nil {
		c.warn(fmt.Errorf("write the cache: %w", err))
	}
}

func writeWhole(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already where all went well
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
