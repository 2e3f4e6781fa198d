package measure

import (
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
)

// buffers hold the companions of one artifact at a time, and its own text if it may be a
// script.
type buffers struct {
	companions [len(artifact.Companions)]document.Buffer
	script     []byte
}

var bufferPool = sync.Pool{New: func() any { return new(buffers) }}

func (r *buffers) of(kind artifact.Companion) *document.Buffer {
	if r == nil {
		return nil
	}
	return &r.companions[kind]
}

// releaseBuffers returns a subject's buffers to the pool. What is asked about the subject later,
// such as a statement for a baseline, reads the files again.
func (s *subject) releaseBuffers() {
	s.manifestFile.Data, s.recordFile.Data, s.testFile.Data, s.test.text = nil, nil, nil, nil
	bufferPool.Put(s.buffers)
	s.buffers = nil
}

// hex is the written form of a digest, which mostly is the artifact's own.
func (s *subject) hex(d artifact.Digest) string {
	if d == s.digest && s.in.Artifact != nil && s.in.Artifact.SHA256 != "" {
		return s.in.Artifact.SHA256
	}
	return d.String()
}
