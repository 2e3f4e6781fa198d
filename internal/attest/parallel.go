package attest

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/codexlock/codexlock/internal/artifact"
)

// composeAll calls compose for each of n artifacts, on all cores at once, and returns
// what was composed in their order. Each folder is opened once meanwhile. The result is
// nil only where the context ended; an error next to a result is a folder that did not
// stay in its place, so that nothing that was read in it counts.
func (b *batch) composeAll(ctx context.Context, n int, compose func(i int, buf []byte) composed) ([]composed, error) {
	plain := b.work
	held, release := plain.hold(false)
	defer release()
	b.work = held
	defer func() { b.work = plain }()

	all := make([]composed, n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() {
			buf := make([]byte, artifact.BufferSize)
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				all[i] = compose(int(i), buf)
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return all, held.recheck()
}
