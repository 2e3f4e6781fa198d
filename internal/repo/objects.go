package repo

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A format is how a repository makes its object ids.
type format struct {
	name string
	new  func() hash.Hash
	size int // bytes of an id
}

func formatOf(name string) (format, error) {
	switch name {
	case "sha1":
		return format{name, sha1.New, sha1.Size}, nil
	case "sha256":
		return format{name, sha256.New, sha256.Size}, nil
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

// objects reads objects by id, with as many git processes as there are
// concurrent readers, up to maxReaders, each started when it is first needed.
// A process that ends by itself ends all reading: what broke it is still there,
// and starting git again for each file would only hide it.
type objects struct {
	git    *runner
	format format
	ctx    context.Context // ends the processes
	cancel context.CancelFunc
	slots  chan struct{}

	mu     sync.Mutex
	idle   []*objectReader
	broken error
}

var errClosed = errors.New("repository is closed")

func newObjects(git *runner, f format) *objects {
	ctx, cancel := context.WithCancel(context.Background())
	n := min(maxReaders, max(2, runtime.GOMAXPROCS(0)))
	return &objects{git: git, format: f, ctx: ctx, cancel: cancel, slots: make(chan struct{}, n)}
}

func (o *objects) close() error {
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

// A request is one object wanted.
type request struct {
	oid   string
	kind  string // blob, tree, commit
	path  string // for messages
	limit int64
}

// read is the whole object, checked against its id.
func (o *objects) read(ctx context.Context, q request) ([]byte, error) {
	var data []byte
	err := o.stream(ctx, q, func(size int64, r io.Reader) error {
		data = make([]byte, size)
		_, err := io.ReadFull(r, data)
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// stream hands the object's bytes to use, which must read them all. Only when
// stream returns nil were they those of the id.
func (o *objects) stream(ctx context.Context, q request, use func(size int64, r io.Reader) error) error {
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
		o.mu.Lock()
		if o.broken == nil {
			o.idle = append(o.idle, p)
			p = nil
		}
		o.mu.Unlock()
		if p != nil {
			p.end()
		}
	case abandoned:
		p.end()
	case lost:
		err = o.fail(p, q, err)
	}
	return err
}

func (o *objects) take() (*objectReader, error) {
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

// fail makes the end of a process the end of reading, and says why it ended.
func (o *objects) fail(p *objectReader, q request, err error) error {
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
		err = &MissingObjectError{OID: q.oid, Path: q.path}
	case stderr != "":
		err = &CorruptObjectError{OID: q.oid, Path: q.path, Reason: fmt.Sprintf("cannot be read (%q)", stderr)}
	case errors.As(err, &corrupt):
	case waitErr == nil && errors.Is(err, io.ErrUnexpectedEOF):
		err = &CorruptObjectError{OID: q.oid, Path: q.path, Reason: "is shorter than it says"}
	default:
		err = &GitError{Command: "cat-file", Err: errors.Join(fmt.Errorf("read object %s of %q: %w", q.oid, q.path, err), waitErr)}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken == nil {
		o.broken = err
	}
	return err
}

// An objectReader is one git cat-file process.
type objectReader struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *head
	once   sync.Once
	ended  error

	mu      sync.Mutex
	silence *time.Timer // runs while an answer is awaited
	leaving bool        // it was asked for no more
}

func startReader(ctx context.Context, git *runner) (*objectReader, error) {
	cmd := git.command(ctx, "cat-file", "--batch", "-z")
	p := &objectReader{cmd: cmd, stderr: &head{limit: maxStderr}}
	cmd.Stderr = p.stderr
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	p.stdout = bufio.NewReaderSize(stdout, 64<<10)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	p.silence = time.AfterFunc(maxSilence, p.hurry)
	p.silence.Stop()
	return p, nil
}

func (p *objectReader) kill() { _ = p.cmd.Process.Kill() }

// hurry lets the process end after the answer that it is at; the second time, at
// once.
func (p *objectReader) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaving {
		p.kill()
		return
	}
	p.leaving = true
	_ = p.stdin.Close()
	p.silence.Reset(maxSilence)
}

// heard begins to wait for what git says next.
func (p *objectReader) heard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaving {
		p.silence.Reset(maxSilence)
	} else {
		p.silence.Reset(patience)
	}
}

// left ends the waiting, and reports whether the process takes no more requests.
func (p *objectReader) left() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A timer that can no longer be stopped is about to hurry the process.
	return !p.silence.Stop() || p.leaving
}

// end ends the process.
func (p *objectReader) end() {
	_ = p.stdin.Close()
	p.kill()
	_ = p.wait()
}

// wait waits until the process has ended: afterwards stderr is complete.
func (p *objectReader) wait() error {
	p.once.Do(func() { p.ended = p.cmd.Wait() })
	return p.ended
}

// An ending is how a process is left after an answer.
type ending uint8

const (
	lost      ending = iota // it died, or said what no git says
	abandoned               // the rest of its answer is not wanted
	inStep                  // it waits for the next question
)

// answer asks for one object.
func (p *objectReader) answer(f format, q request, use func(int64, io.Reader) error) (ending, error) {
	p.heard()
	if _, err := io.WriteString(p.stdin, q.oid+"\x00"); err != nil {
		return lost, err
	}
	kind, size, err := p.header(q)
	if missing := (*MissingObjectError)(nil); errors.As(err, &missing) {
		return inStep, err
	}
	if err != nil {
		return lost, err
	}
	body := &body{p: p, left: size, hash: f.begin(kind, size)}
	switch {
	case kind != q.kind:
		err = &CorruptObjectError{OID: q.oid, Path: q.path, Reason: fmt.Sprintf("is a %s, want a %s", kind, q.kind)}
		return p.drain(body), err
	case size > q.limit:
		return p.drain(body), &TooLargeError{Path: q.path, Size: size, Limit: q.limit}
	}
	if err := use(size, body); err != nil {
		if body.err != nil {
			return lost, body.err
		}
		return p.drain(body), err
	}
	if body.left != 0 {
		return abandoned, fmt.Errorf("read object %s: %d bytes were left unread", q.oid, body.left)
	}
	if end := p.drain(body); end != inStep {
		return end, &CorruptObjectError{OID: q.oid, Path: q.path, Reason: "is not as long as it says"}
	}
	if got := hex.EncodeToString(body.hash.Sum(nil)); got != q.oid {
		return inStep, &CorruptObjectError{OID: q.oid, Path: q.path, Reason: "has the bytes of " + got}
	}
	return inStep, nil
}

// header reads "<id> <type> <size>" or "<id> missing".
func (p *objectReader) header(q request) (kind string, size int64, err error) {
	line, err := p.stdout.ReadSlice('\n')
	if err != nil {
		return "", 0, fmt.Errorf("read answer: %w", noEOF(err))
	}
	if len(line) > maxHeader {
		return "", 0, fmt.Errorf("answer begins with %d bytes, want at most %d", len(line), maxHeader)
	}
	fields := strings.Split(string(bytes.TrimSuffix(line, []byte("\n"))), " ")
	if fields[0] != q.oid {
		return "", 0, fmt.Errorf("answer is %q, want one for object %s", line, q.oid)
	}
	if len(fields) == 2 && fields[1] == "missing" {
		return "", 0, &MissingObjectError{OID: q.oid, Path: q.path}
	}
	if len(fields) != 3 {
		return "", 0, fmt.Errorf("answer is %q, want an id, a type and a size", line)
	}
	size, err = strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return "", 0, fmt.Errorf("answer is %q, want a size in it", line)
	}
	return fields[1], size, nil
}

// drain reads what is left of an answer, if that is little.
func (p *objectReader) drain(b *body) ending {
	if b.left > maxDrain {
		return abandoned
	}
	if _, err := io.Copy(io.Discard, b); err != nil {
		return lost
	}
	if c, err := p.stdout.ReadByte(); err != nil || c != '\n' {
		return lost
	}
	return inStep
}

// A body is an object's bytes, hashed as git does while they pass.
type body struct {
	p    *objectReader
	left int64
	hash hash.Hash
	err  error // of the process, not of who reads
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.p.stdout.Read(p)
	b.p.heard()
	b.left -= int64(n)
	b.hash.Write(p[:n])
	if err != nil {
		b.err = noEOF(err)
		return n, b.err
	}
	return n, nil
}

// noEOF makes the end of a file before the end of an answer an error.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
