package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

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

func startReader(ctx context.Context, git *Runner) (*objectReader, error) {
	// It writes when it is told to, and not after each part of an answer.
	cmd := git.command(ctx, "cat-file", "--batch-command", "--buffer", "-z")
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

// The commands of git cat-file, as -z ends them.
const (
	contents = "contents "
	info     = "info "
	flush    = "\x00flush\x00"
)

// answer asks for one object.
func (p *objectReader) answer(f format, q Request, use func(int64, io.Reader) error) (ending, error) {
	p.heard()
	if _, err := io.WriteString(p.stdin, contents+q.OID+flush); err != nil {
		return lost, err
	}
	return p.receive(f, q, use)
}

// receive reads the answer to a request that git was sent.
func (p *objectReader) receive(f format, q Request, use func(int64, io.Reader) error) (ending, error) {
	kind, size, err := p.header(q)
	if missing := (*MissingObjectError)(nil); errors.As(err, &missing) {
		return inStep, err
	}
	if err != nil {
		return lost, err
	}
	body := &body{p: p, left: size, hash: f.begin(kind, size)}
	switch {
	case kind != q.Kind:
		err = &CorruptObjectError{OID: q.OID, Path: q.Path, Reason: fmt.Sprintf("is a %s, want a %s", kind, q.Kind)}
		return p.drain(body), err
	case size > q.Limit:
		return p.drain(body), &TooLargeError{Path: q.Path, Size: size, Limit: q.Limit}
	}
	if err := use(size, body); err != nil {
		if body.err != nil {
			return lost, body.err
		}
		return p.drain(body), err
	}
	if body.left != 0 {
		return abandoned, fmt.Errorf("read object %s: %d bytes were left unread", q.OID, body.left)
	}
	if end := p.drain(body); end != inStep {
		return end, &CorruptObjectError{OID: q.OID, Path: q.Path, Reason: "is not as long as it says"}
	}
	if got := hex.EncodeToString(body.hash.Sum(nil)); got != q.OID {
		return inStep, &CorruptObjectError{OID: q.OID, Path: q.Path, Reason: "has the bytes of " + got}
	}
	return inStep, nil
}

// header reads "<id> <type> <size>" or "<id> missing".
func (p *objectReader) header(q Request) (kind string, size int64, err error) {
	line, err := p.stdout.ReadSlice('\n')
	if err != nil {
		return "", 0, fmt.Errorf("read answer: %w", noEOF(err))
	}
	if len(line) > maxHeader {
		return "", 0, fmt.Errorf("answer begins with %d bytes, want at most %d", len(line), maxHeader)
	}
	fields := strings.Split(string(bytes.TrimSuffix(line, []byte("\n"))), " ")
	if fields[0] != q.OID {
		return "", 0, fmt.Errorf("answer is %q, want one for object %s", line, q.OID)
	}
	if len(fields) == 2 && fields[1] == "missing" {
		return "", 0, &MissingObjectError{OID: q.OID, Path: q.Path}
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
