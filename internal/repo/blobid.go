package repo

import "encoding/hex"

// BlobID is the id that git gives to these bytes: what is equal to an entry's
// OID is the same file, and need not be read from the other tree.
func (r *Repository) BlobID(data []byte) string {
	h := r.format.begin("blob", int64(len(data)))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}
