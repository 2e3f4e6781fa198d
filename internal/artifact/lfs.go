package artifact

import (
	"bytes"
	"strconv"
)

// MaxPointerBytes bounds a Git LFS pointer file: "less than 1024 bytes"
// (git-lfs, docs/spec.md).
const MaxPointerBytes = 1024

const pointerVersion = "version https://git-lfs.github.com/spec/v1\n"

// LikePointer reports whether git-lfs or another reader could treat a text as a pointer:
// canonical or not, with carriage returns, without a last newline, with extensions
// ("ext-0-..."). If ParsePointer does not read such a text, it stands for unknown
// content.
func LikePointer(data []byte) bool {
	if len(data) >= MaxPointerBytes {
		return false
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	return bytes.HasPrefix(text, []byte("version http")) && bytes.Contains(text, []byte("oid sha256:")) && bytes.Contains(text, []byte("size "))
}

// ParsePointer reads a canonical Git LFS pointer (git-lfs, docs/spec.md) and
// returns the digest and the size in bytes of the content that it stands for. For any
// other text, also one that is only LikePointer, ok is false.
func ParsePointer(data []byte) (content Digest, size int64, ok bool) {
	if len(data) >= MaxPointerBytes {
		return Digest{}, 0, false
	}
	rest, found := bytes.CutPrefix(data, []byte(pointerVersion+"oid sha256:"))
	if !found || len(rest) < 64 {
		return Digest{}, 0, false
	}
	content, err := ParseDigest(string(rest[:64]))
	if err != nil {
		return Digest{}, 0, false
	}
	number, found := bytes.CutPrefix(rest[64:], []byte("\nsize "))
	if !found || !bytes.HasSuffix(number, []byte("\n")) {
		return Digest{}, 0, false
	}
	written := string(number[:len(number)-1])
	size, err = strconv.ParseInt(written, 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != written {
		return Digest{}, 0, false
	}
	return content, size, true
}
