package document

// A Buffer holds the bytes of one file at a time, until the next one is read into it. A nil
// Buffer holds nothing: each file has bytes of its own.
type Buffer struct{ bytes []byte }

// MaxBuffer is the size of the largest file that is read into a Buffer. Larger files are rare
// and must not stay in memory.
const MaxBuffer = 64 << 10

// of returns room for a file of a size, and for one more byte, which shows whether the file has
// grown.
func (b *Buffer) of(size int64) []byte {
	if b == nil || size < 0 || size >= MaxBuffer {
		return nil
	}
	if int64(cap(b.bytes)) <= size {
		b.bytes = make([]byte, 0, min(MaxBuffer, max(2*size, 4<<10)))
	}
	return b.bytes
}
