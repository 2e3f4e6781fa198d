package attest

import (
	"context"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/progress"
)

// composeAll calls compose for each of n artifacts, on all cores at once, and returns
// what was composed in their order. Each folder is opened once meanwhile. The result is
// nil only where the context ended; an error next to a result is a folder that did not
// stay in its place, so that nothing that was read in it counts.
func (b *batch) composeAll(ctx context.Context, n int, compose func(i int, buf []byte) composed) ([]composed, error) {
	plain := b.work
	held, release := plain.Hold(false)
	defer release()
	b.work = held
	defer func() { b.work = plain }()

	buffers := sync.Pool{New: func() any { return new([artifact.BufferSize]byte) }}
	all := make([]composed, n)
	b.count = progress.Start(ctx, "attest", n)
	err := concurrent.Each(n, func(i int) error {
		buf := buffers.Get().(*[artifact.BufferSize]byte)
		all[i] = compose(i, buf[:])
		buffers.Put(buf)
		b.count.Step()
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return all, held.Recheck()
}
