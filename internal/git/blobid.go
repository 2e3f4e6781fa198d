package git

import (
	"encoding/hex"
	"hash"
	"strconv"
	"sync"
)

// BlobID returns Git's id of these bytes. A file with the same OID has the same bytes, and need
// not be read from the other tree.
func (r *Repository) BlobID(data []byte) string {
	h := r.format.blobs.Get().(*blobHash)
	defer r.format.blobs.Put(h)
	return h.id(data)
}

// A blobHash makes ids of blobs, one after the other. Of what is made for one id only
// the text is new.
type blobHash struct {
	hash hash.Hash
	room []byte // for the header, the sum and its text
}

func newBlobHashes(new func() hash.Hash) *sync.Pool {
	return &sync.Pool{New: func() any { return &blobHash{hash: new(), room: make([]byte, 0, 128)} }}
}

func (b *blobHash) id(data []byte) string {
	b.hash.Reset()
	header := strconv.AppendInt(append(b.room[:0], "blob "...), int64(len(data)), 10)
	b.hash.Write(append(header, 0))
	b.hash.Write(data)
	sum := b.hash.Sum(b.room[:0])
	return string(hex.AppendEncode(sum, sum)[len(sum):])
}
