package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
)

// ReadEach reads many objects, each checked against its id, with one process at a
// time. use gets the bytes until it returns, or what is wrong with one object. An
// error that readEach returns ends all reading.
func (o *Objects) ReadEach(ctx context.Context, requests []Request, use func(i int, data []byte, err error)) error {
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
func (o *Objects) readSome(ctx context.Context, requests []Request, use func(i int, data []byte, err error)) (n int, err error) {
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
		return n, fmt.Errorf("read %q: %w", requests[n].Path, o.fail(p, requests[n], err))
	case end == abandoned:
		p.end()
		return n, nil
	case failed != nil:
		return n, fmt.Errorf("read %q: %w", requests[n-1].Path, o.fail(p, requests[n-1], failed))
	}
	o.release(p)
	return n, nil
}

// flushEvery is after how many requests git is told to write its answers.
const flushEvery = 32

// send writes the requests, of which git answers one after the other.
func (p *objectReader) send(requests []Request) error {
	w := bufio.NewWriter(p.stdin)
	for i, q := range requests {
		end := "\x00"
		if i%flushEvery == flushEvery-1 || i == len(requests)-1 {
			end = flush
		}
		for _, part := range [...]string{contents, q.OID, end} {
			if _, err := w.WriteString(part); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}
