package attest

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A content is what a file was found to hold, or to stand for.
type content struct {
	digest  artifact.Digest
	size    int64 // bytes
	pointer bool  // it is a Git LFS pointer
	hashed  bool  // the digest was taken from the content, and not from a pointer
	seen    look  // the file
}

// hash reads a file, or what it stands for.
func (c *composer) hash(p artifact.Path) (content, error) {
	at := p
	if from, ok := c.from[p]; ok {
		at = from.path()
	}
	f, before, err := c.work.open(at)
	if errors.Is(err, fs.ErrNotExist) {
		return content{}, &RefusedError{Path: p.String(), Reason: "does not exist"}
	}
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	if before.size < artifact.MaxPointerBytes {
		head := f.head(c.buf[:artifact.MaxPointerBytes])
		if artifact.LikePointer(head) {
			found, err := c.pointed(p, head)
			found.seen = before
			return found, err
		}
	}
	digest, after, err := digest(f, before, c.buf)
	if err != nil {
		return content{}, err
	}
	return content{digest: digest, size: before.size, hashed: true, seen: after}, nil
}

// digest hashes an open file, which must not change meanwhile.
func digest(f *file, before look, buf []byte) (artifact.Digest, look, error) {
	digest, n, err := artifact.Hash(f, buf)
	if err != nil {
		return artifact.Digest{}, look{}, fmt.Errorf("hash %s: %w", f.name, err)
	}
	after, err := f.look()
	if err != nil {
		return artifact.Digest{}, look{}, fmt.Errorf("hash %s: %w", f.name, err)
	}
	if n != before.size || !before.same(after) {
		return artifact.Digest{}, look{}, &RefusedError{Path: f.name, Reason: "changed while it was read; attest it once it is finished", Unsettled: true}
	}
	return digest, after, nil
}
