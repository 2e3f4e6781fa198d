package git

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A format is how a repository makes its object ids.
type format struct {
	name  string
	new   func() hash.Hash
	size  int        // bytes of an id
	blobs *sync.Pool // of *blobHash
}

func formatOf(name string) (format, error) {
	switch name {
	case "sha1":
		return format{name, sha1.New, sha1.Size, newBlobHashes(sha1.New)}, nil
	case "sha256":
		return format{name, sha256.New, sha256.Size, newBlobHashes(sha256.New)}, nil
	}
	return format{}, fmt.Errorf("object format is %q, want sha1 or sha256", name)
}

// valid reports whether id is a full object id.
func (f format) valid(id string) bool {
	if len(id) != 2*f.size {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// begin is a hash that has taken the header of an object.
func (f format) begin(kind string, size int64) hash.Hash {
	h := f.new()
	fmt.Fprintf(h, "%s %d\x00", kind, size)
	return h
}

const (
	// maxReaders bounds the git processes that read objects. Each inflates on
	// one core, so that more than there are cores help nobody; eight cores
	// deliver more than eight hashes take.
	maxReaders = 8
	// maxHeader bounds "<id> <type> <size>": 64 + 6 + 20 and two spaces.
	maxHeader = 256
	// patience is how long git may say nothing before it is asked for no more.
	// It goes on with what it is at; but if it has nothing more to say, because
	// an object is shorter than its header claims, it ends instead of waiting.
	patience = time.Second
	// maxSilence is how long it may then say nothing: inflating 16 GiB that
	// cannot be streamed takes a minute and a half.
	maxSilence = 3 * time.Minute
	// maxDrain is how much of an unwanted object is read away. Beyond it, a new
	// process costs less.
	maxDrain = 1 << 20
)

// Objects reads objects by id, with as many git processes as there are
// concurrent readers, up to maxReaders, each started when it is first needed.
// A process that ends by itself ends all reading: what broke it is still there,
// and starting git again for each file would only hide it.
type Objects struct {
	git    *Runner
	format format
	ctx    context.Context // ends the processes
	cancel context.CancelFunc
	slots  chan struct{}

	trips atomic.Int64 // how often somebody waited for git; counted for tests

	mu     sync.Mutex
	idle   []*objectReader
	broken error
}

var errClosed = errors.New("repository is closed")

func newObjects(git *Runner, f format) *Objects {
	ctx, cancel := context.WithCancel(context.Background())
	n := min(maxReaders, max(2, runtime.GOMAXPROCS(0)))
	return &Objects{git: git, format: f, ctx: ctx, cancel: cancel, slots: make(chan struct{}, n)}
}

// RoundTrips is how often somebody waited for an answer of git.
func (o *Objects) RoundTrips() int64 { return o.trips.Load() }

func (o *Objects) close() error {
	o.mu.Lock()
	idle := o.idle
	o.idle = nil
	if o.broken == nil {
		o.broken = errClosed
	}
	o.mu.Unlock()
	for _, p := range idle {
		p.end()
	}
	o.cancel() // those in use
	return nil
}

// A Request is for one object.
type Request struct {
	OID   string // in hex
	Kind  string // blob, tree, commit
	Path  string // for messages
	Limit int64  // of its bytes
}

// Read is the whole object, checked against its id.
func (o *Objects) Read(ctx context.Context, q Request) ([]byte, error) {
	var data []byte
	err := o.Stream(ctx, q, func(size int64, r io.Reader) error {
		data = make([]byte, size)
		_, err := io.ReadFull(r, data)
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Stream hands the object's bytes to use, which must read them all. Only when
// stream returns nil were they those of the id.
func (o *Objects) Stream(ctx context.Context, q Request, use func(size int64, r io.Reader) error) error {
	select {
	case o.slots <- struct{}{}:
		defer func() { <-o.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	p, err := o.take()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, p.kill)
	end, err := p.answer(o.format, q, use)
	if !stop() { // killed, or about to be
		p.end()
		return ctx.Err()
	}
	if p.left() && end == inStep {
		end = abandoned
	}
	switch end {
	case inStep:
		o.release(p)
	case abandoned:
		p.end()
	case lost:
		err = o.fail(p, q, err)
	}
	return err
}

func (o *Objects) take() (*objectReader, error) {
	o.trips.Add(1)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken != nil {
		return nil, o.broken
	}
	if n := len(o.idle); n > 0 {
		p := o.idle[n-1]
		o.idle = o.idle[:n-1]
		return p, nil
	}
	p, err := startReader(o.ctx, o.git)
	if err != nil {
		o.broken = err
	}
	return p, err
}

// release keeps a process for the next request.
func (o *Objects) release(p *objectReader) {
	o.mu.Lock()
	keep := o.broken == nil
	if keep {
		o.idle = append(o.idle, p)
	}
	o.mu.Unlock()
	if !keep {
		p.end()
	}
}

// fail makes the end of a process the end of reading, and says why it ended.
func (o *Objects) fail(p *objectReader, q Request, err error) error {
	closed := o.ctx.Err() != nil
	var corrupt *CorruptObjectError
	// At the end of its answers git is about to end: it shall say how.
	late := time.AfterFunc(patience, p.kill)
	_ = p.stdin.Close()
	waitErr := p.wait()
	late.Stop()
	stderr := p.stderr.String()
	switch {
	case closed:
		err = errClosed
	case strings.Contains(stderr, "promisor remote"):
		// A partial clone: git wanted to fetch the object and was not allowed to.
		err = &MissingObjectError{OID: q.OID, Path: q.Path}
	case stderr != "":
		err = &CorruptObjectError{OID: q.OID, Path: q.Path, Reason: fmt.Sprintf("cannot be read (%q)", stderr)}
	case errors.As(err, &corrupt):
	case waitErr == nil && errors.Is(err, io.ErrUnexpectedEOF):
		err = &CorruptObjectError{OID: q.OID, Path: q.Path, Reason: "is shorter than it says"}
	default:
		err = &GitError{Command: "cat-file", Err: errors.Join(fmt.Errorf("read object %s of %q: %w", q.OID, q.Path, err), waitErr)}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken == nil {
		o.broken = err
	}
	return err
}
