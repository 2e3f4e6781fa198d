package document

import "testing"

// TestBufferIsLargerThanTheFile: a byte more is read than a file has, to see whether it has
// grown, and a file never ends up in the bytes of the one before.
func TestBufferIsLargerThanTheFile(t *testing.T) {
	var b Buffer
	for _, size := range []int64{0, 1, 500, 4095, 4096, 4097, 40_000, MaxBuffer - 1, 3} {
		if got := b.of(size); int64(cap(got)) <= size {
			t.Errorf("the buffer for %d bytes has %d", size, cap(got))
		}
	}
	if cap(b.bytes) > MaxBuffer {
		t.Errorf("the buffer has grown to %d bytes, want at most %d", cap(b.bytes), MaxBuffer)
	}
	var none *Buffer
	if none.of(1) != nil || b.of(MaxBuffer) != nil || b.of(-1) != nil {
		t.Error("there is a buffer for a nil one, for a large file, or for one of unknown size")
	}
}
