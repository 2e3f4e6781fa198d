package trees

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/codexlock/codexlock/internal/git"
)

// ReadEach reads many files of at most limit bytes each. use gets the index of each
// file with its bytes, which are its own only until it returns, or with the error that
// Read would have returned. It is called from several goroutines, once for each file,
// unless ReadEach returns an error. It must not read from the tree itself: it would wait
// for the processes that wait for it.
//
// Of a commit, all files are requested before the first answer is awaited: 20,000
// small files cost 2 processes instead of 20,000 round trips to one.
func ReadEach(ctx context.Context, t Tree, files []Entry, limit int64, use func(i int, data []byte, err error)) error {
	workers := min(runtime.GOMAXPROCS(0), len(files)/minBatch+1)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			start, end := w*len(files)/workers, (w+1)*len(files)/workers
			errs[w] = readBatch(ctx, t, files[start:end], limit, func(i int, data []byte, err error) { use(start+i, data, err) })
		})
	}
	group.Wait()
	return cmp.Or(errs...)
}

// minBatch is how many files a further process has to read to be worth its start.
const minBatch = 256

func readBatch(ctx context.Context, t Tree, files []Entry, limit int64, use func(i int, data []byte, err error)) error {
	c, ok := t.(*commitTree)
	if lazy, is := t.(*lazyTree); is {
		c, ok = &commitTree{r: lazy.r}, true
	}
	if !ok {
		for i, e := range files {
			data, err := t.Read(ctx, e, limit)
			if use(i, data, err); ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	}
	requests := make([]git.Request, len(files))
	for i, e := range files {
		if e.Kind != File {
			return &NotAFileError{Path: e.Path, Kind: e.Kind}
		}
		requests[i] = git.Request{OID: e.OID, Kind: "blob", Path: e.Path, Limit: limit}
	}
	return c.r.Objects().ReadEach(ctx, requests, func(i int, data []byte, err error) {
		if err != nil {
			err = fmt.Errorf("read %q: %w", files[i].Path, err)
		}
		use(i, data, err)
	})
}
