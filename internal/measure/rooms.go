package measure

import (
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A room is where the bytes of one file after the other are, each until the next one
// is read. The methods of a nil room give none: then the bytes have their own.
type room struct{ bytes []byte }

// maxRoom is the largest file that is read into a room: what is larger is rare, and
// shall not stay in memory.
const maxRoom = 64 << 10

// of is room for a file of so many bytes, and for one byte more, which shows whether
// the file has grown.
func (r *room) of(size int64) []byte {
	if r == nil || size < 0 || size >= maxRoom {
		return nil
	}
	if int64(cap(r.bytes)) <= size {
		r.bytes = make([]byte, 0, min(maxRoom, max(2*size, 4<<10)))
	}
	return r.bytes
}

// rooms are for the companions of one artifact at a time, and for its own text where it
// may be a script.
type rooms struct {
	companions [len(artifact.Companions)]room
	script     []byte
}

var roomsForAll = sync.Pool{New: func() any { return new(rooms) }}

func (r *rooms) of(kind artifact.Companion) *room {
	if r == nil {
		return nil
	}
	return &r.companions[kind]
}

// leaveRooms ends the use of a subject's rooms: what is asked about it later, such as
// for a baseline, reads the files again.
func (s *subject) leaveRooms() {
	s.manifestFile.data, s.recordFile.data, s.testFile.data, s.test.text = nil, nil, nil, nil
	roomsForAll.Put(s.rooms)
	s.rooms = nil
}

// hex is the written form of a digest, which mostly is the artifact's own.
func (s *subject) hex(d artifact.Digest) string {
	if d == s.digest && s.in.Artifact != nil && s.in.Artifact.SHA256 != "" {
		return s.in.Artifact.SHA256
	}
	return d.String()
}
