package attest

import (
	"errors"
	"io/fs"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
)

// A content is what a file was found to hold, or to stand for.
type content struct {
	digest  artifact.Digest
	size    int64     // bytes
	pointer bool      // it is a Git LFS pointer
	hashed  bool      // the digest was taken from the content, and not from a pointer
	seen    txn.State // the file
}

// hash reads a file, or what it stands for.
func (c *composer) hash(p artifact.Path) (content, error) {
	if f, ok := c.edited[p]; ok {
		return content{digest: artifact.HashBytes(f.Data), size: int64(len(f.Data)), hashed: true}, nil
	}
	f, before, err := c.work.Open(c.at(p))
	if errors.Is(err, fs.ErrNotExist) {
		return content{}, &RefusedError{Path: p.String(), Reason: "does not exist"}
	}
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	if before.Size < artifact.MaxPointerBytes {
		head := f.Head(c.buf[:artifact.MaxPointerBytes])
		if artifact.LikePointer(head) {
			found, err := c.pointed(p, head)
			found.seen = before
			return found, err
		}
	}
	digest, after, err := f.Digest(before, c.buf, c.count)
	if err != nil {
		return content{}, err
	}
	return content{digest: digest, size: before.Size, hashed: true, seen: after}, nil
}
