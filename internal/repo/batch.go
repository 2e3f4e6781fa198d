package repo

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
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
	requests := make([]request, len(files))
	for i, e := range files {
		if e.Kind != File {
			return &NotAFileError{Path: e.Path, Kind: e.Kind}
		}
		requests[i] = request{oid: e.OID, kind: "blob", path: e.Path, limit: limit}
	}
	return c.r.objects.readEach(ctx, requests, func(i int, data []byte, err error) {
		if err != nil {
			err = fmt.Errorf("read %q: %w", files[i].Path, err)
		}
		use(i, data, err)
	})
}

// readEach reads many objects, each checked against its id, with one process at a
// time. use gets the bytes until it returns, or what is wrong with one object. An
// error that readEach returns ends all reading.
func (o *objects) readEach(ctx context.Context, requests []request, use func(i int, data []byte, err error)) error {
	select {
	case o.slots <- struct{}{}:
		defer func() { <-o.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for done := 0; done < len(requests); {
		n, err := o.readSome(ctx, requests[done:], func(i int, data []byte, err error) { use(done+i, data, err) })
		if err != nil {
			return err
		}
		done += n
	}
	return nil
}

// readSome reads objects until they are all read or the process takes no more
// requests, and returns how many it read: at least one, or an error.
func (o *objects) readSome(ctx context.Context, requests []request, use func(i int, data []byte, err error)) (n int, err error) {
	p, err := o.take()
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, p.kill)
	sent := make(chan error, 1)
	p.heard()
	go func() { sent <- p.send(requests) }()
	end, data := inStep, []byte(nil)
	for n < len(requests) && end == inStep {
		end, err = p.receive(o.format, requests[n], func(size int64, r io.Reader) error {
			if int64(cap(data)) < size {
				data = make([]byte, size, 2*size)
			}
			data = data[:size]
			_, err := io.ReadFull(r, data)
			return err
		})
		if end != lost {
			use(n, data, err)
			n++
			p.heard()
		}
	}
	if end != inStep { // the requests that are left are not answered
		p.kill()
	}
	failed := <-sent
	switch {
	case !stop():
		p.end()
		return n, ctx.Err()
	case p.left() && n > 0:
		p.end() // it was slow, and was asked for no more
		return n, nil
	case end == lost:
		return n, fmt.Errorf("read %q: %w", requests[n].path, o.fail(p, requests[n], err))
	case end == abandoned:
		p.end()
		return n, nil
	case failed != nil:
		return n, fmt.Errorf("read %q: %w", requests[n-1].path, o.fail(p, requests[n-1], failed))
	}
	o.release(p)
	return n, nil
}

// flushEvery is after how many requests git is told to write its answers.
const flushEvery = 32

// send writes the requests, of which git answers one after the other.
func (p *objectReader) send(requests []request) error {
	w := bufio.NewWriter(p.stdin)
	for i, q := range requests {
		end := "\x00"
		if i%flushEvery == flushEvery-1 || i == len(requests)-1 {
			end = flush
		}
		for _, part := range [...]string{contents, q.oid, end} {
			if _, err := w.WriteString(part); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}
