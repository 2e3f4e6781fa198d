package measure

import "testing"

// TestRoomIsLargerThanTheFile: a byte more is read than a file has, to see whether it
// has grown, and what is read must never reach into what was read before.
func TestRoomIsLargerThanTheFile(t *testing.T) {
	var r room
	for _, size := range []int64{0, 1, 500, 4095, 4096, 4097, 40_000, maxRoom - 1, 3} {
		if got := r.of(size); int64(cap(got)) <= size {
			t.Errorf("room for %d bytes has %d", size, cap(got))
		}
	}
	if cap(r.bytes) > maxRoom {
		t.Errorf("the room has grown to %d bytes, want at most %d", cap(r.bytes), maxRoom)
	}
	var none *room
	if none.of(1) != nil || r.of(maxRoom) != nil || r.of(-1) != nil {
		t.Error("room where there is none, for a large file, or for one of unknown size")
	}
}
